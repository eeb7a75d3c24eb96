//! A replay of ten thousand changes, bare and instrumented.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use streamgauge_benches::replay::{Bare, Feed, Instruments, Pipeline};
use streamgauge_benches::sides::ours;

const CHANGES: u64 = 10_000;

fn main() {
    let mut criterion = Criterion::default().sample_size(50).configure_from_args();
    let feed = Feed::new(CHANGES, 1);
    bench(&mut criterion, "bare", &feed, Bare);
    bench(&mut criterion, "streamgauge", &feed, ours::Stage::new());
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, name: &str, feed: &Feed, instruments: impl Instruments) {
    let mut pipeline = Pipeline::new(instruments);
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(feed.changes()));
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| pipeline.replay(black_box(&feed.slices()[0])));
    });
    group.finish();
}
