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

fn main() {}
