//! The tail of the change log.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Change, Op, Relation, Relations, schema};
use crate::Error;

/// Reads the change log in order, from an LSN on.
#[derive(Debug)]
pub struct Tail {
    conn: Connection,
    last: u64,
    /// The tables as of `last`.
    relations: Relations,
}

impl Tail {
    /// Opens the log of the database at `path`, to be read from the first change after `last`, at which there were these
    /// tables.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path, last: u64, relations: Relations) -> Result<Self, Error> {
        let conn = schema::connect(path)?;
        conn.pragma_update(None, "query_only", true)?;
        Ok(Self { conn, last, relations })
    }

    /// The last LSN handed out.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Hands up to `limit` further changes to `each` and returns how many; 0 means that the log has no more for now.
    ///
    /// # Errors
    /// [`Error::LogGap`] if the next change is not the next LSN: the log was pruned past this tail, and going on would
    /// lose events silently. [`Error::Log`] for a row that is not a change, [`Error::Catalogue`] for a table that cannot
    /// have come or gone. Else what SQLite says.
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
            let (table, code) = (row.get::<_, i64>(1)?, row.get(2)?);
            let op = Op::from_code(code).ok_or(Error::Log { lsn, field: "op", value: code })?;
            let (old, new): (Option<Box<str>>, Option<Box<str>>) = (row.get(5)?, row.get(6)?);
            let relation = match (op, old.as_deref().or(new.as_deref())) {
                (Op::Create | Op::Drop, image) => image.and_then(Relation::parse).map(Arc::new),
                _ => u32::try_from(table).ok().and_then(|id| self.relations.get(id)).map(Arc::clone),
            };
            let relation = relation.ok_or(Error::Log { lsn, field: "table_id", value: table })?;
            let captured_at_ms = row.get::<_, i64>(4)? as u64;
            let change = Change { lsn, relation, op, key: row.get(3)?, captured_at_ms, old, new };
            self.relations.follow(&change)?;
            each(change);
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
