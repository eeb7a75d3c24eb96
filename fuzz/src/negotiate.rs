//! Content negotiation answers any bytes, with what they ask for, and the same however the clauses are spread over
//! headers and spaced.

use arbitrary::{Arbitrary, Result, Unstructured};
use streamgauge::{Escaping, Exposition, Format};

/// Pieces that `Accept` headers are made of.
const PIECES: &[&str] = &[
    "text/plain",
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0",
    "application/openmetrics-text",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text;version=2.0.0",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "application/vnd.google.protobuf;encoding=text",
    "*/*",
    ";q=0.5",
    ";q=0",
    ";q=1.5",
    ";q=nan",
    ";q=",
    ";escaping=allow-utf-8",
    ";escaping=dots",
    ";escaping=values",
    ";escaping=underscores",
    ";escaping=other",
    ",",
    ";",
    "=",
];

/// The clauses of the `Accept` headers of a request.
#[derive(Debug)]
pub struct Accept(Vec<Vec<u8>>);

impl<'a> Arbitrary<'a> for Accept {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut clauses = Vec::new();
        while !u.is_empty() && clauses.len() < 20 {
            let mut clause = Vec::new();
            for _ in 0..u.int_in_range(1..=4)? {
                match u.ratio(4, 5)? {
                    true => clause.extend_from_slice(u.choose(PIECES)?.as_bytes()),
                    false => clause.push(u.arbitrary()?),
                }
            }
            clauses.push(clause);
        }
        Ok(Self(clauses))
    }
}

/// Negotiates in several ways that must not differ. Gives the number of clauses.
///
/// # Panics
/// Where they differ, or the answer is nothing that was asked for.
pub fn check(accept: &Accept) -> u64 {
    let Accept(clauses) = accept;
    let answer = Exposition::negotiate(clauses);
    let joined = Exposition::negotiate([clauses.join(&b","[..])]);
    assert_eq!(answer, joined, "of one header and of {}", clauses.len());
    let spaced: Vec<Vec<u8>> = clauses
        .iter()
        .map(|clause| {
            clause.iter().flat_map(|byte| if *byte == b';' { b" ; ".to_vec() } else { vec![*byte] }).collect()
        })
        .collect();
    assert_eq!(answer, Exposition::negotiate(&spaced), "with spaces");
    let mut before = vec![b"image/png".to_vec()];
    before.extend(clauses.iter().cloned());
    assert_eq!(answer, Exposition::negotiate(&before), "behind what we do not have");
    // Nobody gets what they did not name.
    let all = clauses.join(&b","[..]).to_ascii_lowercase();
    let named = |what: &str| all.windows(what.len()).any(|part| part == what.as_bytes());
    match answer.format() {
        Format::OpenMetrics => assert!(named("application/openmetrics-text") && named("1.0.0")),
        Format::OpenMetrics001 => assert!(named("application/openmetrics-text")),
        Format::Protobuf => assert!(named("application/vnd.google.protobuf") && named("delimited")),
        _ => {}
    }
    assert!(answer.escaping() == Escaping::Underscores || named(answer.escaping().as_str()));
    let value = answer.content_type();
    assert!(value.ends_with(&format!("; escaping={}", answer.escaping().as_str())), "{value}");
    clauses.len() as u64
}
