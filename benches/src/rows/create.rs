//! What the first record of a new label set costs.

use std::time::{Duration, Instant};

use crate::inputs::{Names, table_names};
use crate::runner::{Outcome, Plan, Role, Samples};
use crate::sides::{measured, metrics, opentelemetry, ours_series, prometheus, prometheus_client};

/// Series of the small families that a million of them in one are held against.
const FEW: usize = 1_000;

/// A labelled family of counters that comes into being.
pub trait Creation {
    /// Makes a series of each label set, by a record.
    fn add(&mut self, names: &[Names]);

    /// Returns how many series a reader would see: nothing is quicker than a family that lacks them.
    fn series(&self) -> usize;
}

/// Makes an empty family, with its limits raised. It gets the label sets to come for what they have in common; none of
/// their tables may be known before it is added.
type Fresh = fn(&[Names]) -> Box<dyn Creation>;

/// Sides with labelled families.
pub const CREATE_SIDES: [(&str, Role, Fresh); 6] = [
    ("streamgauge", Role::Ours, ours_series::create),
    ("prometheus", Role::Peer, prometheus::create),
    ("prometheus-client", Role::Peer, prometheus_client::create),
    ("metrics", Role::Peer, metrics::create),
    ("measured", Role::Peer, measured::create),
    ("opentelemetry", Role::Peer, opentelemetry::create),
];

/// A hundred thousand new label sets of three values in an empty family, with one record each. Neither making the
/// family nor dropping it is timed.
pub fn series_create(plan: Plan) -> Outcome {
    let names: Vec<Names> = table_names(plan.created as usize).collect();
    let sides = CREATE_SIDES.map(|(name, role, fresh)| (name, role, fresh, names.len()));
    rounds("series_create", plan, &names, &sides)
}

/// A million in one family, held against as many in families of a thousand: whether creation stays as cheap.
pub fn series_create_1m(plan: Plan) -> Outcome {
    let names: Vec<Names> = table_names(plan.many as usize).collect();
    let ours = ("streamgauge", Role::Ours, ours_series::create as Fresh, names.len());
    rounds("series_create_1m", plan, &names, &[ours, ("1,000 in a family", Role::Limit, ours_series::create, FEW)])
}

/// Interleaves the sides: a name, a part, and how many of the label sets they put into a family.
fn rounds(row: &'static str, plan: Plan, names: &[Names], sides: &[(&'static str, Role, Fresh, usize)]) -> Outcome {
    let mut samples: Vec<_> = sides.iter().map(|&(name, role, ..)| Samples::new(name, role)).collect();
    for &(name, _, fresh, per_family) in sides {
        let share = &names[..per_family.min(names.len())];
        let mut family = fresh(share);
        family.add(share);
        assert_eq!(family.series(), share.len(), "{name} does not show every series");
    }
    for round in 0..plan.rounds as usize {
        for step in 0..sides.len() {
            let turn = (round + step) % sides.len();
            let (_, _, fresh, per_family) = sides[turn];
            let elapsed: Duration = names.chunks(per_family).map(|share| time(fresh, share)).sum();
            samples[turn].push(elapsed.as_nanos() as f64 / names.len() as f64);
        }
    }
    Outcome::of(row, 1, "ns/series", samples)
}

fn time(fresh: Fresh, names: &[Names]) -> Duration {
    let mut family = fresh(names);
    let start = Instant::now();
    family.add(names);
    start.elapsed()
}
