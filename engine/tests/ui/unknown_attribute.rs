//! What the derives do not know they refuse.

use streamgauge::{LabelSet, LabelValue};

#[derive(LabelSet)]
struct Table {
    #[label(name = "table")]
    id: u32,
}

#[derive(LabelValue)]
enum Op {
    #[label(rename = "a", rename = "b")]
    Insert,
}

fn main() {}
