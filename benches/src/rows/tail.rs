//! How long a record can take while somebody scrapes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;

use crate::inputs::observations;
use crate::runner::{Outcome, Plan, Role, Samples};
use crate::sides::{metrics, ours, prometheus};

/// The reported points of the distribution.
const POINTS: [(&str, f64); 4] = [("ns p50", 0.5), ("ns p99.9", 0.999), ("ns p99.99", 0.9999), ("ns max", 1.0)];

/// Time of one histogram record, clock included, while another thread scrapes a thousand histograms without pause.
///
/// The points are those of all rounds together, for a maximum has no median. The maximum is the operating system's
/// as much as the library's: any of them may be preempted.
pub fn record_tail(plan: Plan) -> Vec<Outcome> {
    let mut sides = [
        Recorded::new("streamgauge", Role::Ours),
        Recorded::new("prometheus", Role::Peer),
        Recorded::new("metrics", Role::Peer),
    ];
    let (ours, prometheus, metrics) = (ours::tail(), prometheus::tail(), metrics::tail());
    let per_round = plan.tail_records / u64::from(plan.rounds);
    for _ in 0..plan.rounds {
        sides[0].round(per_round, &ours.0, &ours.1);
        sides[1].round(per_round, &prometheus.0, &prometheus.1);
        sides[2].round(per_round, &metrics.0, &metrics.1);
    }
    POINTS
        .into_iter()
        .map(|(unit, quantile)| {
            let samples = sides.iter().map(|side| side.at(quantile)).collect();
            Outcome::of("record_tail", 1, unit, samples)
        })
        .collect()
}

/// What a longer record would be counted as: a minute.
const LONGEST_NANOS: u64 = 60_000_000_000;

struct Recorded {
    name: &'static str,
    role: Role,
    nanos: Histogram<u64>,
}

impl Recorded {
    fn new(name: &'static str, role: Role) -> Self {
        let nanos = Histogram::new_with_bounds(1, LONGEST_NANOS, 3).expect("three digits of a minute fit");
        Self { name, role, nanos }
    }

    fn round(&mut self, records: u64, record: &impl Fn(f64), scrape: &(impl Fn() + Sync)) {
        let stop = AtomicBool::new(false);
        let scraping = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    scrape();
                    scraping.store(true, Ordering::Relaxed);
                }
            });
            while !scraping.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            for &value in observations().iter().cycle().take(records as usize) {
                let start = Instant::now();
                record(value);
                let nanos = start.elapsed().as_nanos() as u64;
                self.nanos.saturating_record(nanos);
            }
            stop.store(true, Ordering::Relaxed);
        });
    }

    fn at(&self, quantile: f64) -> Samples {
        let mut samples = Samples::new(self.name, self.role);
        samples.push(self.nanos.value_at_quantile(quantile) as f64);
        samples
    }
}
