//! Content negotiation: from `Accept` headers to a format and an escaping scheme, as the Go library decides it.
//!
//! Source: `expfmt.NegotiateIncludingOpenMetrics` of github.com/prometheus/common, and `goautoneg`, by which it reads
//! the header. It is followed where headers are well formed, and in what is left out of those that are not. It is not
//! where it goes against RFC 9110:
//!
//! - A wildcard counts by its weight. There it never does: `*/*, text/plain;q=0.1` is a matter of order, and a reader
//!   that rates everything above OpenMetrics is sent OpenMetrics.
//! - `q=0` is a refusal, there it is the last choice. A blank behind `q=` is passed over, there it makes the weight 0.
//!   An invalid weight is the last choice in both.
//! - Names of types and parameters are compared without case, and values may be quoted.
//! - All `Accept` headers count, there only the first one.
//!
//! There is no protobuf as text (`encoding=text`, `compact-text`) here, so such a clause is passed over. A wildcard
//! means text 0.0.4, also where `text/plain;q=0` stands beside it; versions of the Go library that answered it with
//! OpenMetrics or protobuf did so by mistake, and later ones do not.

use super::{Exposition, Format};
use crate::label::Escaping;

/// Clauses that are looked at: a header of any length costs no more.
const MOST_CLAUSES: usize = 64;

impl Exposition {
    /// Chooses the best exposition that these `Accept` headers allow, text 0.0.4 where they allow none; whatever the
    /// bytes are, there is an answer and no error.
    ///
    /// The clause with the highest `q` wins whose format exists here; of equal ones the first, wildcards last. A
    /// clause with `q=0` is left out. Wildcards mean text 0.0.4. The last `escaping` that the clauses up to there name
    /// is the scheme; without one names are written with underscores.
    ///
    /// ```
    /// use streamgauge::{Exposition, Format};
    /// let headers: [&[u8]; 2] = [b"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
    ///     encoding=delimited;q=0.6", b"text/plain;q=0.3"];
    /// assert_eq!(Exposition::negotiate(headers).format(), Format::Protobuf);
    /// assert_eq!(Exposition::negotiate([b"\xff\xfe, image/png"]).format(), Format::Text);
    /// ```
    #[must_use]
    pub fn negotiate(accept: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        Self::negotiate_or(Escaping::default(), accept)
    }

    /// As [`negotiate`](Self::negotiate), with the scheme for readers that name none.
    #[must_use]
    pub fn negotiate_or(escaping: Escaping, accept: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        Self::choose(None, escaping, accept)
    }

    /// As [`negotiate`](Self::negotiate), among these formats only: the first of them is for readers that accept none
    /// of them, or anything. An empty list allows all.
    ///
    /// ```
    /// use streamgauge::{Exposition, Format};
    /// let prometheus = ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"];
    /// assert_eq!(Exposition::negotiate(prometheus).format(), Format::OpenMetrics);
    /// assert_eq!(Exposition::negotiate_among(&[Format::Text], prometheus).format(), Format::Text);
    /// ```
    #[must_use]
    pub fn negotiate_among(formats: &[Format], accept: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        Self::choose(Some(formats).filter(|formats| !formats.is_empty()), Escaping::default(), accept)
    }

    fn choose(
        formats: Option<&[Format]>,
        escaping: Escaping,
        accept: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Self {
        let mut clauses = Vec::new();
        for header in accept {
            let header = String::from_utf8_lossy(header.as_ref());
            let room = MOST_CLAUSES - clauses.len();
            clauses.extend(header.split(',').filter_map(Clause::parse).take(room));
        }
        // Stable: of equal clauses the first stays first.
        clauses.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.is_wildcard.cmp(&b.is_wildcard)));
        let first = formats.and_then(|formats| formats.first().copied());
        let is_there = |format: &Format| formats.is_none_or(|formats| formats.contains(format));
        let mut chosen = first.map_or_else(Self::default, Self::from).with_escaping(escaping);
        for clause in &clauses {
            if let Some(escaping) = clause.escaping {
                chosen = chosen.with_escaping(escaping);
            }
            let any_is_first = |any| first.unwrap_or(any);
            let format =
                if clause.is_wildcard { clause.format.map(any_is_first) } else { clause.format.filter(is_there) };
            if let Some(format) = format {
                return Self::from(format).with_escaping(chosen.escaping());
            }
        }
        chosen
    }
}

