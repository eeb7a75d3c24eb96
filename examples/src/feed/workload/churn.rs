//! Tables that come and go: a week's orders, staging areas of payments.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::Connection;

use super::plan::{Ddl, Plan, Planner, RowOp};
use crate::Error;
use crate::feed::{Datum, Relation, Table, schema};

/// Every so many transactions, one is rolled back, with the tables it created and dropped.
const DOOMED_EVERY: u64 = 10;

/// Every so many rows, one is poison.
const POISON_EVERY: i64 = 40;

/// The first week that gets a table of orders.
const FIRST_YEAR: u64 = 2026;
const WEEKS: u64 = 52;

/// A table and the rows of it that may be changed.
#[derive(Debug)]
struct Live {
    relation: Arc<Relation>,
    /// Handed out once, also if the row is rolled back.
    next_key: i64,
    /// Well-formed rows, oldest first.
    rows: VecDeque<i64>,
}

/// What a committed transaction of [`Churn`] changed.
#[derive(Debug, Default)]
pub struct Churned {
    /// The oldest table was dropped.
    dropped: bool,
    /// A table was created.
    created: Option<Arc<Relation>>,
    /// A row was written to, or deleted from, the table at this position.
    inserted: Vec<(usize, i64)>,
    deleted: Vec<usize>,
    rows: u64,
}

/// A writer's view of the short-lived tables. It is the only one that creates and drops tables.
#[derive(Debug)]
pub struct Churn {
    rng: fastrand::Rng,
    /// Tables there may be at a time.
    most: usize,
    /// Rows that are written, to whichever table, between two that are dropped.
    rows_between: u64,
    /// Oldest first.
    live: VecDeque<Live>,
    /// The number of the next table that is created.
    serial: u64,
    /// Rows written since a table was created.
    rows: u64,
    planned: u64,
}

impl Churn {
    /// Goes on from the tables that are there, whose rows it leaves alone.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn load(conn: &Connection, seed: u64, most: usize, rows_between: u64) -> Result<Self, Error> {
        let mut live = VecDeque::new();
        for relation in schema::catalogue(conn)?.into_iter().filter(|relation| !relation.is_permanent()) {
            let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {}", relation.name);
            let next_key = conn.query_row(&sql, [], |row| row.get(0))?;
            live.push_back(Live { relation, next_key, rows: VecDeque::new() });
        }
        let serial: i64 = conn.query_row(
            "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'relations'), 0)",
            [],
            |row| row.get(0),
        )?;
        let rng = fastrand::Rng::with_seed(seed);
        // The first transaction creates a table.
        Ok(Self { rng, most, rows_between, live, serial: serial as u64, rows: rows_between, planned: 0 })
    }

    /// Whether there is anything to do, now or later.
    pub fn is_idle(&self) -> bool {
        self.most == 0 && self.live.is_empty()
    }

    /// The next table: odd ones are a week's orders, even ones a staging area with the first free number.
    fn next(&self, dropped: bool) -> Relation {
        let left = || self.live.iter().skip(usize::from(dropped)).map(|live| &live.relation);
        let first = Table::ALL.len() as u32;
        // Like a real server, this one gives the id of a dropped table to the next table.
        let id = (first..).find(|id| left().all(|relation| relation.id != *id)).unwrap_or(first);
        let (number, is_staging) = (self.serial / 2, self.serial % 2 == 1);
        if is_staging {
            let names = (0_u64..).map(|number| format!("staging_payments_{number}"));
            let free = names.into_iter().find(|name| left().all(|relation| *relation.name != **name));
            return Relation { id, name: free.unwrap_or_default().into(), shape: Table::Payments };
        }
        let name = format!("orders_{}w{:02}", FIRST_YEAR + number / WEEKS, 1 + number % WEEKS);
        Relation { id, name: name.into(), shape: Table::Orders }
    }

    /// Writes one row to the table at `position`.
    fn row_op(&mut self, position: usize, churned: &mut Churned) -> RowOp {
        let live = &mut self.live[position];
        let (name, shape) = (&live.relation.name, live.relation.shape);
        let is_known = live.rows.len() > churned.deleted.iter().filter(|deleted| **deleted == position).count();
        match self.rng.u32(0..10) {
            // Only one delete a transaction: the next oldest row is not known before the commit.
            0 if is_known && churned.deleted.is_empty() => {
                churned.deleted.push(position);
                RowOp::new(format!("DELETE FROM {name} WHERE id = ?1"), [live.rows[0].into()])
            }
            1..4 if is_known => {
                let newest = live.rows[live.rows.len() - 1];
                RowOp::new(format!("UPDATE {name} SET status = ?2 WHERE id = ?1"), [newest.into(), "checked".into()])
            }
            _ => {
                let key = live.next_key;
                live.next_key += 1;
                let poison = key % POISON_EVERY == 7;
                if !poison {
                    churned.inserted.push((position, key));
                }
                let (columns, values): (_, Vec<Datum>) = match shape {
                    Table::Payments => {
                        let currency = if poison { "ZZZ" } else { "EUR" };
                        let amount = format!("{}.{:02}", self.rng.u32(1..500), self.rng.u32(0..100));
                        (5, vec![key.into(), 1.into(), amount.into(), currency.into(), "imported".into()])
                    }
                    _ => {
                        let customer = if poison { "guest".into() } else { 1.into() };
                        (6, vec![key.into(), customer, "eu".into(), "archived".into(), 0.into(), "".into()])
                    }
                };
                let marks = &["?1", "?2", "?3", "?4", "?5", "?6"][..columns];
                RowOp::new(format!("INSERT INTO {name} VALUES ({})", marks.join(", ")), values)
            }
        }
    }
}

