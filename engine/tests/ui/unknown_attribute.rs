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

#[derive(LabelValue)]
#[label(rename = "op")]
enum Renamed {
    Insert,
}

#[derive(LabelSet)]
struct Field {
    #[label(crate = "streamgauge")]
    table: u32,
}

#[derive(LabelSet)]
#[label(crate = "a", crate = "b")]
struct Twice {
    table: u32,
}

fn main() {}