/// One media range of an `Accept` header.
#[derive(Debug)]
struct Clause {
    weight: f64,
    is_wildcard: bool,
    /// `None` where there is no such format here.
    format: Option<Format>,
    escaping: Option<Escaping>,
}

impl Clause {
    /// Returns `None` for what is not a media range, and for one that is not acceptable.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().filter(|media_type| *media_type == "*" || media_type.split('/').count() == 2)?;
        let (mut version, mut proto, mut encoding) = (None, None, None);
        let (mut weight, mut escaping) = (Some(1.0), None);
        // Of repeated parameters the last wins. One with a second `=` is not a parameter.
        for (name, value) in parts.filter_map(|part| part.split_once('=')).filter(|(_, value)| !value.contains('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            match name.to_ascii_lowercase().as_str() {
                "q" => weight = weight_of(value),
                "version" => version = Some(value),
                "proto" => proto = Some(value),
                "encoding" => encoding = Some(value),
                "escaping" => escaping = Escaping::from_name(value),
                _ => {}
            }
        }
        let weight = weight?;
        let format = match media_type.to_ascii_lowercase().as_str() {
            "text/plain" if matches!(version, None | Some("" | "0.0.4")) => Some(Format::Text),
            "application/openmetrics-text" => match version {
                None | Some("" | "0.0.1") => Some(Format::OpenMetrics001),
                Some("1.0.0") => Some(Format::OpenMetrics),
                Some(_) => None,
            },
            "application/vnd.google.protobuf" => (proto == Some("io.prometheus.client.MetricFamily")
                && encoding == Some("delimited"))
            .then_some(Format::Protobuf),
            "*/*" | "*" | "text/*" => Some(Format::Text),
            _ => None,
        };
        Some(Self { weight, is_wildcard: media_type.contains('*'), format, escaping })
    }
}

