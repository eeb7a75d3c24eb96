//! What the figures were measured on.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use streamgauge_benches::runner::Plan;

/// The header of the table.
pub(crate) fn facts(plan: Plan) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "streamgauge {version} beside its peers\n\
         cpu      {} ({cores} cores, {})\n\
         add      {:.1} ns (a locked add of one thread: what every record of a peer costs at least)\n\
         build    {}, {}\n\
         load     {} (1 minute; above 0.5, the rows with two threads are not to be trusted)\n\
         method   {} interleaved rounds, slices of {:?}; a ratio is the median of the rounds' ratios\n",
        cpu(),
        std::env::consts::ARCH,
        locked_add(),
        std::env::consts::OS,
        if cfg!(debug_assertions) { "DEBUG, run with --release" } else { "release" },
        load(),
        plan.rounds,
        plan.slice,
    )
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Measures a locked add that nobody contends for, in nanoseconds: the least of a few slices.
fn locked_add() -> f64 {
    const ADDS: u32 = 1_000_000;
    let word = AtomicU64::new(0);
    let slice = |_| {
        let start = Instant::now();
        for _ in 0..ADDS {
            // Relaxed: it is locked all the same, and nothing is concluded from the sum.
            black_box(&word).fetch_add(1, Ordering::Relaxed);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ADDS)
    };
    (0..9).map(slice).fold(f64::INFINITY, f64::min)
}

fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split_whitespace().next().unwrap_or("unknown").to_owned()
}
