//! Which content coding a request wants: the reading of `Accept-Encoding`.

use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;

/// What is done to a body before it is sent.
///
/// Of two that compress, the greater one suits both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Coding {
    /// Nothing.
    Identity,
    /// It is compressed, unless it is so small that this gains nothing.
    Gzip,
    /// It is compressed however small it is: the client refuses anything else.
    GzipOnly,
}

impl Coding {
    /// Returns whether anything is done to the body.
    pub(crate) fn compresses(self) -> bool {
        self != Coding::Identity
    }

    /// Chooses the coding of an answer, or `None` if the client refuses all we have.
    ///
    /// gzip is chosen only where it is named, and not rated below `identity`. A `*` says which of the others is refused:
    /// that a client can read "anything" is more often a thoughtless header than true.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Option<Coding> {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        // What is not text, or has a weight that is none, says nothing that could be relied on: it is passed over.
        for clause in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let (name, parameters) = clause.split_once(';').unwrap_or((clause, ""));
            let Some(weight) = weight(parameters) else { continue };
            let name = name.trim();
            let rated = if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                &mut gzip
            } else if name.eq_ignore_ascii_case("identity") {
                &mut identity
            } else if name == "*" {
                &mut any
            } else {
                continue;
            };
            // The first of two is the one that counts, in this header as in `Accept`.
            rated.get_or_insert(weight);
        }
        // RFC 9110, 12.5.3: only a weight of 0 refuses `identity`, its own or that of a `*`.
        let refused = identity.or(any) == Some(0);
        match gzip.or(any.filter(|_| refused)) {
            Some(weight) if weight > 0 && refused => Some(Coding::GzipOnly),
            Some(weight) if weight > 0 && weight >= identity.unwrap_or(0) => Some(Coding::Gzip),
            _ if refused => None,
            _ => Some(Coding::Identity),
        }
    }
}

/// Reads the `q` among the parameters of a clause, in thousandths; without one it is 1.
fn weight(parameters: &str) -> Option<u16> {
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(weight) = weight else { return Some(1000) };
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn negotiate(values: &[&[u8]]) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_bytes(value).unwrap());
        }
        Coding::negotiate(&headers)
    }

    #[test]
    fn the_header_chooses() {
        let (identity, gzip, only) = (Some(Coding::Identity), Some(Coding::Gzip), Some(Coding::GzipOnly));
        for (header, expected) in [
            // What Prometheus, browsers and curl send.
            ("gzip", gzip),
            ("identity", identity),
            ("gzip, deflate, br, zstd", gzip),
            ("deflate, gzip, br", gzip),
            ("", identity),
            // Weights.
            ("gzip;q=0", identity),
            ("gzip;q=0.000", identity),
            ("gzip;q=0.001", gzip),
            ("gzip;q=0.5, identity", identity),
            ("gzip;q=0.5, identity;q=0.5", gzip),
            ("identity;q=0.4, gzip;q=0.5", gzip),
            ("gzip;q=0.5,identity;q=0.51", identity),
            ("br;q=1, gzip;q=0.1", gzip),
            ("GZip ; Q=1.000", gzip),
            ("x-gzip", gzip),
            ("gzip;level=9;q=0.3, identity;q=0.2", gzip),
            // Wildcards.
            ("*", identity),
            ("*;q=0.5", identity),
            ("*;q=0", None),
            ("*, identity;q=0", only),
            ("*;q=0, identity", identity),
            ("*;q=0, gzip", only),
            ("gzip;q=0, *", identity),
            // Refusals.
            ("identity;q=0, gzip", only),
            ("identity;q=0, gzip;q=0.1", only),
            ("identity;q=0", None),
            ("identity;q=0, br", None),
            ("identity;q=0, gzip;q=0, *", None),
            // No weights at all.
            ("gzip;q=2", identity),
            ("gzip;q=1.001", identity),
            ("gzip;q=0.1234", identity),
            ("gzip;q=-1", identity),
            ("gzip;q=+0", identity),
            ("gzip;q=0.+1", identity),
            ("gzip;q=", identity),
            ("gzip;q=nan", identity),
            (",,;q=1,=,gzip", gzip),
            ("gzip;q=0, gzip", identity),
        ] {
            assert_eq!(negotiate(&[header.as_bytes()]), expected, "{header}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        assert_eq!(negotiate(&[]), Some(Coding::Identity));
        assert_eq!(negotiate(&[b"br", b"gzip;q=0.5"]), Some(Coding::Gzip));
        assert_eq!(negotiate(&[b"gzip", b"identity;q=0"]), Some(Coding::GzipOnly));
        assert_eq!(negotiate(&[b"\xff", b"gzip"]), Some(Coding::Gzip));
    }
}
