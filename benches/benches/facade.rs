//! The rows of the `metrics` facade.

mod harness;

use streamgauge_benches::rows;

fn main() {
    let mut criterion = harness::criterion();
    for row in [
        rows::facade_handle_inc(),
        rows::facade_histogram_record(),
        rows::facade_macro_static(),
        rows::facade_macro_owned(),
        rows::facade_encode(),
    ] {
        harness::add(&mut criterion, &row);
    }
    criterion.final_summary();
}
