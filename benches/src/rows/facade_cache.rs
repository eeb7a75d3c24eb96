//! What the threads of a recorder of the `metrics` facade remember.

use std::hint::black_box;
use std::io;
use std::sync::Barrier;
use std::thread;

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::PrometheusRecorder as Stock;
use streamgauge_exporter::recorder::Recorder as Ours;

use super::child::{self, resident_bytes};
use crate::runner::{Outcome, Role, Samples};
use crate::sides::facade::Facade;

const THREADS: u64 = 64;

/// A line of the row.
struct Case {
    unit: &'static str,
    record: fn(u64),
}

const CASES: [Case; 2] = [
    Case { unit: "MiB, 8,000 keys of each kind", record: record_shared },
    Case { unit: "MiB, 9,000 keys a thread, past the limit", record: record_own },
];

/// All threads record the same keys.
fn record_shared(_: u64) {
    for id in 0..8_000 {
        let labels = || [("id", id.to_string()), ("op", "insert".to_owned()), ("table", "orders".to_owned())];
        counter!("events", &labels()).increment(1);
        gauge!("depth", &labels()).set(1);
        histogram!("latency", &labels()).record(1);
    }
}

/// Each thread records keys of its own, most of which are past our recorder's series limit.
fn record_own(thread: u64) {
    for id in 0..9_000 {
        let id = (9_000 * thread + id).to_string();
        counter!("events", "id" => id, "op" => "insert".to_owned(), "table" => "orders".to_owned()).increment(1);
    }
}

/// How far the resident set grows while 64 threads record, each twice, and live on; each side in a child process.
///
/// # Errors
/// If a child cannot be started, or reports no number.
pub fn facade_cache_memory() -> io::Result<Vec<Outcome>> {
    let line = |(index, case): (usize, &Case)| {
        let mut samples = Vec::new();
        for (name, role) in [("streamgauge", Role::Ours), ("stock", Role::Peer)] {
            let numbers = child::numbers(&["--facade-cache-child", name, &index.to_string()])?;
            let mut side = Samples::new(name, role);
            side.push(numbers.first().copied().unwrap_or(f64::NAN) / f64::from(1 << 20));
            samples.push(side);
        }
        Ok(Outcome::of("facade_cache_memory", THREADS as u32, case.unit, samples))
    };
    CASES.iter().enumerate().map(line).collect()
}

/// The child's part.
///
/// # Errors
/// If there is no such side or case, or the system does not tell its resident set.
pub fn facade_cache_child(side: &str, case: usize) -> io::Result<f64> {
    let case = CASES.get(case).ok_or_else(|| io::Error::other(format!("there is no case {case}")))?;
    match side {
        "streamgauge" => grown::<Ours>(case),
        "stock" => grown::<Stock>(case),
        _ => Err(io::Error::other(format!("no side is called `{side}`"))),
    }
}

fn grown<F: Facade>(case: &Case) -> io::Result<f64> {
    let recorder = F::fresh();
    let step = Barrier::new(THREADS as usize + 1);
    let (before, after) = thread::scope(|scope| {
        for thread in 0..THREADS {
            let (recorder, step) = (&recorder, &step);
            scope.spawn(move || {
                // Three steps: all are there, all have recorded, the set is read.
                step.wait();
                step.wait();
                with_local_recorder(recorder, || (0..2).for_each(|_| (case.record)(thread)));
                step.wait();
                step.wait();
            });
        }
        step.wait();
        let before = resident_bytes();
        step.wait();
        step.wait();
        let after = resident_bytes();
        step.wait();
        (before, after)
    });
    black_box(&recorder);
    Ok(after?.saturating_sub(before?) as f64)
}
