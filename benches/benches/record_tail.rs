//! One record while another thread scrapes without pause: criterion keeps the mean, the scoreboard shows the tail.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use criterion::Criterion;
use streamgauge_benches::inputs::observations;
use streamgauge_benches::sides::ours;

fn main() {
    let mut criterion = Criterion::default().sample_size(30).configure_from_args();
    let (record, scrape) = ours::tail();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Moved in, so that it ends, and its threads with it, before the scope does.
            let scrape = scrape;
            while !stop.load(Ordering::Relaxed) {
                scrape();
            }
        });
        let mut values = observations().iter().cycle();
        criterion.bench_function("record_tail", |bencher| {
            bencher.iter(|| record(black_box(*values.next().expect("it never ends"))));
        });
        stop.store(true, Ordering::Relaxed);
    });
    criterion.final_summary();
}
