//! The command line of the `cdc` example.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};

use crate::{Config, Fault, Live};

/// Every table costs the source four objects of its schema, which each connection reads anew when a table comes or goes.
const MOST_TABLES: i64 = 256;

/// Each has a thread and a connection of its own, and all write one after the other.
const MOST_WRITERS: i64 = 64;

/// Captures a workload's row changes, replicates them, measures everything, and verifies the result.
#[derive(Debug, Parser)]
#[command(name = "cdc", version)]
struct Flags {
    /// Stop after N captured events, counted over all runs of the state directory [default: run until Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,

    /// State directory; a run that was stopped or killed is resumed from it [default: a temporary one]
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,

    /// Writers of the shop's orders; one more writes to the short-lived tables
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(..=MOST_WRITERS))]
    writers: u8,

    /// Short-lived tables that are there at a time, created and dropped while the run lasts; 0 for none
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(..=MOST_TABLES))]
    tables: u16,

    /// Rows written to short-lived tables between two that are dropped: fewer rows, shorter lives
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..))]
    table_rows: u64,

    /// Send SIGKILL to itself after N applied events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    kill_after: Option<u64>,

    /// Address of the metrics endpoint; without a host it is 127.0.0.1, and port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = address)]
    listen: String,

    /// Run the same code on a disabled registry
    #[arg(long)]
    no_metrics: bool,

    /// Keep the metrics endpoint up for SECS after the run
    #[arg(long, value_name = "SECS", default_value_t = 0)]
    linger: u64,

    /// Break something on purpose, to see that verification notices
    #[arg(long, value_name = "FAULT", hide = true)]
    fault: Option<FaultFlag>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FaultFlag {
    DropOneIncrement,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Exit {
    /// Help or the version was asked for: print this to standard output.
    Asked(String),
    /// A flag is wrong: print this line to standard error and exit with status 2.
    Wrong(String),
}

/// Turns the arguments of the process, its name first, into a configuration.
///
/// # Errors
/// [`Exit`], if there is none.
pub fn parse<I, T>(args: I) -> Result<Config, Exit>
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString> + Clone,
{
    let flags = Flags::try_parse_from(args).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Asked(error.to_string()),
        // Clap adds the usage and a hint on further lines; the first one says what is wrong.
        _ => Exit::Wrong(error.to_string().lines().next().unwrap_or("error: bad flags").to_owned()),
    })?;
    Ok(Config {
        events: flags.events,
        dir: flags.dir,
        kill_after: flags.kill_after,
        listen: flags.listen,
        metrics: !flags.no_metrics,
        writers: flags.writers.into(),
        tables: flags.tables.into(),
        table_rows: flags.table_rows,
        linger: Duration::from_secs(flags.linger),
        live: Live::Append,
        fault: flags.fault.map(|FaultFlag::DropOneIncrement| Fault::DropOneIncrement),
        ..Config::default()
    })
}

/// Checks the shape of an address; whether it can be listened on shows when it is tried.
fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            Ok(format!("{}:{port}", if host.is_empty() { "127.0.0.1" } else { host }))
        }
        _ => Err(String::from("expected HOST:PORT or :PORT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(flags: &[&str]) -> String {
        match parse([&["cdc"], flags].concat()) {
            Err(Exit::Wrong(line)) => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_flags_are_the_default() {
        let config = parse(["cdc"]).expect("no flags are fine");
        assert!(config.events.is_none() && config.dir.is_none() && config.metrics);
        assert_eq!(config.listen, "127.0.0.1:0");
        let default = Config::default();
        assert_eq!(config.writers, default.writers);
        assert_eq!((config.tables, config.table_rows), (default.tables, default.table_rows));
    }

    #[test]
    fn all_flags_arrive() {
        let flags = ["--events", "7", "--dir", "d", "--kill-after", "3", "--listen", ":9000", "--no-metrics"];
        let more = ["--linger", "2", "--tables", "0", "--table-rows", "9", "--writers", "0"];
        let config = parse([&["cdc"], &flags[..], &more].concat()).expect("these flags are fine");
        assert_eq!((config.writers, config.tables, config.table_rows), (0, 0, 9));
        assert_eq!((config.events, config.kill_after, config.metrics), (Some(7), Some(3), false));
        assert_eq!((config.listen.as_str(), config.linger), ("127.0.0.1:9000", Duration::from_secs(2)));
    }

    #[test]
    fn a_wrong_flag_is_one_line() {
        for flags in [
            &["--event", "7"][..],
            &["--events", "many"],
            &["--events", "0"],
            &["--listen", "localhost"],
            &["--listen", "127.0.0.1:99999"],
            &["--linger", "-1"],
            &["--writers", "65"],
            &["--writers", "-1"],
            &["--tables", "257"],
            &["--tables", "-1"],
            &["--tables", "few"],
            &["--table-rows", "0"],
            &["stray"],
        ] {
            let line = wrong(flags);
            assert!(line.starts_with("error: ") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn help_is_no_error() {
        assert!(matches!(parse(["cdc", "--help"]), Err(Exit::Asked(text)) if text.contains("--kill-after")));
    }
}
