//! Random registries; the protobuf body of a scrape, read and written again by another library, is the same bytes, and
//! says what a visit shows.

use crate::program::Step;
use crate::{proto, visited};
use arbitrary::Arbitrary;
use streamgauge::{Escaping, Exposition, Format, Registry, Scraper};

/// Declarations, each with records into what was accepted.
#[derive(Arbitrary, Debug)]
pub struct Program {
    #[arbitrary(with = crate::many)]
    steps: Vec<Step>,
}

/// Runs the program and compares. Gives the number of series.
///
/// # Panics
/// Where the encoders differ.
pub fn check(program: &Program) -> usize {
    let registry = Registry::new();
    for step in &program.steps {
        if let Ok(handle) = step.declare(&registry, step.buckets()) {
            // Of any length as a number of the format.
            step.record(&handle, u64::from(step.times) << (step.bits % 56));
        }
    }
    let mut scraper = Scraper::new(&registry);
    let mut body = Vec::new();
    let report = scraper.encode(Exposition::from(Format::Protobuf).with_escaping(Escaping::AllowUtf8), &mut body);
    assert_eq!(report.bytes(), body.len());
    let (decoded, visited) = (proto::decode(&body), visited::families(&mut scraper, str::to_owned));
    // As text, in which one NaN equals another.
    if decoded != visited {
        assert_eq!(format!("{decoded:#?}"), format!("{visited:#?}"));
    }
    assert!(proto::encode(&decoded) == body && proto::encode(&visited) == body, "the encoders differ: {decoded:#?}");
    report.series()
}
