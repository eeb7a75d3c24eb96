//! A row of the scoreboard as a criterion group: our side and its limit, whose history is worth keeping; the peers
//! are the scoreboard's business.

use criterion::Criterion;
use streamgauge_benches::runner::{Role, Row, time};

/// Adds a group for each thread count of the row.
pub(crate) fn add(criterion: &mut Criterion, row: &Row) {
    for &threads in row.threads {
        let name = if threads == 1 { row.name.to_owned() } else { format!("{}_{threads}_threads", row.name) };
        let mut group = criterion.benchmark_group(name);
        for side in row.sides.iter().filter(|side| side.role() != Role::Peer) {
            group.bench_function(side.name(), |bencher| bencher.iter_custom(|n| time(side, n, threads)));
        }
        group.finish();
    }
}

/// The group's settings, from the command line as `cargo bench` passes it.
pub(crate) fn criterion() -> Criterion {
    Criterion::default().sample_size(30).configure_from_args()
}
