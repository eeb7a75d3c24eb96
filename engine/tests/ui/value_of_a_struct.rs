//! A struct is a set, and an enum without variants is nothing.

use streamgauge::LabelValue;

#[derive(LabelValue)]
struct Op {
    name: String,
}

#[derive(LabelValue)]
enum Never {}

fn main() {}
