//! The command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use streamgauge_benches::runner::Plan;

use crate::board::ROWS;

/// Measures streamgauge beside its peers.
#[derive(Debug, Parser)]
#[command(name = "scoreboard", version)]
pub(crate) struct Args {
    /// Print one JSON object a line instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Run only this row; may be repeated
    #[arg(long = "row", value_name = "NAME", value_parser = row_name)]
    pub(crate) rows: Vec<String>,
    /// Rounds a row is measured in (21 by default)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Do very little of everything: shows that each side works, not what it costs
    #[arg(long)]
    smoke: bool,
    /// The memory row's child process: a side and its number of series
    #[arg(long, hide = true, num_args = 2, value_names = ["SIDE", "SERIES"])]
    pub(crate) memory_child: Option<Vec<String>>,
}

impl Args {
    /// Reads the command line; the exit code if there is nothing left to do.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                let _closed = error.print();
                return ExitCode::SUCCESS;
            }
            // One line says what is wrong; clap's usage and hints after it do not.
            let text = error.to_string();
            let _closed = writeln!(io::stderr(), "{}", text.lines().next().unwrap_or("error: bad command line"));
            ExitCode::from(2)
        })
    }

    /// The size of the run.
    pub(crate) fn plan(&self) -> Plan {
        if self.smoke { Plan::smoke(self.rounds) } else { Plan::full(self.rounds) }
    }

    /// Whether a row was asked for.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|wanted| wanted == row)
    }
}

fn row_name(name: &str) -> Result<String, String> {
    if ROWS.contains(&name) { Ok(name.to_owned()) } else { Err(format!("the rows are {}", ROWS.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_understood() {
        let args = Args::try_parse_from(["scoreboard", "--row", "event", "--row", "memory", "--rounds", "3"]);
        let args = args.expect("good flags");
        assert!(args.wants("event") && args.wants("memory") && !args.wants("pipeline"));
        assert_eq!(args.plan().rounds, 3);
    }

    #[test]
    fn mistakes_are_refused_in_one_line() {
        for flags in [&["--rounds", "0"][..], &["--row", "speed"], &["--fast"], &["extra"]] {
            let error = Args::try_parse_from([&["scoreboard"], flags].concat()).expect_err("a bad flag");
            let line = error.to_string();
            let line = line.lines().next().unwrap_or_default();
            assert!(line.starts_with("error: "), "{flags:?} gave {line:?}");
        }
    }
}
