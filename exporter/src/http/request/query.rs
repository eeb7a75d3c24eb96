//! Which families a request wants: the reading of the query string.
//!
//! `name[]=cdc_source_events_total&name[]=..`, as the client libraries of Prometheus have it. Other parameters mean
//! nothing here and are passed over, as every exporter does: caches and proxies add theirs. Only what is nearly
//! `name[]` is refused, because the answer would be everything, which is the opposite of what was meant.

use std::borrow::Cow;
use std::fmt;

use streamgauge::Filter;

use crate::http::limits::{NAME_BYTES, NAMES, QUERY_BYTES};

/// What is wrong with a query string. Says what was given by size and place only: no byte of a client is repeated to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryError {
    /// The whole has this many bytes.
    Long(usize),
    /// There is a `name[]` more than is allowed.
    Many,
    /// The name with this number has no bytes.
    Empty(usize),
    /// The name with this number has this many bytes.
    LongName(usize, usize),
    /// At this byte stands a `%` without two hexadecimal digits.
    Percent(usize),
    /// The name with this number is not UTF-8.
    NotText(usize),
    /// At this byte begins a parameter that is nearly `name[]`.
    NearlyName(usize),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Long(bytes) => {
                write!(f, "the query string has {bytes} bytes; at most {QUERY_BYTES} are allowed")
            }
            QueryError::Many => write!(f, "name[] is given more than {NAMES} times; at most {NAMES} are allowed"),
            QueryError::Empty(number) => write!(f, "name[] number {number} is empty; the name of a metric is expected"),
            QueryError::LongName(number, bytes) => {
                write!(f, "name[] number {number} has {bytes} bytes; at most {NAME_BYTES} are allowed")
            }
            QueryError::Percent(at) => {
                write!(f, "byte {at} of the query string is a % without two hexadecimal digits behind it")
            }
            QueryError::NotText(number) => write!(f, "name[] number {number} is not UTF-8"),
            QueryError::NearlyName(at) => {
                write!(f, "byte {at} of the query string begins a parameter that is not known; write name[]=METRIC")
            }
        }
    }
}

/// Reads the filter of a query string.
///
/// The same names, in whatever order and however often, are the same filter.
pub(crate) fn filter(query: &str) -> Result<Filter, QueryError> {
    if query.len() > QUERY_BYTES {
        return Err(QueryError::Long(query.len()));
    }
    let mut names = Vec::new();
    let (mut at, mut given) = (0, 0);
    for parameter in query.split('&') {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match &*decode(key, at)? {
            b"name[]" => {
                given += 1;
                let value = decode(value, at + key.len() + 1)?;
                names.push(name(value, given)?);
            }
            key if is_nearly_name(key) => return Err(QueryError::NearlyName(at)),
            _ => {}
        }
        at += parameter.len() + 1;
    }
    if names.is_empty() {
        return Ok(Filter::all());
    }
    Ok(Filter::names(names))
}

/// Checks the value of the `number`th `name[]`.
fn name(value: Cow<'_, [u8]>, number: usize) -> Result<String, QueryError> {
    if number > NAMES {
        return Err(QueryError::Many);
    }
    match value.len() {
        0 => Err(QueryError::Empty(number)),
        length if length > NAME_BYTES => Err(QueryError::LongName(number, length)),
        _ => String::from_utf8(value.into_owned()).map_err(|_| QueryError::NotText(number)),
    }
}

/// Recognises `name`, `names`, `name[0]`, `Name[]` and the like.
fn is_nearly_name(key: &[u8]) -> bool {
    let end = key.iter().position(|byte| *byte == b'[').unwrap_or(key.len());
    key[..end].eq_ignore_ascii_case(b"name") || key[..end].eq_ignore_ascii_case(b"names")
}

/// Takes the percent-encoding away, and the `+` that stands for a blank in a query. `at` is where the text begins.
fn decode(text: &str, at: usize) -> Result<Cow<'_, [u8]>, QueryError> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(bytes));
    }
    let digit = |index: usize| bytes.get(index).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'%' => {
                let (Some(high), Some(low)) = (digit(index + 1), digit(index + 2)) else {
                    return Err(QueryError::Percent(at + index));
                };
                decoded.push((high * 16 + low) as u8);
                index += 2;
            }
            b'+' => decoded.push(b' '),
            byte => decoded.push(byte),
        }
        index += 1;
    }
    Ok(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_choose_families() {
        for (query, expected) in [
            ("", &[][..]),
            ("&&", &[]),
            ("_=1732167480&x", &[]),
            // Not nearly the same: it begins so.
            ("namespace=prod", &[]),
            ("name[]=b", &["b"]),
            ("name[]=b&name[]=a&name[]=b", &["a", "b"]),
            ("x=y&name%5B%5D=a%3ab&", &["a:b"]),
            ("n%61me[]=b", &["b"]),
            ("name[]=http.server+time%2B%c3%A9", &["http.server time+\u{e9}"]),
            ("name[]=a=b", &["a=b"]),
        ] {
            let expected = if expected.is_empty() { Filter::all() } else { Filter::names(expected.iter().copied()) };
            assert_eq!(filter(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (query, expected) in [
            ("name[]=", "name[] number 1 is empty; the name of a metric is expected"),
            ("name[]=a&name[]", "name[] number 2 is empty; the name of a metric is expected"),
            ("name[]=a&name[]=%ff", "name[] number 2 is not UTF-8"),
            ("name=a", "byte 0 of the query string begins a parameter that is not known; write name[]=METRIC"),
            ("x=y&names[]=a", "byte 4 of the query string begins a parameter that is not known; write name[]=METRIC"),
            ("name[0]=a", "byte 0 of the query string begins a parameter that is not known; write name[]=METRIC"),
            ("NAME[]=a", "byte 0 of the query string begins a parameter that is not known; write name[]=METRIC"),
            ("name[]=a%", "byte 8 of the query string is a % without two hexadecimal digits behind it"),
            ("x=y&name[]=a%4", "byte 12 of the query string is a % without two hexadecimal digits behind it"),
            ("name[]=%+1", "byte 7 of the query string is a % without two hexadecimal digits behind it"),
            ("%zz=a", "byte 0 of the query string is a % without two hexadecimal digits behind it"),
        ] {
            assert_eq!(filter(query).unwrap_err().to_string(), expected, "{query}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let name = "n".repeat(NAME_BYTES);
        assert!(filter(&format!("name[]={name}")).is_ok());
        let error = filter(&format!("name[]={name}n")).unwrap_err().to_string();
        assert_eq!(error, "name[] number 1 has 257 bytes; at most 256 are allowed");

        let many = |count| vec!["name[]=a"; count].join("&");
        assert!(filter(&many(NAMES)).is_ok());
        let error = filter(&many(NAMES + 1)).unwrap_err().to_string();
        assert_eq!(error, "name[] is given more than 256 times; at most 256 are allowed");

        assert_eq!(filter(&"x".repeat(QUERY_BYTES)), Ok(Filter::all()));
        let error = filter(&"x".repeat(QUERY_BYTES + 1)).unwrap_err().to_string();
        assert_eq!(error, "the query string has 8193 bytes; at most 8192 are allowed");
    }
}
