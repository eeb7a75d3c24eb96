//! A set within a set whose type has parameters.

use streamgauge::{LabelSet, LabelValue};

#[derive(LabelSet)]
struct Source {
    source: String,
}

#[derive(LabelSet)]
struct Of<T: LabelValue> {
    kind: T,
    #[label(flatten)]
    source: Source,
}

fn main() {}
