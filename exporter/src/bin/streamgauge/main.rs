//! The command `streamgauge`: looks at expositions from outside.
//!
//! Exits with 0 if there is no error, with 1 if there is one in what was looked at, and with 2 if it could not be looked
//! at or a flag is wrong.
#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a program that talks to a terminal")]

mod escape;
mod fetch;
mod input;
mod report;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use streamgauge::parse::Syntax;

use input::Input;
use report::Report;

/// Looks at Prometheus expositions.
#[derive(Debug, Parser)]
#[command(name = "streamgauge", version)]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads an exposition as strictly as its format allows, and says what is wrong or odd
    ///
    /// Exits with 0 if nothing is wrong, with 1 if something is, and with 2 if there was nothing to read. What is only
    /// odd is a warning.
    Check {
        /// A file, - for standard input, or a URL that begins with http://
        #[arg(value_name = "FILE|URL")]
        from: Input,

        /// Write one JSON object instead of lines
        #[arg(long)]
        json: bool,

        /// The format to expect, and to ask a URL for [default: what the answer is; of a file, openmetrics if its last
        /// line is # EOF]
        #[arg(long, value_name = "FORMAT")]
        format: Option<Format>,

        /// The longest body that is read, in MiB; what is kept of it may take sixteen times as much memory
        #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4096))]
        max_mib: u16,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// The Prometheus text format 0.0.4
    Text,
    /// OpenMetrics 1.0
    #[value(name = "openmetrics")]
    OpenMetrics,
}

impl From<Format> for Syntax {
    fn from(format: Format) -> Syntax {
        match format {
            Format::Text => Syntax::Text,
            Format::OpenMetrics => Syntax::OpenMetrics,
        }
    }
}

fn main() -> ExitCode {
    let Flags { command: Command::Check { from, json, format, max_mib } } = Flags::parse();
    let most = usize::from(max_mib) << 20;
    let (body, syntax) = match from.read(format.map(Syntax::from), most) {
        Ok(read) => read,
        Err(error) => {
            let (from, error) = (from.to_string(), error.to_string());
            eprintln!("error: {}: {}", escape::printable(&from), escape::printable(&error));
            return ExitCode::from(2);
        }
    };
    let report = Report::of(syntax, &body, most);
    let text = if json { report.json(&from.to_string()) } else { report.text(&from.to_string()) };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: cannot write the report: {error}");
            ExitCode::from(2)
        }
        _ if report.errors() > 0 => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
