//! A field that is no label value.

use streamgauge::LabelSet;

#[derive(LabelSet)]
struct Floats {
    ratio: f64,
}

fn main() {}
