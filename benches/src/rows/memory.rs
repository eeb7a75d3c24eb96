//! What a series costs in memory.
//!
//! Each side creates its series in a process of its own and reports how far the resident set grew: the one measure
//! that treats alike an allocator, an arena outside it, and tables that doubled. The text of the labels is
//! subtracted; everyone has to keep that.

use std::any::Any;
use std::hint::black_box;
use std::io;

use super::child::{self, resident_bytes};
use crate::rows::Series;
use crate::runner::{Outcome, Plan, Role, Samples};
use crate::sides::{measured, metrics, ours, prometheus, prometheus_client};

/// The least a counter can take: its value.
const LIMIT_BYTES: f64 = 8.0;

type Populate = fn(&Series) -> Box<dyn Any>;

/// Sides with labelled families and their ways to fill them.
pub const MEMORY_SIDES: [(&str, Role, Populate); 5] = [
    ("streamgauge", Role::Ours, ours::populate),
    ("prometheus", Role::Peer, prometheus::populate),
    ("prometheus-client", Role::Peer, prometheus_client::populate),
    ("metrics", Role::Peer, metrics::populate),
    ("measured", Role::Peer, measured::populate),
];

/// Bytes a counter series beyond its label text, with one writing thread, each side in a child process.
///
/// # Errors
/// If a child cannot be started, or reports no number.
pub fn memory(plan: Plan) -> io::Result<Outcome> {
    let mut samples = Vec::new();
    for (name, role, _) in MEMORY_SIDES {
        let mut side = Samples::new(name, role);
        side.push(in_child(name, plan.series)?);
        samples.push(side);
    }
    let mut limit = Samples::new("value", Role::Limit);
    limit.push(LIMIT_BYTES);
    samples.push(limit);
    Ok(Outcome::of("memory", 1, "bytes/series", samples))
}

fn in_child(side: &str, series: u64) -> io::Result<f64> {
    let numbers = child::numbers(&["--memory-child", side, &series.to_string()])?;
    numbers.first().copied().ok_or_else(|| io::Error::other(format!("the memory child of `{side}` printed nothing")))
}

/// The child's part: creates the series of one side and returns what each took.
///
/// # Errors
/// If there is no such side, or the system does not tell its resident set.
pub fn memory_child(side: &str, series: u64) -> io::Result<f64> {
    let (_, _, populate) = MEMORY_SIDES
        .into_iter()
        .find(|(name, ..)| *name == side)
        .ok_or_else(|| io::Error::other(format!("no side is called `{side}`")))?;
    let series = Series::new(series);
    // What a library sets up once a process is not a series' cost.
    let _first = populate(&Series::new(1));
    let before = resident_bytes()?;
    let kept = populate(&series);
    let after = resident_bytes()?;
    black_box(&kept);
    let grown = after.saturating_sub(before).saturating_sub(series.label_text_bytes());
    Ok(grown as f64 / series.count() as f64)
}
