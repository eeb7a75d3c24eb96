//! What the figures were measured on.

use std::fs;
use std::thread;

use streamgauge_benches::runner::Plan;

/// The header of the table.
pub(crate) fn facts(plan: Plan) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "streamgauge {version} beside its peers\n\
         cpu      {} ({cores} cores, {})\n\
         build    {}, {}\n\
         load     {} (1 minute; above 0.5, the rows with two threads are not to be trusted)\n\
         method   {} interleaved rounds, slices of {:?}; a ratio is the median of the rounds' ratios\n",
        cpu(),
        std::env::consts::ARCH,
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

fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split_whitespace().next().unwrap_or("unknown").to_owned()
}
