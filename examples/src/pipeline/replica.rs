//! The replica database: the routed tables, the dead letters and the checkpoint, all moved by one transaction a batch.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, params_from_iter};

use super::envelope::{ErrorKind, Rejection};
use super::progress::unix_millis;
use super::route::{Destination, Write};
use crate::Error;
use crate::feed::{Change, Op, Row, Table, schema};

/// Events of one table and operation that are done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Applied to the replica.
    pub applied: u64,
    /// Written to the dead-letter table.
    pub dead_lettered: u64,
}

/// A [`Tally`] for each table and operation, by [`Table::index`] and [`Op::index`].
pub type Counts = [[Tally; Op::ALL.len()]; Table::ALL.len()];

/// What is durably done: stored with the rows it speaks of, so that it is neither ahead nor behind them after a kill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything up to this LSN is done.
    pub lsn: u64,
    /// How much that is, by table and operation, over the life of the state directory.
    pub counts: Counts,
    /// When the checkpoint was written; 0 if never.
    pub committed_at_ms: u64,
}

impl Checkpoint {
    /// Both numbers summed over all tables and operations.
    pub fn total(&self) -> Tally {
        self.counts.iter().flatten().fold(Tally::default(), |sum, tally| Tally {
            applied: sum.applied + tally.applied,
            dead_lettered: sum.dead_lettered + tally.dead_lettered,
        })
    }
}

/// The replica's columns of a source table: those of the source, after the rules of [`super::transform_row`].
pub fn replica_columns(table: Table) -> Vec<&'static str> {
    let names = table.columns().iter().map(|column| match (table, column.name) {
        (Table::Payments, "amount") => "amount_minor",
        (_, name) => name,
    });
    names.chain((table == Table::OrderItems).then_some("total_cents")).collect()
}

/// The statements of one destination.
#[derive(Debug)]
struct Statements {
    destination: Destination,
    insert: String,
    update: String,
    delete: String,
}

/// The replica.
#[derive(Debug)]
pub struct Replica {
    conn: Connection,
    statements: Vec<Statements>,
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
        let destinations = Table::ALL.into_iter().flat_map(Destination::all_of);
        Ok(Self { conn, statements: destinations.map(statements).collect() })
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
        let mut counts = self.conn.prepare("SELECT table_id, op, applied, dead_lettered FROM event_counts")?;
        let mut rows = counts.query([])?;
        while let Some(row) = rows.next()? {
            if let (Some(table), Some(op)) = (Table::from_id(row.get(0)?), Op::from_code(row.get(1)?)) {
                checkpoint.counts[table.index()][op.index()] =
                    Tally { applied: row.get::<_, i64>(2)? as u64, dead_lettered: row.get::<_, i64>(3)? as u64 };
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

    /// Applies one event. Strict: a row that is there although it should not be, or the reverse, is an error.
    ///
    /// # Errors
    /// [`Error::Conflict`], or what SQLite says.
    pub fn apply(&self, tx: &Transaction<'_>, change: &Change, write: &Write) -> Result<(), Error> {
        let once = |result: rusqlite::Result<usize>| {
            let rows = match result {
                Ok(1) => return Ok(()),
                Ok(rows) => rows,
                // The row to insert is there already.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => 0,
                Err(error) => return Err(error.into()),
            };
            Err(Error::Conflict { lsn: change.lsn, table: change.table, op: change.op, key: change.key, rows })
        };
        let delete = |from| tx.prepare_cached(&self.of(from).delete)?.execute([change.key]);
        let put = |sql: &str, row: &Row| tx.prepare_cached(sql)?.execute(params_from_iter(row));
        match write {
            Write::Insert(to, row) => once(put(&self.of(*to).insert, row)),
            Write::Update(to, row) => once(put(&self.of(*to).update, row)),
            Write::Delete(from) => once(delete(*from)),
            Write::Move(from, to, row) => {
                once(delete(*from))?;
                once(put(&self.of(*to).insert, row))
            }
        }
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
            change.table.name(),
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
        let mut put = tx.prepare_cached("INSERT OR REPLACE INTO event_counts VALUES (?1, ?2, ?3, ?4)")?;
        for table in Table::ALL {
            for op in Op::ALL {
                let tally = checkpoint.counts[table.index()][op.index()];
                if tally != before.counts[table.index()][op.index()] {
                    put.execute((
                        table.index() as i64,
                        op.index() as i64,
                        tally.applied as i64,
                        tally.dead_lettered as i64,
                    ))?;
                }
            }
        }
        Ok(())
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

    fn of(&self, destination: Destination) -> &Statements {
        // A dozen entries: looking through them is cheaper than hashing, and cannot be out of step with an index.
        self.statements
            .iter()
            .find(|statements| statements.destination == destination)
            .expect("every destination has its statements")
    }
}

fn statements(destination: Destination) -> Statements {
    let (name, columns) = (destination.name(), replica_columns(destination.source()));
    let marks: Vec<_> = (1..=columns.len()).map(|position| format!("?{position}")).collect();
    let sets: Vec<_> = columns.iter().zip(&marks).skip(1).map(|(column, mark)| format!("{column} = {mark}")).collect();
    Statements {
        destination,
        insert: format!("INSERT INTO {name} VALUES ({})", marks.join(", ")),
        update: format!("UPDATE {name} SET {} WHERE id = ?1", sets.join(", ")),
        delete: format!("DELETE FROM {name} WHERE id = ?1"),
    }
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
         CREATE TABLE IF NOT EXISTS dead_letters (
             lsn INTEGER PRIMARY KEY, table_name TEXT NOT NULL, op TEXT NOT NULL, row_key INTEGER NOT NULL,
             stage TEXT NOT NULL, error_kind TEXT NOT NULL CHECK (error_kind IN ({kinds})), message TEXT NOT NULL,
             old_row TEXT, new_row TEXT, captured_at_ms INTEGER NOT NULL
         ) STRICT;\n"
    );
    for destination in Table::ALL.into_iter().flat_map(Destination::all_of) {
        let columns = replica_columns(destination.source());
        let rest = columns[1..].join(", ");
        let _ = writeln!(sql, "CREATE TABLE IF NOT EXISTS {} (id INTEGER PRIMARY KEY, {rest});", destination.name());
    }
    sql.push_str("COMMIT;");
    sql
}
