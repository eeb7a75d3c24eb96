//! Series that come into being.

use std::time::Instant;

use criterion::{Criterion, Throughput};
use streamgauge_benches::inputs::table_names;
use streamgauge_benches::sides::ours_series;

const SERIES: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default().sample_size(30).configure_from_args();
    let names: Vec<_> = table_names(SERIES).collect();
    let mut group = criterion.benchmark_group("series_create");
    group.throughput(Throughput::Elements(SERIES as u64));
    group.bench_function("streamgauge", |bencher| {
        bencher.iter_custom(|n| {
            let creations = (0..n).map(|_| {
                let mut family = ours_series::create(&names);
                let start = Instant::now();
                family.add(&names);
                start.elapsed()
            });
            creations.sum()
        });
    });
    group.finish();
    criterion.final_summary();
}
