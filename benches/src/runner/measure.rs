//! The interleaved rounds of one row.

use super::outcome::{Outcome, Samples};
use super::plan::Plan;
use super::row::{Row, Side};
use super::slice::time;

/// Measures a row once for each of its thread counts.
pub fn measure(row: &Row, plan: Plan) -> Vec<Outcome> {
    row.threads.iter().map(|&threads| measure_at(row, threads, plan)).collect()
}

fn measure_at(row: &Row, threads: u32, plan: Plan) -> Outcome {
    let lengths: Vec<u64> = row.sides.iter().map(|side| calibrate(side, threads, plan)).collect();
    let mut samples: Vec<Samples> = row.sides.iter().map(|side| Samples::new(side.name(), side.role())).collect();
    for round in 0..plan.rounds as usize {
        for step in 0..row.sides.len() {
            let turn = (round + step) % row.sides.len();
            let n = lengths[turn];
            let elapsed = time(&row.sides[turn], n, threads);
            row.sides[turn].tidy();
            samples[turn].push(elapsed.as_nanos() as f64 / (n * row.units_per_op) as f64);
        }
    }
    Outcome::of(row.name, threads, row.unit, samples)
}

/// The number of operations that fills a slice. Doubling from one also warms the side up.
fn calibrate(side: &Side, threads: u32, plan: Plan) -> u64 {
    let mut n = 1;
    loop {
        let elapsed = time(side, n, threads);
        side.tidy();
        if elapsed * 4 >= plan.slice {
            let per_slice = plan.slice.as_secs_f64() / elapsed.as_secs_f64();
            return ((n as f64 * per_slice) as u64).max(1);
        }
        n *= 2;
    }
}
