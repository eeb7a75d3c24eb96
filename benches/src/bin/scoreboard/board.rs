//! The order of the rows, and the run.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use streamgauge_benches::rows;
use streamgauge_benches::runner::{Outcome, Plan, measure};

use crate::args::Args;
use crate::{json, machine, table};

/// Every row of the usual run, in their order.
pub(crate) const ROWS: [&str; 28] = [
    "counter_inc",
    "histogram_observe",
    "family_with",
    "handle_cache_inc",
    "enum_family_inc",
    "set_lookup",
    "event",
    "pipeline",
    "encode_counters",
    "encode_histograms",
    "encode_many_threads",
    "encode_openmetrics",
    "gzip_scrape",
    "encode_protobuf",
    "series_create",
    "series_churn",
    "memory",
    "record_tail",
    "sqlite_pipeline",
    "parse_text",
    "facade_handle_inc",
    "facade_histogram_record",
    "facade_scrape_after_1m",
    "facade_macro_static",
    "facade_macro_owned",
    "facade_encode",
    "facade_memory",
    "facade_cache_memory",
];

/// Those of `--large`, which take minutes and gigabytes.
pub(crate) const LARGE_ROWS: [&str; 4] = ["encode_counters_1m", "series_create_1m", "series_churn", "memory_table"];

/// Runs what the command line asks for.
pub(crate) fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let result = match &args {
        Args { memory_child: Some(child), .. } => memory_child(child),
        Args { churn_child: Some(child), .. } => print(rows::churn_child(child[0], child[1])),
        Args { table_child: Some(case), .. } => print(rows::memory_table_child(*case).map(|bytes| [bytes])),
        Args { facade_child: Some(child), .. } => facade_child(child),
        Args { facade_cache_child: Some(child), .. } => facade_cache_child(child),
        _ => run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closes the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn memory_child(child: &[String]) -> io::Result<()> {
    let series = child[1].parse().map_err(|_| io::Error::other(format!("`{}` is not a number of series", child[1])))?;
    print(rows::memory_child(&child[0], series).map(|bytes| [bytes]))
}

fn facade_child(child: &[String]) -> io::Result<()> {
    let records =
        child[1].parse().map_err(|_| io::Error::other(format!("`{}` is not a number of records", child[1])))?;
    print(rows::facade_memory_child(&child[0], records).map(|bytes| [bytes]))
}

fn facade_cache_child(child: &[String]) -> io::Result<()> {
    let case = child[1].parse().map_err(|_| io::Error::other(format!("`{}` is not the number of a case", child[1])))?;
    print(rows::facade_cache_child(&child[0], case).map(|bytes| [bytes]))
}

/// Prints what a child has to say to the process that started it.
fn print<const N: usize>(figures: io::Result<[f64; N]>) -> io::Result<()> {
    writeln!(io::stdout(), "{}", figures?.map(|figure| figure.to_string()).join(" "))
}

fn run(args: &Args) -> io::Result<()> {
    let start = Instant::now();
    let plan = args.plan();
    let mut out = io::stdout();
    if !args.json {
        write!(out, "{}", machine::facts(plan))?;
    }
    for row in args.rows() {
        for outcome in outcomes(row, plan)? {
            let text = if args.json { json::line(&outcome) } else { table::block(&outcome) };
            out.write_all(text.as_bytes())?;
            out.flush()?;
        }
    }
    if !args.json {
        writeln!(out, "\n{:.1} s in all", start.elapsed().as_secs_f64())?;
    }
    Ok(())
}

fn outcomes(row: &str, plan: Plan) -> io::Result<Vec<Outcome>> {
    Ok(match row {
        "counter_inc" => measure(&rows::counter_inc(), plan),
        "histogram_observe" => measure(&rows::histogram_observe(), plan),
        "family_with" => measure(&rows::family_with(), plan),
        "handle_cache_inc" => measure(&rows::handle_cache_inc(), plan),
        "enum_family_inc" => measure(&rows::enum_family_inc(), plan),
        "set_lookup" => measure(&rows::set_lookup(), plan),
        "event" => measure(&rows::event(), plan),
        "pipeline" => vec![rows::pipeline(plan)],
        "encode_counters" => measure(&rows::encode_counters(), plan),
        "encode_histograms" => measure(&rows::encode_histograms(), plan),
        "encode_many_threads" => measure(&rows::encode_many_threads(), plan),
        "encode_openmetrics" => measure(&rows::encode_openmetrics(), plan),
        "gzip_scrape" => measure(&rows::gzip_scrape(), plan),
        "encode_protobuf" => measure(&rows::encode_protobuf(), plan),
        "encode_counters_1m" => measure(&rows::encode_counters_1m(plan), plan),
        "series_create" => vec![rows::series_create(plan)],
        "series_create_1m" => vec![rows::series_create_1m(plan)],
        "series_churn" => rows::series_churn(plan)?,
        "memory_table" => rows::memory_table()?,
        "memory" => vec![rows::memory(plan)?],
        "record_tail" => rows::record_tail(plan),
        "sqlite_pipeline" => vec![rows::sqlite_pipeline(plan)?],
        "facade_handle_inc" => measure(&rows::facade_handle_inc(), plan),
        "facade_histogram_record" => measure(&rows::facade_histogram_record(), plan),
        "facade_scrape_after_1m" => vec![rows::facade_scrape_after_1m(plan)],
        "facade_macro_static" => measure(&rows::facade_macro_static(), plan),
        "facade_macro_owned" => measure(&rows::facade_macro_owned(), plan),
        "facade_encode" => measure(&rows::facade_encode(), plan),
        "facade_memory" => vec![rows::facade_memory(plan)?],
        "facade_cache_memory" => rows::facade_cache_memory()?,
        "parse_text" => {
            [rows::parse_text(), rows::parse_text_node()].iter().flat_map(|row| measure(row, plan)).collect()
        }
        other => unreachable!("{other} is in neither list of rows"),
    })
}