impl Planner for Churn {
    type Effect = Churned;

    fn plan(&mut self) -> Option<Plan<Churned>> {
        let (mut ddl, mut ops, mut churned) = (Vec::new(), Vec::new(), Churned::default());
        if self.is_idle() {
            return None;
        }
        let due = self.rows >= self.rows_between;
        if self.live.len() > self.most || (due && self.live.len() == self.most) {
            churned.dropped = true;
            ddl.extend(self.live.front().map(|live| Ddl::Drop(Arc::clone(&live.relation))));
        }
        // Into the same transaction: the id of the one may become that of the other at once.
        if due && self.live.len() - usize::from(churned.dropped) < self.most {
            let relation = Arc::new(self.next(churned.dropped));
            churned.created = Some(Arc::clone(&relation));
            ddl.push(Ddl::Create(relation));
        }
        if ddl.is_empty() {
            let position = self.rng.usize(..self.live.len());
            ops = (0..self.rng.u32(1..=6)).map(|_| self.row_op(position, &mut churned)).collect();
            churned.rows = ops.len() as u64;
        }
        let doomed = self.planned % DOOMED_EVERY == 3;
        self.planned += 1;
        Some(Plan { ddl, ops, effect: churned, doomed })
    }

    fn settle(&mut self, churned: Churned) {
        self.rows += churned.rows;
        for position in churned.deleted {
            self.live[position].rows.pop_front();
        }
        for (position, key) in churned.inserted {
            self.live[position].rows.push_back(key);
        }
        if churned.dropped {
            self.live.pop_front();
        }
        if let Some(relation) = churned.created {
            self.live.push_back(Live { relation, next_key: 1, rows: VecDeque::new() });
            self.serial += 1;
            self.rows = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_and_go_and_never_more_than_allowed() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let conn = schema::open(&dir.path().join("source.db")).expect("a new database opens");
        let mut churn = Churn::load(&conn, 1, 4, 10).expect("an empty catalogue");
        let (mut names, mut reused) = (Vec::new(), 0);
        while names.len() < 120 {
            let plan = churn.plan().expect("there is always something to do");
            if plan.doomed {
                continue;
            }
            let gone = churn.live.front().filter(|_| plan.effect.dropped).map(|live| live.relation.id);
            if let Some(relation) = &plan.effect.created {
                names.push(relation.name.to_string());
                reused += usize::from(gone == Some(relation.id));
                assert!((9..13).contains(&relation.id), "{relation:?}");
            }
            churn.settle(plan.effect);
            assert!((1..=4).contains(&churn.live.len()));
        }
        assert_eq!(reused, 116, "each but the first four has the id of the one that it replaces");
        assert_eq!(
            names[..5],
            ["orders_2026w01", "staging_payments_0", "orders_2026w02", "staging_payments_1", "orders_2026w03"]
        );
        assert_eq!(names.iter().filter(|name| *name == "staging_payments_0").count(), 30);
        assert!(names.iter().any(|name| name == "orders_2027w01"), "{names:?}");
    }

    #[test]
    fn fewer_tables_than_there_are_means_dropping_the_oldest() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut conn = schema::open(&dir.path().join("source.db")).expect("a new database opens");
        let tx = conn.transaction().expect("a transaction starts");
        for (id, name) in [(9, "a"), (10, "b")] {
            let relation = Relation { id, name: name.into(), shape: Table::Orders };
            schema::create_table(&tx, &relation).expect("nothing is in the way");
        }
        tx.commit().expect("commit");
        let mut churn = Churn::load(&conn, 1, 0, 10).expect("a catalogue");
        let mut left = Vec::new();
        while let Some(plan) = churn.plan() {
            assert!(plan.effect.created.is_none() && plan.ops.is_empty());
            churn.settle(plan.effect);
            left.push(churn.live.len());
        }
        assert_eq!(left, [1, 0]);
    }
}
