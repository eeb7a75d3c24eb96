//! What a series costs in memory.
//!
//! Each side creates its series in a process of its own and reports how far the resident set grew: the one measure
//! that treats alike an allocator, an arena outside it, and tables that doubled. The text of the labels is
//! subtracted; everyone has to keep that.

use std::any::Any;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::{env, fs, io};

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
    let output = Command::new(env::current_exe()?)
        .args(["--memory-child", side, &series.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| io::Error::other(format!("the memory child of `{side}` printed {text:?}")))
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

fn resident_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|number| number.parse::<u64>().ok());
    kibibytes.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}
