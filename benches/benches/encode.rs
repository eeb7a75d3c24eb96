//! The rows that scrape.

mod harness;

use streamgauge_benches::rows;

fn main() {
    let mut criterion = harness::criterion();
    for row in [
        rows::encode_counters(),
        rows::encode_histograms(),
        rows::encode_many_threads(),
        rows::encode_openmetrics(),
        rows::encode_protobuf(),
    ] {
        harness::add(&mut criterion, &row);
    }
    criterion.final_summary();
}
