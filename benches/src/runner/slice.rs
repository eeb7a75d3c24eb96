//! The timing of one slice: `n` operations of one side, on one thread or on several at once.

use std::hint;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::row::Side;

/// Share of a slice that runs untimed first: it brings the side's own lines back after its rival's slice and, in a
/// fresh thread, pays for what a library does once a thread.
const WARM_UP_SHARE: u64 = 16;

/// Spins before a waiting thread offers its core, for machines with fewer cores than threads.
const SPINS_BEFORE_YIELD: u32 = 1 << 14;

/// Runs `n` operations on each of `threads` threads and returns the mean time a thread took.
pub fn time(side: &Side, n: u64, threads: u32) -> Duration {
    if threads <= 1 {
        return timed(side, n, || {});
    }
    let gate = AtomicU32::new(threads);
    let total: Duration = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| timed(side, n, || pass(&gate)))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a measured loop does not panic")).sum()
    });
    total / threads
}

fn timed(side: &Side, n: u64, wait: impl FnOnce()) -> Duration {
    side.run(n / WARM_UP_SHARE + 1);
    wait();
    let start = Instant::now();
    side.run(n);
    start.elapsed()
}

/// Lets every thread go at the same moment. A `Barrier` wakes its threads through the kernel, tens of microseconds
/// apart; this one is passed spinning.
fn pass(gate: &AtomicU32) {
    // AcqRel: a plain rendezvous; nothing is published through it, so any ordering would do.
    gate.fetch_sub(1, Ordering::AcqRel);
    let mut spins = 0;
    while gate.load(Ordering::Acquire) != 0 {
        spins += 1;
        if spins > SPINS_BEFORE_YIELD {
            thread::yield_now();
        } else {
            hint::spin_loop();
        }
    }
}
