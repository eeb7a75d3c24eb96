//! The replica database: the routed tables, the dead letters and the checkpoint, all moved by one transaction a batch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::apply::table_ddl;
use super::checkpoint::{Checkpoint, Counts, RowTallies, Tally};
use super::envelope::{ErrorKind, Rejection};
use super::progress::unix_millis;
use crate::Error;
use crate::feed::{Change, Op, Relation, Table, schema};

/// The replica.
#[derive(Debug)]
pub struct Replica {
    conn: Connection,
}

impl Replica {
    /// Opens the replica database, creating its tables on first use.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let conn = schema::connect(path)?;
        // FULL syncs every commit, so that a checkpoint outlives a power cut too: the log behind it is pruned.
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.execute_batch(&ddl())?;
        Ok(Self { conn })
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let mut checkpoint = Checkpoint::default();
        let stored = self.conn.query_row("SELECT lsn, committed_at_ms FROM checkpoint", [], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
        });
        (checkpoint.lsn, checkpoint.committed_at_ms) = stored.optional()?.unwrap_or_default();
        let mut catalogue = self.conn.prepare("SELECT id, name, shape FROM relations")?;
        let mut rows = catalogue.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(shape) = Table::from_id(row.get(2)?) {
                checkpoint.relations.insert(Arc::new(Relation { id: row.get(0)?, name: row.get(1)?, shape }));
            }
        }
        let mut counts = self.conn.prepare("SELECT table_id, op, applied, dead_lettered FROM event_counts")?;
        let mut rows = counts.query([])?;
        while let Some(row) = rows.next()? {
            let (table, op): (i64, _) = (row.get(0)?, row.get(1)?);
            let tally = Tally { applied: row.get::<_, i64>(2)? as u64, dead_lettered: row.get::<_, i64>(3)? as u64 };
            let counts = &mut checkpoint.counts;
            match (u32::try_from(table), Op::from_code(op)) {
                (Ok(id), Some(op)) if op.is_row() => counts.tables.entry(id).or_default()[op.index()] = tally,
                (Err(_), Some(Op::Create)) => counts.creates = tally.applied,
                (Err(_), Some(Op::Drop)) => counts.drops = tally.applied,
                (Err(_), Some(op)) => counts.dropped[op.index()] = tally,
                _ => {}
            }
        }
        Ok(checkpoint)
    }

    /// Begins the transaction of a batch. Without a commit nothing of it remains.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn begin(&self) -> Result<Transaction<'_>, Error> {
        Ok(self.conn.unchecked_transaction()?)
    }

    /// Writes one event to the dead-letter table, with its images as captured.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn dead_letter(&self, tx: &Transaction<'_>, change: &Change, why: &Rejection) -> Result<(), Error> {
        tx.prepare_cached(
            "INSERT INTO dead_letters
                 (lsn, table_name, op, row_key, stage, error_kind, message, old_row, new_row, captured_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            change.lsn as i64,
            &change.relation.name,
            change.op.name(),
            change.key,
            why.kind.stage().name(),
            why.kind.name(),
            &why.message,
            change.old.as_deref(),
            change.new.as_deref(),
            change.captured_at_ms as i64,
        ))?;
        Ok(())
    }

    /// Stores the checkpoint in the batch's transaction. `before` is the last one: only what changed is written.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn store(&self, tx: &Transaction<'_>, before: &Checkpoint, checkpoint: &mut Checkpoint) -> Result<(), Error> {
        checkpoint.committed_at_ms = unix_millis();
        tx.prepare_cached("INSERT OR REPLACE INTO checkpoint (id, lsn, committed_at_ms) VALUES (1, ?1, ?2)")?
            .execute((checkpoint.lsn as i64, checkpoint.committed_at_ms as i64))?;
        let (was, is) = (stored(&before.counts), stored(&checkpoint.counts));
        let mut put = tx.prepare_cached("INSERT OR REPLACE INTO event_counts VALUES (?1, ?2, ?3, ?4)")?;
        for (key, tally) in is.iter().filter(|(key, tally)| was.get(key) != Some(tally)) {
            put.execute((key.0, key.1 as i64, tally.applied as i64, tally.dead_lettered as i64))?;
        }
        let mut delete = tx.prepare_cached("DELETE FROM event_counts WHERE table_id = ?1 AND op = ?2")?;
        for key in was.keys().filter(|key| !is.contains_key(key)) {
            delete.execute((key.0, key.1 as i64))?;
        }
        Ok(())
    }

    /// The LSN that created the table of this name, if it came with the feed.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn created(&self, relation: &Relation) -> Result<Option<u64>, Error> {
        let mut statement = self.conn.prepare("SELECT created_lsn FROM relations WHERE name = ?1")?;
        Ok(statement.query_row([&relation.name], |row| row.get::<_, i64>(0)).optional()?.map(|lsn| lsn as u64))
    }

    /// How many dead letters there are.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn dead_letters(&self) -> Result<u64, Error> {
        Ok(self.conn.query_row("SELECT COUNT(*) FROM dead_letters", [], |row| row.get::<_, i64>(0))? as u64)
    }

    /// The connection, for reading.
    pub fn connection(&self) -> &Connection {
        &self.conn
    }
}

/// The `table_id` of what belongs to no table that is there: schema changes, and the changes of dropped tables.
const NO_TABLE: i64 = -1;

/// The rows of `event_counts`: tallies by table and operation, without those that are zero from the start.
fn stored(counts: &Counts) -> BTreeMap<(i64, usize), Tally> {
    let by_op = |table: i64, tallies: RowTallies| Op::ROWS.map(|op| ((table, op.index()), tallies[op.index()]));
    let schema = [(Op::Create, counts.creates), (Op::Drop, counts.drops)];
    let schema = schema.map(|(op, applied)| ((NO_TABLE, op.index()), Tally { applied, dead_lettered: 0 }));
    let live = counts.tables.iter().flat_map(|(id, tallies)| by_op(i64::from(*id), *tallies));
    live.chain(by_op(NO_TABLE, counts.dropped)).chain(schema).collect()
}

fn ddl() -> String {
    let kinds = ErrorKind::ALL.map(|kind| format!("'{}'", kind.name())).join(", ");
    let mut sql = format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS checkpoint (
             id INTEGER PRIMARY KEY CHECK (id = 1), lsn INTEGER NOT NULL, committed_at_ms INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE IF NOT EXISTS event_counts (
             table_id INTEGER NOT NULL, op INTEGER NOT NULL,
             applied INTEGER NOT NULL, dead_lettered INTEGER NOT NULL,
             PRIMARY KEY (table_id, op)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS relations (
             id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shape INTEGER NOT NULL, created_lsn INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE IF NOT EXISTS dead_letters (
             lsn INTEGER PRIMARY KEY, table_name TEXT NOT NULL, op TEXT NOT NULL, row_key INTEGER NOT NULL,
             stage TEXT NOT NULL, error_kind TEXT NOT NULL CHECK (error_kind IN ({kinds})), message TEXT NOT NULL,
             old_row TEXT, new_row TEXT, captured_at_ms INTEGER NOT NULL
         ) STRICT;\n"
    );
    for table in Table::ALL {
        sql.push_str(&table_ddl(&Relation::shop(table)));
    }
    sql.push_str("COMMIT;");
    sql
}
