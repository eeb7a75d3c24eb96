//! A label set needs the names of its fields.

use streamgauge::LabelSet;

#[derive(LabelSet)]
struct Tuple(u32, u32);

#[derive(LabelSet)]
struct Unit;

fn main() {}
