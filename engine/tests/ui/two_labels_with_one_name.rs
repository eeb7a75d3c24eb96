//! A label name stands once in a set, also by renaming.

use streamgauge::LabelSet;

#[derive(LabelSet)]
struct Table<'a> {
    table: &'a str,
    #[label(rename = "table")]
    name: &'a str,
}

fn main() {}
