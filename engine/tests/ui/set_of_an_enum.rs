//! An enum is one label's value, not a set.

use streamgauge::LabelSet;

#[derive(LabelSet)]
enum Op {
    Insert,
    Delete,
}

fn main() {}
