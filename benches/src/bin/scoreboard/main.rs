//! Measures streamgauge beside its peers and beside the cheapest code that could do each job.
//!
//! `cargo run --release -p streamgauge-benches --bin scoreboard` prints a table; `--json` one object a row.

mod args;
mod board;
mod json;
mod machine;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    board::main()
}
