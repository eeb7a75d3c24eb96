//! What earlier processes had done.
//!
//! The counters start at 0 with the process, as counters should: one that started at the old total, a little below
//! what was last scraped, would look like a reset and add the total again. What came before is in gauges beside them.

use std::collections::BTreeMap;

use streamgauge::{Family, Gauge, LabelSet, LabelValue, Scope};

use crate::Error;
use crate::feed::{Op, Relation, Table};
use crate::pipeline::{Checkpoint, RowTallies};

#[derive(Clone, Copy, Debug, LabelSet)]
struct OfTable<'a> {
    table: &'a str,
    op: Op,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, LabelSet)]
struct OfDropped {
    op: Op,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, LabelSet)]
struct OfSchema {
    change: Op,
}

#[derive(Clone, Copy, Debug, LabelValue)]
enum Outcome {
    Applied,
    DeadLettered,
}

const OUTCOMES: usize = 2;

/// The gauges of restored events.
#[derive(Clone, Debug)]
pub(super) struct RestoredEvents {
    /// The short-lived tables that were there, by name, until they are dropped. One that comes with this process under
    /// the name of an earlier one has no gauges, and must not inherit any.
    before: BTreeMap<Box<str>, RowTallies>,
    tables: Family<OfTable<'static>, Gauge>,
    retired: Family<OfDropped, Gauge>,
}

impl RestoredEvents {
    /// Registers the gauges and sets them to what `restored` holds. `short_lived` tables may be there at a time.
    pub(super) fn register(scope: &Scope, restored: &Checkpoint, short_lived: usize) -> Result<Self, Error> {
        let most = (Table::ALL.len() + short_lived) * Op::ROWS.len() * OUTCOMES;
        let before = restored.tables().filter(|(relation, _)| !relation.is_permanent());
        let restored_events = Self {
            before: before.map(|(relation, tallies)| (relation.name.clone(), tallies)).collect(),
            tables: scope
                .gauge("restored_events", "Events behind the checkpoint from which the process started.")
                .limit(most)
                .family()?,
            retired: scope
                .gauge(
                    "restored_retired_events",
                    "Events behind the checkpoint from which the process started, of tables that were dropped since.",
                )
                .family()?,
        };
        let changes: Family<OfSchema, Gauge> = scope
            .gauge(
                "restored_schema_changes",
                "Tables created and dropped behind the checkpoint from which the process started.",
            )
            .family()?;
        for (relation, tallies) in restored.tables() {
            each(&tallies, |op, outcome, count| {
                let labels = OfTable { table: &relation.name, op, outcome };
                restored_events.tables.with(&labels, |gauge| gauge.set(count));
            });
        }
        each(&restored.counts.dropped, |op, outcome, count| {
            restored_events.retired.with(&OfDropped { op, outcome }, |gauge| gauge.set(count));
        });
        for (change, count) in [(Op::Create, restored.counts.creates), (Op::Drop, restored.counts.drops)] {
            changes.with(&OfSchema { change }, |gauge| gauge.set(count as f64));
        }
        Ok(restored_events)
    }

    /// Ends with a table that was dropped: its gauges go, and their values to those of all dropped tables.
    pub(super) fn dropped(&mut self, relation: &Relation) {
        let Some(tallies) = self.before.remove(&relation.name) else { return };
        each(&tallies, |op, outcome, count| {
            self.retired.with(&OfDropped { op, outcome }, |gauge| gauge.add(count));
            self.tables.remove(&OfTable { table: &relation.name, op, outcome });
        });
    }
}

fn each(tallies: &RowTallies, mut set: impl FnMut(Op, Outcome, f64)) {
    for op in Op::ROWS {
        let tally = tallies[op.index()];
        set(op, Outcome::Applied, tally.applied as f64);
        set(op, Outcome::DeadLettered, tally.dead_lettered as f64);
    }
}
