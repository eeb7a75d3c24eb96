//! What is durably done, and how much of it by table.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Error;
use crate::feed::{Change, Op, Relation, Relations};

/// Events of one table and operation that are done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Applied to the replica.
    pub applied: u64,
    /// Written to the dead-letter table.
    pub dead_lettered: u64,
}

impl Tally {
    /// Both numbers together.
    pub const fn events(self) -> u64 {
        self.applied + self.dead_lettered
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.dead_lettered += other.dead_lettered;
    }
}

/// A [`Tally`] for each operation on rows, by [`Op::index`].
pub type RowTallies = [Tally; Op::ROWS.len()];

/// How many events are done, by table and operation, over the life of the state directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Row changes of the tables there are, by the table's id. A table without changes may be missing.
    pub tables: BTreeMap<u32, RowTallies>,
    /// Row changes of all tables that were dropped since: they are counted together, or this would grow with each.
    pub dropped: RowTallies,
    /// Tables that were created.
    pub creates: u64,
    /// Tables that were dropped.
    pub drops: u64,
}

impl Counts {
    /// The row changes of a table.
    pub fn of(&self, relation: &Relation) -> RowTallies {
        self.tables.get(&relation.id).copied().unwrap_or_default()
    }

    /// All events together.
    pub fn total(&self) -> Tally {
        let mut total = Tally { applied: self.creates + self.drops, dead_lettered: 0 };
        self.tables.values().chain([&self.dropped]).flatten().for_each(|tally| total += *tally);
        total
    }
}

/// What is durably done: stored with the rows it speaks of, so that it is neither ahead nor behind them after a kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything up to this LSN is done.
    pub lsn: u64,
    /// How much that is.
    pub counts: Counts,
    /// The tables there are at this LSN.
    pub relations: Relations,
    /// When the checkpoint was written; 0 if never.
    pub committed_at_ms: u64,
}

impl Default for Checkpoint {
    /// Before the first event.
    fn default() -> Self {
        Self { lsn: 0, counts: Counts::default(), relations: Relations::shop(), committed_at_ms: 0 }
    }
}

impl Checkpoint {
    /// Both numbers summed over all tables and operations.
    pub fn total(&self) -> Tally {
        self.counts.total()
    }

    /// Moves past an event that was applied.
    ///
    /// # Errors
    /// As [`Relations::follow`].
    pub fn applied(&mut self, change: &Change) -> Result<(), Error> {
        self.relations.follow(change)?;
        let Counts { tables, dropped, creates, drops } = &mut self.counts;
        match change.op {
            Op::Create => *creates += 1,
            Op::Drop => {
                *drops += 1;
                let tallies = tables.remove(&change.relation.id).unwrap_or_default();
                dropped.iter_mut().zip(tallies).for_each(|(sum, tally)| *sum += tally);
            }
            Op::Insert | Op::Update | Op::Delete => self.tally(change).applied += 1,
        }
        self.lsn = change.lsn;
        Ok(())
    }

    /// Moves past an event that went to the dead-letter table. Schema changes never do: what follows needs them.
    pub fn dead_lettered(&mut self, change: &Change) {
        self.tally(change).dead_lettered += 1;
        self.lsn = change.lsn;
    }

    /// The tables with their row changes, in the order of their ids.
    pub fn tables(&self) -> impl Iterator<Item = (&Arc<Relation>, RowTallies)> {
        self.relations.iter().map(|relation| (relation, self.counts.of(relation)))
    }

    fn tally(&mut self, change: &Change) -> &mut Tally {
        &mut self.counts.tables.entry(change.relation.id).or_default()[change.op.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Table;

    #[test]
    fn the_events_of_a_dropped_table_stay_in_the_total() {
        let mut checkpoint = Checkpoint::default();
        for (lsn, name) in [(0, "a"), (4, "b")] {
            let relation = Arc::new(Relation { id: 9, name: name.into(), shape: Table::Orders });
            let change = |lsn, op| {
                let relation = Arc::clone(&relation);
                Change { lsn, relation, op, key: 1, captured_at_ms: 0, old: None, new: None }
            };
            checkpoint.applied(&change(lsn + 1, Op::Create)).expect("the id is free");
            assert_eq!(checkpoint.counts.of(&relation), RowTallies::default(), "another table had this id");
            checkpoint.applied(&change(lsn + 2, Op::Insert)).expect("a row");
            checkpoint.dead_lettered(&change(lsn + 3, Op::Insert));
            checkpoint.applied(&change(lsn + 4, Op::Drop)).expect("the table is there");
        }
        assert_eq!(checkpoint.total(), Tally { applied: 6, dead_lettered: 2 });
        assert_eq!(checkpoint.total().events(), checkpoint.lsn);
        assert_eq!(checkpoint.counts.dropped[Op::Insert.index()], Tally { applied: 2, dead_lettered: 2 });
        assert_eq!((checkpoint.counts.creates, checkpoint.counts.drops), (2, 2));
        assert!(checkpoint.counts.tables.is_empty());
    }
}
