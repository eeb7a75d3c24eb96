//! Series that come and go without end: temporary tables, consumer groups, connections.
//!
//! What they cost, and whether the memory of those that went comes back, with and without somebody who scrapes.

use std::io;
use std::time::Instant;

use super::child::{self, resident_bytes};
use crate::runner::{Outcome, Plan, Role, Samples};
use crate::sides::ours_series::Churn;

/// Series that live at a time.
const LIVE: u64 = 1_000;
/// Cycles from one scrape to the next, where somebody scrapes.
const SCRAPE_EVERY: u64 = 10_000;
/// What is reported of the run in which the first scrape is the last, and of the one with scrapes in between.
const RUNS: [(u64, [&str; 5]); 2] = [
    (0, ["ns/cycle", "bytes before", "bytes at the middle", "bytes at the end", "bytes grown"]),
    (
        SCRAPE_EVERY,
        [
            "ns/cycle, scraped",
            "bytes before, scraped",
            "bytes at the middle, scraped",
            "bytes at the end, scraped",
            "bytes grown, scraped",
        ],
    ),
];

/// A cycle: a series is made, counted in, and the one that was made a thousand cycles ago removed; the name of the
/// table is formatted for both. In a child process, whose resident set is read before the first cycle, at the middle
/// and at the end; what it grew from the middle to the end should be nothing.
///
/// # Errors
/// If a child cannot be started, or loses or keeps a series.
pub fn series_churn(plan: Plan) -> io::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (scrape_every, units) in RUNS {
        let arguments = ["--churn-child", &plan.churned.to_string(), &scrape_every.to_string()];
        let figures = child::numbers(&arguments)?;
        outcomes.extend(units.into_iter().zip(figures).map(|(unit, figure)| {
            let mut samples = Samples::new("streamgauge", Role::Ours);
            samples.push(figure);
            Outcome::of("series_churn", 1, unit, vec![samples])
        }));
    }
    Ok(outcomes)
}

/// The child's part: so many cycles, with a scrape after each `scrape_every` of them, never where that is 0. Returns
/// nanoseconds a cycle, scrapes included, the resident set before, at the middle and at the end, and its growth in the
/// second half.
///
/// # Errors
/// If the system does not tell its resident set, or the series that live at the end are not those that should.
pub fn churn_child(cycles: u64, scrape_every: u64) -> io::Result<[f64; 5]> {
    let mut churn = Churn::new(LIVE);
    // The scraper is known from now on: final values wait for it, whether it comes again or not.
    churn.scrape();
    let before = resident_bytes()?;
    let start = Instant::now();
    run(&mut churn, cycles / 2, scrape_every);
    let first_half = start.elapsed();
    let middle = resident_bytes()?;
    let start = Instant::now();
    run(&mut churn, cycles - cycles / 2, scrape_every);
    let elapsed = first_half + start.elapsed();
    let end = resident_bytes()?;
    // The first shows what went last once more.
    churn.scrape();
    let shown = churn.scrape();
    if shown != LIVE as usize {
        return Err(io::Error::other(format!("{shown} series live at the end, not {LIVE}")));
    }
    let nanos = elapsed.as_nanos() as f64 / cycles as f64;
    Ok([nanos, before as f64, middle as f64, end as f64, end as f64 - middle as f64])
}

fn run(churn: &mut Churn, cycles: u64, scrape_every: u64) {
    for cycle in 1..=cycles {
        churn.cycle();
        if scrape_every != 0 && cycle % scrape_every == 0 {
            churn.scrape();
        }
    }
}
