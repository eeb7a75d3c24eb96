//! Prints the reference page of the demo's metrics, or with `--json` the same for programs.
//!
//! ```sh
//! cargo run --release -p streamgauge-examples --example reference
//! ```
//!
//! The page is kept in `examples/METRICS.md`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program that talks to a terminal")]

use streamgauge_examples::Error;
use streamgauge_examples::pipeline::{Metrics, reference_page};

fn main() -> Result<(), Error> {
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", Metrics::registered()?.describe().to_json());
    } else {
        print!("{}", reference_page()?);
    }
    Ok(())
}
