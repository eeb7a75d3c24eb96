//! Two variants of one text could not be told apart.

use streamgauge::LabelValue;

#[derive(LabelValue)]
enum Op {
    Insert,
    #[label(rename = "insert")]
    Create,
}

#[derive(LabelValue)]
enum Case {
    HttpError,
    HTTPError,
}

fn main() {}
