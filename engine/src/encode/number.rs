//! Numbers as the formats want them: exact integers, and floats with the shortest digits in the layout of
//! Go's `strconv.AppendFloat(f, 'g', -1, 64)`, which the reference libraries print.

/// Longest text of [`Number`]: sign, 17 digits, point, `e-308`; or 20 digits of a u64.
pub(crate) const MAX_NUMBER_BYTES: usize = 26;

/// Room for the text of one number.
pub(crate) type Number = Text<MAX_NUMBER_BYTES>;

/// Room for so many bytes of text.
#[derive(Debug)]
pub(crate) struct Text<const MOST: usize> {
    bytes: [u8; MOST],
    len: usize,
}

impl<const MOST: usize> Text<MOST> {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; MOST], len: 0 }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn decimal(&mut self, digits: &Digits) {
        let (exponent, digits) = (digits.exponent, digits.as_slice());
        if exponent < 0 {
            self.extend(b"0.");
            for _ in exponent..-1 {
                self.push(b'0');
            }
            return self.extend(digits);
        }
        let whole = exponent as usize + 1;
        for place in 0..whole {
            self.push(digits.get(place).copied().unwrap_or(b'0'));
        }
        if let Some(fraction) = digits.get(whole..).filter(|fraction| !fraction.is_empty()) {
            self.push(b'.');
            self.extend(fraction);
        }
    }
}

/// Longest text of a float without an exponent: sign, `0.`, and 324 places.
const MAX_PLAIN_BYTES: usize = 328;

/// Returns whether a float has the same text with an exponent allowed and without: all that most metrics ever are.
#[inline(always)]
pub(crate) fn is_plain(value: f64) -> bool {
    (1e-4..1e6).contains(&value.abs())
}

/// Lays out a float without an exponent, as Rust's `Display` does (`0.00001`, `1048576`, `-0`), but for infinities,
/// which are as the formats have them; passes it to `write`.
#[cold]
pub(crate) fn with_plain<R>(value: f64, write: impl FnOnce(&[u8]) -> R) -> R {
    if value == 0.0 {
        return write(if value.is_sign_negative() { b"-0" } else { b"0" });
    }
    let mut number = Number::new();
    if is_plain(value) || !value.is_finite() {
        return write(number.float(value));
    }
    let mut shortest = zmij::Buffer::new();
    let digits = Digits::of(shortest.format_finite(value.abs()));
    let mut text = Text::<MAX_PLAIN_BYTES>::new();
    if value < 0.0 {
        text.push(b'-');
    }
    text.decimal(&digits);
    write(text.as_slice())
}

impl Number {
    /// Lays out a float: decimal for exponents from -4 to 5, else with a signed exponent of at least two
    /// digits. Zero is `0` whatever its sign, as in the Go library.
    pub(crate) fn float(&mut self, value: f64) -> &[u8] {
        self.len = 0;
        if value == 0.0 {
            return b"0";
        }
        if value.is_nan() {
            return b"NaN";
        }
        if value.is_infinite() {
            return if value > 0.0 { b"+Inf" } else { b"-Inf" };
        }
        let mut shortest = zmij::Buffer::new();
        let text = shortest.format_finite(value);
        // What zmij writes as a plain decimal here is what Go writes, but for a trailing `.0`.
        if (1e-4..1e6).contains(&value.abs()) {
            let text = text.strip_suffix(".0").unwrap_or(text);
            self.extend(text.as_bytes());
            return &self.bytes[..self.len];
        }
        let text = match text.strip_prefix('-') {
            Some(magnitude) => {
                self.push(b'-');
                magnitude
            }
            None => text,
        };
        let digits = Digits::of(text);
        if (-4..6).contains(&digits.exponent) {
            self.decimal(&digits);
        } else {
            self.scientific(&digits);
        }
        &self.bytes[..self.len]
    }

    /// As [`float`](Self::float), with `.0` behind whole numbers, as OpenMetrics has them.
    pub(crate) fn float_with_point(&mut self, value: f64) -> &[u8] {
        let len = self.float(value).len();
        if value == 0.0 {
            return b"0.0";
        }
        if !value.is_finite() {
            return self.float(value);
        }
        if !self.bytes[..len].iter().any(|byte| matches!(byte, b'.' | b'e')) {
            self.extend(b".0");
        }
        &self.bytes[..self.len]
    }

