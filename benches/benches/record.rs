//! The rows that record.

mod harness;

use streamgauge_benches::rows;

fn main() {
    let mut criterion = harness::criterion();
    for row in [rows::counter_inc(), rows::histogram_observe(), rows::family_with(), rows::event()] {
        harness::add(&mut criterion, &row);
    }
    for row in [rows::handle_cache_inc(), rows::enum_family_inc(), rows::set_lookup()] {
        harness::add(&mut criterion, &row);
    }
    criterion.final_summary();
}
