//! What the fuzz targets check. It is a library, so that `tests/smoke.rs` can run the same checks without a fuzzer.
//!
//! Every check has an oracle: the labels that were put in, a linear search, a map. Bodies are read back by the
//! parser of the engine's integration tests, which shares nothing with the encoder.

pub mod bucket_index;
pub mod escape;
pub mod expositions;
pub mod facade;
pub mod negotiate;
pub mod parse;
mod program;
#[path = "../../engine/tests/common/proto.rs"]
mod proto;
pub mod protobuf;
pub mod registries;
#[path = "../../engine/tests/common/text.rs"]
#[allow(dead_code, reason = "the integration tests use the rest of it")]
mod text;
pub mod text_body;
#[path = "../../engine/tests/common/visited.rs"]
mod visited;

use arbitrary::{Arbitrary, Result, Unstructured};
use streamgauge::{Format, Registry, Scraper};

/// Scrapes a registry and reads the body back.
fn scrape(registry: &Registry) -> text::Parsed {
    let mut body = Vec::new();
    let report = Scraper::new(registry).encode(Format::Text, &mut body);
    let parsed = text::parse(&body).unwrap_or_else(|problem| panic!("{problem}\n{}", String::from_utf8_lossy(&body)));
    assert_eq!((report.bytes(), report.series()), (body.len(), parsed.series()));
    parsed
}

/// Makes values until the bytes run out: half of the lists that the derive makes have one element at most.
fn many<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>) -> Result<Vec<T>> {
    let mut values = Vec::new();
    while !u.is_empty() && values.len() < 100 {
        values.push(u.arbitrary()?);
    }
    Ok(values)
}