    fn scientific(&mut self, digits: &Digits) {
        let (first, rest) = digits.as_slice().split_at(1);
        self.extend(first);
        if !rest.is_empty() {
            self.push(b'.');
            self.extend(rest);
        }
        self.push(b'e');
        self.push(if digits.exponent < 0 { b'-' } else { b'+' });
        let exponent = digits.exponent.unsigned_abs();
        if exponent < 10 {
            self.push(b'0');
        }
        self.extend(itoa::Buffer::new().format(exponent).as_bytes());
    }
}

/// The significant digits of a positive float, `d1.d2d3.. * 10^exponent`.
#[derive(Debug)]
struct Digits {
    digits: [u8; 17],
    len: usize,
    exponent: i32,
}

impl Digits {
    /// Reads the digits out of any plain or scientific notation.
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let mut digits = Self { digits: [b'0'; 17], len: 0, exponent: exponent.parse().unwrap_or(0) };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let mut before_first = true;
        for (place, byte) in mantissa.bytes().enumerate().filter(|(_, byte)| *byte != b'.') {
            if before_first && byte == b'0' {
                continue;
            }
            if before_first {
                before_first = false;
                let position = if place < point { point - place - 1 } else { 0 };
                let behind = place.saturating_sub(point);
                digits.exponent += position as i32 - behind as i32;
            }
            if digits.len < digits.digits.len() {
                digits.digits[digits.len] = byte;
                digits.len += 1;
            } else {
                // A layout that pads with zeros behind 17 digits; there are never more that count.
                debug_assert_eq!(byte, b'0');
            }
        }
        while digits.len > 1 && digits.digits[digits.len - 1] == b'0' {
            digits.len -= 1;
        }
        digits
    }

    fn as_slice(&self) -> &[u8] {
        &self.digits[..self.len.max(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn go(value: f64) -> String {
        String::from_utf8_lossy(Number::new().float(value)).into_owned()
    }

    fn plain(value: f64) -> String {
        with_plain(value, |text| String::from_utf8_lossy(text).into_owned())
    }

    #[test]
    fn plain_numbers_are_those_of_rust_but_for_infinities() {
        for (value, text) in
            [(0.00001, "0.00001"), (1048576.0, "1048576"), (-0.0, "-0"), (f64::INFINITY, "+Inf"), (f64::NAN, "NaN")]
        {
            assert_eq!(plain(value), text);
        }
        for value in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, 5e-324, -2.225073858507201e-308, 1e21]
        {
            assert_eq!(plain(value), value.to_string());
        }
        assert_eq!(plain(f64::NEG_INFINITY), "-Inf");
    }

    #[test]
    fn layout_is_that_of_go() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (100000.0, "100000"),
            (1e6, "1e+06"),
            (1048576.0, "1.048576e+06"),
            (16777216.0, "1.6777216e+07"),
            (21894266880.0, "2.189426688e+10"),
            (123456.789, "123456.789"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.23e-45, "1.23e-45"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1234567.0, "1.234567e+06"),
            (999999.9, "999999.9"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
            (1e21, "1e+21"),
            (1e100, "1e+100"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (0.005, "0.005"),
            (10.0, "10"),
        ] {
            assert_eq!(go(value), text);
        }
    }

    proptest! {
        #[test]
        fn reads_back_and_has_the_layout(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite() && value != 0.0);
            let text = go(value);
            prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(bits));
            let exponent = value.abs().log10().floor();
            // Away from the rounding of log10 itself.
            if !(-4.1..=-3.9).contains(&exponent) && !(5.9..=6.1).contains(&exponent) {
                prop_assert_eq!(text.contains('e'), !(-4.0..6.0).contains(&exponent), "{}", text);
            }
        }

        #[test]
        fn plain_numbers_are_those_of_rust(bits in any::<u64>(), units in 1i64..1_000_000_000, places in -12i32..12) {
            for value in [f64::from_bits(bits), units as f64 / 10f64.powi(places)] {
                let (ours, theirs) = (plain(value), value.to_string());
                // Where two shortest texts are as near, Go and we take the one with the even digit, and Rust the upper
                // one.
                let is_tie = ours.len() == theirs.len() && ours.parse() == Ok(value) && theirs.parse() == Ok(value);
                prop_assert!(!value.is_finite() || ours == theirs || is_tie, "{ours}, {theirs}");
            }
        }

        #[test]
        fn short_decimals_stay_short(units in 1i64..1_000_000, places in 0u32..7) {
            let value = units as f64 / 10f64.powi(places as i32);
            let text = go(value);
            prop_assert!(text.len() <= 14, "{}", text);
            prop_assert_eq!(text.contains('e'), value < 1e-4, "{}", text);
            prop_assert_eq!(text.parse::<f64>(), Ok(value));
        }
    }
}
