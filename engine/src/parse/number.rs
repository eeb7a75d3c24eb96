//! Texts to numbers: what Go's `strconv.ParseFloat` and `ParseInt` take, less hexadecimal floats and underscores.

use super::Timestamp;

/// Why a text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotANumber {
    Syntax,
    /// It is one, but beyond what can be held.
    Range,
}

/// The powers of ten that floats hold exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a float, correctly rounded.
#[inline]
pub(super) fn float(text: &str) -> Result<f64, NotANumber> {
    match short_decimal(text.as_bytes()) {
        Some(value) => Ok(value),
        None => any_float(text),
    }
}

/// Reads decimals of few digits, which nearly all are, in one pass. With an integer up to 2^53 and a power of ten that
/// is exact, one multiplication or division rounds once, so the result is the nearest float.
#[inline]
fn short_decimal(text: &[u8]) -> Option<f64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // Nineteen digits fit a u64; a text of so many bytes has no more.
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut mantissa, mut digits, mut fraction, mut after_point) = (0_u64, 0, 0_i32, false);
    let mut exponent = 0;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                digits += 1;
                fraction += i32::from(after_point);
            }
            b'.' if !after_point => after_point = true,
            b'e' | b'E' => {
                exponent = short_exponent(&text[index + 1..])?;
                break;
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let power = exponent - fraction;
    let value = if power == 0 {
        mantissa as f64
    } else if mantissa > 1 << 53 {
        return None;
    } else {
        let scale = *EXACT_POWERS.get(power.unsigned_abs() as usize)?;
        if power < 0 { mantissa as f64 / scale } else { mantissa as f64 * scale }
    };
    Some(if negative { -value } else { value })
}

/// Reads an exponent of up to three digits.
fn short_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    Some(if negative { -value } else { value })
}

fn any_float(text: &str) -> Result<f64, NotANumber> {
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !magnitude.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return special(text, magnitude).ok_or(NotANumber::Syntax);
    }
    // From here on what the standard library takes is what Go takes, but for the overflow to infinity.
    let value: f64 = text.parse().map_err(|_| NotANumber::Syntax)?;
    if value.is_infinite() { Err(NotANumber::Range) } else { Ok(value) }
}

/// Reads the words for what is not a finite number. Only the infinities have a sign.
fn special(text: &str, magnitude: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let infinite = magnitude.eq_ignore_ascii_case("inf") || magnitude.eq_ignore_ascii_case("infinity");
    infinite.then_some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
}

/// Reads a timestamp of the text format: an i64 of milliseconds.
pub(super) fn millis(text: &str) -> Result<Timestamp, NotANumber> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotANumber::Syntax);
    }
    let millis: i64 = text.parse().map_err(|_| NotANumber::Range)?;
    Timestamp::of_nanos(i128::from(millis) * 1_000_000).ok_or(NotANumber::Range)
}

/// Reads a timestamp of OpenMetrics: seconds, with any number of digits behind the point, or with an exponent.
pub(super) fn seconds(text: &str) -> Result<Timestamp, NotANumber> {
    let value = float(text)?;
    if !value.is_finite() {
        return Err(NotANumber::Syntax);
    }
    if text.contains(['e', 'E']) {
        // A cast of what is beyond gives the end of the range, which no time reaches.
        return Timestamp::of_nanos((value * 1e9) as i128).ok_or(NotANumber::Range);
    }
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let mut nanos = 0_i128;
    let places = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    for digit in whole.bytes().chain(places) {
        let longer = nanos.checked_mul(10).and_then(|nanos| nanos.checked_add(i128::from(digit - b'0')));
        nanos = longer.ok_or(NotANumber::Range)?;
    }
    Timestamp::of_nanos(if text.starts_with('-') { -nanos } else { nanos }).ok_or(NotANumber::Range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_go_takes() {
        let cases = [
            ("0", 0.0),
            ("08", 8.0),
            ("+5", 5.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5e1", -5.0),
            ("1E3", 1000.0),
            ("1e+06", 1e6),
            ("1.048576e+06", 1_048_576.0),
            ("18446744073709551615", 18_446_744_073_709_551_615.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("4.9e-324", 5e-324),
            ("1e-400", 0.0),
            ("inf", f64::INFINITY),
            ("+INF", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("00000000000000000000000000000001.2e-1", 0.12),
        ];
        for (text, value) in cases {
            assert_eq!(float(text), Ok(value), "{text}");
        }
        assert!(float("-0").is_ok_and(|zero| zero == 0.0 && zero.is_sign_negative()));
        assert!(["nan", "NaN", "NAN"].iter().all(|text| float(text).is_ok_and(f64::is_nan)));
        for text in
            ["", "+", ".", "e5", "1e", "1e+", "+nan", "-NaN", "infin", "0x1p-3", "0b1", "1_2", "1 ", "--1", "1..2"]
        {
            assert_eq!(float(text), Err(NotANumber::Syntax), "{text}");
        }
        assert_eq!(float("1e400"), Err(NotANumber::Range));
        assert_eq!(float("-1e309"), Err(NotANumber::Range));
    }

    #[test]
    fn timestamps_are_exact() {
        let nanos = |text| seconds(text).map(Timestamp::as_nanos);
        assert_eq!(nanos("12345678901234567890.1234567890"), Ok(12_345_678_901_234_567_890_123_456_789));
        assert_eq!(nanos("-1.1"), Ok(-1_100_000_000));
        assert_eq!(nanos("0.0000000019"), Ok(1));
        assert_eq!(nanos("000"), Ok(0));
        assert_eq!(nanos("1.5e3"), Ok(1_500_000_000_000));
        assert_eq!(nanos("1e300"), Err(NotANumber::Range));
        assert_eq!(nanos("-18446744073709551615"), Ok(-18_446_744_073_709_551_615_000_000_000));
        assert_eq!(nanos("18446744073709551616"), Err(NotANumber::Range));
        assert_eq!(seconds("-0.0"), seconds("0"));
        assert!(seconds("-2.5").ok() < seconds("-2").ok() && seconds("-2").ok() < seconds("0.1").ok());
        assert_eq!(seconds(&"9".repeat(100)), Err(NotANumber::Range));
        assert_eq!(nanos("NaN"), Err(NotANumber::Syntax));
        assert_eq!(millis("-9223372036854775808").map(Timestamp::as_millis), Ok(i128::from(i64::MIN)));
        assert_eq!(millis("9223372036854775808"), Err(NotANumber::Range));
        assert_eq!(millis("1.5"), Err(NotANumber::Syntax));
        assert_eq!(millis("1_0"), Err(NotANumber::Syntax));
    }

    proptest! {
        #[test]
        fn the_short_way_rounds_as_the_long_one(text in "[+-]?[0-9]{0,12}\\.?[0-9]{0,8}([eE][+-]?[0-9]{1,3})?") {
            if let Some(short) = short_decimal(text.as_bytes()) {
                let long: f64 = text.parse().expect("what is taken is a number");
                prop_assert_eq!(short.to_bits(), long.to_bits());
            }
        }

        #[test]
        fn every_float_comes_back(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                for text in [value.to_string(), format!("{value:e}")] {
                    prop_assert_eq!(float(&text).map(f64::to_bits), Ok(bits), "{}", text);
                }
            }
        }
    }
}
