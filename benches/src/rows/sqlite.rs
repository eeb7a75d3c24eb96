//! The demo's whole pipeline, with a database at both ends, with and without metrics: a fact, not a floor, for there
//! the instrumentation drowns in what the databases do.

use std::error::Error;
use std::io;
use std::sync::atomic::AtomicBool;

use streamgauge_examples::{Config, run};

use crate::runner::{Outcome, Plan, Role, Samples};

/// How often the two take turns; a run takes so long that the plan's rounds would take minutes.
const ALTERNATIONS: u32 = 11;

/// Microseconds an event of the demo takes from the first to the last, on a registry and on a disabled one.
///
/// # Errors
/// What kept a run from its end, or a run whose accounts did not agree.
pub fn sqlite_pipeline(plan: Plan) -> io::Result<Outcome> {
    let mut with = Samples::new("metrics", Role::Ours);
    let mut without = Samples::new("no metrics", Role::Limit);
    for alternation in 0..plan.rounds.min(ALTERNATIONS) {
        // Turn about, so that neither always meets the page cache the other one warmed.
        for metrics in [alternation % 2 == 0, alternation % 2 != 0] {
            let micros = micros_per_event(plan.sqlite_changes, metrics)?;
            if metrics { with.push(micros) } else { without.push(micros) }
        }
    }
    Ok(Outcome::of("sqlite_pipeline", 1, "us/event", vec![with, without]))
}

fn micros_per_event(events: u64, metrics: bool) -> io::Result<f64> {
    let config = Config { events: Some(events), metrics, ..Config::default() };
    let outcome = run(&config, &mut io::sink(), &mut io::sink(), &AtomicBool::new(false)).map_err(failed)?;
    if !outcome.verification.holds() {
        return Err(io::Error::other("the demo's accounts do not agree"));
    }
    Ok(outcome.elapsed.as_secs_f64() * 1e6 / events as f64)
}

fn failed(error: impl Error) -> io::Error {
    io::Error::other(format!("the demo stopped: {error}"))
}
