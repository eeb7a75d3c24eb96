//! Names that belong to the formats are refused.

use streamgauge::LabelSet;

#[derive(LabelSet)]
struct Bound {
    le: u32,
}

#[derive(LabelSet)]
struct Quantile {
    #[label(rename = "quantile")]
    q: u32,
}

#[derive(LabelSet)]
struct Underscores {
    __name__: u32,
}

#[derive(LabelSet)]
struct Dots {
    _private: u32,
    _name_: u32,
}

#[derive(LabelSet)]
struct Dot {
    #[label(rename = "._name__")]
    name: u32,
}

#[derive(LabelSet)]
struct Digit {
    #[label(rename = "9_x")]
    digit: u32,
}

fn main() {}
