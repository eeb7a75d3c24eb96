//! A label name is checked as the registry would check it.

use streamgauge::LabelSet;

#[derive(LabelSet)]
struct Hyphen {
    #[label(rename = "table-name")]
    table: u32,
}

#[derive(LabelSet)]
struct Digit {
    #[label(rename = "9lives")]
    lives: u32,
}

#[derive(LabelSet)]
struct Empty {
    #[label(rename = "")]
    table: u32,
}

#[derive(LabelSet)]
struct Letter {
    größe: u32,
}

#[derive(LabelSet)]
struct Nul {
    #[label(rename = "a\0b")]
    table: u32,
}

fn main() {}
