//! The command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use streamgauge_benches::runner::Plan;

use crate::board::{LARGE_ROWS, ROWS};

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
    /// Rounds a row is measured in (21 by default, 3 with --large)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Do very little of everything: shows that each side works, not what it costs
    #[arg(long, conflicts_with = "large")]
    smoke: bool,
    /// Run the rows of a million series instead of the usual ones: minutes, and a few gigabytes of memory
    #[arg(long)]
    large: bool,
    /// The memory row's child process: a side and its number of series
    #[arg(long, hide = true, num_args = 2, value_names = ["SIDE", "SERIES"])]
    pub(crate) memory_child: Option<Vec<String>>,
    /// The churn row's child process: cycles, and from one scrape to the next
    #[arg(long, hide = true, num_args = 2, value_names = ["CYCLES", "EVERY"])]
    pub(crate) churn_child: Option<Vec<u64>>,
    /// The facade's memory row's child process: a side and its records
    #[arg(long, hide = true, num_args = 2, value_names = ["SIDE", "RECORDS"])]
    pub(crate) facade_child: Option<Vec<String>>,
    /// The facade's cache row's child process: a side and the number of a case
    #[arg(long, hide = true, num_args = 2, value_names = ["SIDE", "CASE"])]
    pub(crate) facade_cache_child: Option<Vec<String>>,
    /// The memory table's child process: the number of a case
    #[arg(long, hide = true, value_name = "CASE")]
    pub(crate) table_child: Option<usize>,
}

impl Args {
    /// Reads the command line; the exit code if there is nothing left to do.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().and_then(Self::checked).map_err(|error| {
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

    /// Refuses a row that is not of the run that was asked for.
    fn checked(self) -> Result<Self, clap::Error> {
        let Some(other) = self.rows.iter().find(|row| !self.all_rows().contains(&row.as_str())) else {
            return Ok(self);
        };
        let with = if self.large { "without" } else { "with" };
        let message = format!("the row {other} is run {with} --large only");
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }

    /// The size of the run.
    pub(crate) fn plan(&self) -> Plan {
        match (self.smoke, self.large) {
            (true, _) => Plan::smoke(self.rounds),
            (_, true) => Plan::large(self.rounds),
            _ => Plan::full(self.rounds),
        }
    }

    /// The rows that were asked for, in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static str> {
        self.all_rows().iter().copied().filter(|row| self.wants(row))
    }

    fn all_rows(&self) -> &'static [&'static str] {
        if self.large { &LARGE_ROWS } else { &ROWS }
    }

    fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|wanted| wanted == row)
    }
}

fn row_name(name: &str) -> Result<String, String> {
    if ROWS.contains(&name) || LARGE_ROWS.contains(&name) {
        return Ok(name.to_owned());
    }
    // The usual ones last: what comes after "the rows are" is all of what a usual run has to show.
    Err(format!("those of --large are {}; the rows are {}", LARGE_ROWS.join(", "), ROWS.join(", ")))
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
        let args = Args::try_parse_from(["scoreboard", "--large", "--row", "encode_counters_1m"]);
        let args = args.and_then(Args::checked).expect("good flags");
        assert!(args.rows().eq(["encode_counters_1m"]));
        assert_eq!(args.plan().rounds, 3);
    }

    #[test]
    fn mistakes_are_refused_in_one_line() {
        let bad: [&[&str]; 7] = [
            &["--rounds", "0"],
            &["--row", "speed"],
            &["--fast"],
            &["extra"],
            &["--smoke", "--large"],
            &["--row", "encode_counters_1m"],
            &["--large", "--row", "event"],
        ];
        for flags in bad {
            let parsed = Args::try_parse_from([&["scoreboard"], flags].concat()).and_then(Args::checked);
            let error = parsed.expect_err("a bad flag");
            let line = error.to_string();
            let line = line.lines().next().unwrap_or_default();
            assert!(line.starts_with("error: "), "{flags:?} gave {line:?}");
        }
    }
}
