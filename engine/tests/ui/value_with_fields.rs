//! A label value has a fixed text, so no fields.

use streamgauge::LabelValue;

#[derive(LabelValue)]
enum Op {
    Insert,
    Move { from: u32 },
}

#[derive(LabelValue)]
enum Code {
    Known,
    Other(u32),
}

fn main() {}