/// Returns the weight of a `q`; `None` where it is 0, which means not acceptable. An invalid one comes last.
fn weight_of(text: &str) -> Option<f64> {
    match text.parse::<f64>() {
        Ok(0.0) => None,
        Ok(weight) if weight.is_finite() && weight > 0.0 => Some(weight),
        _ => Some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(accept: &str) -> (Format, Escaping) {
        let exposition = Exposition::negotiate([accept]);
        (exposition.format(), exposition.escaping())
    }

    /// The headers that Prometheus sends.
    #[test]
    fn prometheus_gets_what_it_asks_for_first() {
        let v2_42 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(chosen(v2_42), (Format::OpenMetrics, Escaping::Underscores));
        let native = format!(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,{v2_42}"
        );
        assert_eq!(chosen(&native), (Format::Protobuf, Escaping::Underscores));
        let v3_5 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                    application/openmetrics-text;version=0.0.1;q=0.5,\
                    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(chosen(v3_5), (Format::OpenMetrics, Escaping::AllowUtf8));
        let v3_5_protobuf = format!(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,{v3_5}"
        );
        // The scheme of clauses after the match does not count.
        assert_eq!(chosen(&v3_5_protobuf), (Format::Protobuf, Escaping::Underscores));
    }

    #[test]
    fn the_last_scheme_up_to_the_match_counts() {
        let accept = "image/png;escaping=dots,text/plain;version=1.0.0;escaping=values;q=0.9,*/*;q=0.2";
        assert_eq!(chosen(accept), (Format::Text, Escaping::Values));
        assert_eq!(chosen("text/plain;escaping=unheard-of"), (Format::Text, Escaping::Underscores));
        assert_eq!(chosen("text/plain;q=0.1,text/plain;escaping=dots"), (Format::Text, Escaping::Dots));
    }

    #[test]
    fn formats_that_are_not_there_are_passed_over() {
        let among = |formats: &[Format], accept: &str| {
            let exposition = Exposition::negotiate_among(formats, [accept]);
            (exposition.format(), exposition.escaping())
        };
        let v3 =
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        // The scheme is that of the clauses up to the match, also of those that are passed over.
        assert_eq!(among(&[Format::Text], v3), (Format::Text, Escaping::AllowUtf8));
        assert_eq!(among(&[Format::Text, Format::OpenMetrics], v3).0, Format::OpenMetrics);
        assert_eq!(among(&[], v3).0, Format::OpenMetrics);
        for accept in ["", "image/png", "*/*", "text/*;q=0.1", "text/plain"] {
            assert_eq!(among(&[Format::Protobuf, Format::OpenMetrics], accept).0, Format::Protobuf, "{accept}");
        }
    }

    #[test]
    fn weights_order_and_zero_excludes() {
        let openmetrics = "application/openmetrics-text;version=1.0.0";
        assert_eq!(chosen(&format!("text/plain;q=0.5, {openmetrics};q=0.6")).0, Format::OpenMetrics);
        assert_eq!(chosen(&format!("*/*, {openmetrics}")).0, Format::OpenMetrics, "a wildcard comes last");
        assert_eq!(chosen(&format!("{openmetrics};q=0, text/plain;q=0.1")).0, Format::Text);
        assert_eq!(chosen(&format!("{openmetrics};q=0")).0, Format::Text);
        assert_eq!(chosen(&format!("{openmetrics};q=x, text/plain;q=0.001")).0, Format::Text);
        assert_eq!(chosen("application/openmetrics-text").0, Format::OpenMetrics001);
        assert_eq!(chosen("application/openmetrics-text;version=2.0.0").0, Format::Text);
        assert_eq!(chosen("application/vnd.google.protobuf").0, Format::Text);
        assert_eq!(chosen("").0, Format::Text);
    }

    /// What the Go library answers, by its source.
    #[test]
    fn headers_that_are_not_well_formed_are_read_as_the_go_library_reads_them() {
        use Escaping::{Dots, Underscores, Values};
        use Format::{OpenMetrics, OpenMetrics001, Protobuf, Text};
        let openmetrics = "application/openmetrics-text";
        for (accept, expected) in [
            // Repeated parameters: the last one, also where it means nothing.
            ("text/plain;escaping=dots;escaping=values", (Text, Values)),
            ("text/plain;escaping=dots;escaping=unheard-of", (Text, Underscores)),
            (&format!("{openmetrics};version=2.0.0;version=1.0.0"), (OpenMetrics, Underscores)),
            (&format!("{openmetrics};version=1.0.0;version=2.0.0"), (Text, Underscores)),
            (&format!("{openmetrics};version=1.0.0;q=0.1;q=1,text/plain;q=0.5"), (OpenMetrics, Underscores)),
            (&format!("{openmetrics};version=1.0.0;q=0;q=1"), (OpenMetrics, Underscores)),
            // A parameter with two equals signs, and one that is empty, do not count.
            (&format!("{openmetrics};version=1.0.0=2"), (OpenMetrics001, Underscores)),
            (&format!("{openmetrics};version="), (OpenMetrics001, Underscores)),
            ("text/plain;escaping=dots=1", (Text, Underscores)),
            // What is not a media range has no parameters either.
            ("text;escaping=dots", (Text, Underscores)),
            ("text/plain/x;escaping=dots", (Text, Underscores)),
            ("*;escaping=dots", (Text, Dots)),
            (" , ;escaping=dots", (Text, Underscores)),
            // Blanks.
            (&format!("{openmetrics} ; version = 1.0.0 ; q =0.9, text/plain;q=0.5"), (OpenMetrics, Underscores)),
            // A wildcard alone, as many tools send it.
            ("*/*", (Text, Underscores)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", (Text, Underscores)),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
        let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily";
        assert_eq!(chosen(&format!("{protobuf};encoding=delimited;q=0.9,text/plain;q=0.5")).0, Protobuf);
        // Here on purpose otherwise than there.
        assert_eq!(chosen(&format!("{protobuf};encoding=text")).0, Text, "there is no such format");
        assert_eq!(chosen(&format!("*/*;q=1,{openmetrics};version=1.0.0;q=0.5")).0, Text, "weights are meant");
        assert_eq!(chosen(&format!("{openmetrics};version=1.0.0;q=0")).0, Text, "it was refused");
        assert_eq!(chosen(&format!("{openmetrics};version=1.0.0;q= 0.9,text/plain;q=0.5")).0, OpenMetrics);
        assert_eq!(chosen(&format!("{openmetrics};version=\"1.0.0\"")).0, OpenMetrics);
    }

    #[test]
    fn clauses_are_bounded() {
        let accept = "image/png,".repeat(100_000) + "application/openmetrics-text";
        assert_eq!(chosen(&accept).0, Format::Text);
        let nothing = Exposition::negotiate(Vec::<&[u8]>::new());
        assert_eq!(nothing.content_type(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(headers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
            let exposition = Exposition::negotiate(&headers);
            prop_assert!(!exposition.content_type().is_empty());
        }
    }
}
