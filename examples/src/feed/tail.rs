//! The tail of the change log.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Change, Op, Table, schema};
use crate::Error;

/// Reads the change log in order, from an LSN on.
#[derive(Debug)]
pub struct Tail {
    conn: Connection,
    last: u64,
}

impl Tail {
    /// Opens the log of the database at `path`, to be read from the first change after `last`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path, last: u64) -> Result<Self, Error> {
        let conn = schema::connect(path)?;
        conn.pragma_update(None, "query_only", true)?;
        Ok(Self { conn, last })
    }

    /// The last LSN handed out.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Hands up to `limit` further changes to `each` and returns how many; 0 means that the log has no more for now.
    ///
    /// # Errors
    /// [`Error::LogGap`] if the next change is not the next LSN: the log was pruned past this tail, and going on would
    /// lose events silently. [`Error::Log`] for a row that is not a change. Else what SQLite says.
    pub fn read(&mut self, limit: usize, mut each: impl FnMut(Change)) -> Result<usize, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT lsn, table_id, op, row_key, captured_at_ms, old_row, new_row
             FROM change_log WHERE lsn > ?1 ORDER BY lsn LIMIT ?2",
        )?;
        let mut rows = statement.query((self.last as i64, limit as i64))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let lsn = row.get::<_, i64>(0)? as u64;
            if lsn != self.last + 1 {
                return Err(Error::LogGap { expected: self.last + 1, found: lsn });
            }
            let (table, op) = (row.get(1)?, row.get(2)?);
            each(Change {
                lsn,
                table: Table::from_id(table).ok_or(Error::Log { lsn, field: "table_id", value: table })?,
                op: Op::from_code(op).ok_or(Error::Log { lsn, field: "op", value: op })?,
                key: row.get(3)?,
                captured_at_ms: row.get::<_, i64>(4)? as u64,
                old: row.get(5)?,
                new: row.get(6)?,
            });
            self.last = lsn;
            count += 1;
        }
        Ok(count)
    }
}

/// The highest LSN ever given out: the number of events captured over the life of the database.
///
/// # Errors
/// What SQLite says.
pub fn head(conn: &Connection) -> Result<u64, Error> {
    let seq = conn
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'change_log'")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(seq.unwrap_or(0) as u64)
}

/// Deletes up to `limit` log rows at or before `through` and returns how many.
///
/// Called in small steps, because it holds the write lock the writers want.
///
/// # Errors
/// What SQLite says.
pub fn prune(conn: &Connection, through: u64, limit: u64) -> Result<usize, Error> {
    let lowest = conn
        .prepare_cached("SELECT lsn FROM change_log ORDER BY lsn LIMIT 1")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(lowest) = lowest else { return Ok(0) };
    let end = (through as i64).min(lowest.saturating_add(limit as i64) - 1);
    Ok(conn.prepare_cached("DELETE FROM change_log WHERE lsn <= ?1")?.execute([end])?)
}
