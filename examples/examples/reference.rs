//! Prints the reference page of the demo's metrics, or with `--json` the same for programs.
//!
//! ```sh
//! cargo run --release -p streamgauge-examples --example reference
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program that talks to a terminal")]

use streamgauge_examples::Error;
use streamgauge_examples::pipeline::Metrics;

fn main() -> Result<(), Error> {
    let reference = Metrics::registered()?.describe();
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", reference.to_json());
    } else {
        print!("# Metrics of the cdc demo\n\n{}", reference.to_markdown());
    }
    Ok(())
}
