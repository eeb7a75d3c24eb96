//! Captures, replicates, measures and verifies the changes of an order-processing database. See `--help`.
//!
//! ```sh
//! cargo run --release -p streamgauge-examples --example cdc
//! ```
//!
//! Exits with 0 if everything that was captured was applied or dead-lettered and counted, with 1 if not or if the run
//! failed, and with 2 for a wrong flag.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to a terminal")]

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use streamgauge_examples::cli::{self, Exit};
use streamgauge_examples::{Config, Error, Live, run};

fn main() -> ExitCode {
    let mut config = match cli::parse(std::env::args_os()) {
        Ok(config) => config,
        Err(Exit::Asked(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Exit::Wrong(line)) => {
            eprintln!("{line}");
            return ExitCode::from(2);
        }
    };
    if io::stderr().is_terminal() {
        config.live = Live::Redraw;
    }
    match demo(&config) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until the events are captured or a signal comes; a second signal ends the process at once.
fn demo(config: &Config) -> Result<bool, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    // Not locked for the run: a thread that panics wants to say so.
    let outcome = run(config, &mut io::stdout(), &mut io::stderr(), &stop)?;
    Ok(outcome.verification.holds())
}
