//! Primary keys, handed out to all writers.

use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use crate::Error;
use crate::feed::Table;

/// The next free primary key of each table, shared by the writers.
///
/// A key is never handed out twice in a process, also not after a rollback: a dead-lettered key stays untouched.
#[derive(Debug)]
pub struct Ids {
    next: [AtomicI64; Table::ALL.len()],
}

impl Ids {
    /// Continues after the highest key in each table.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn load(conn: &Connection) -> Result<Self, Error> {
        let mut next = [const { AtomicI64::new(1) }; Table::ALL.len()];
        for table in Table::ALL {
            let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {}", table.name());
            next[table.index()] = AtomicI64::new(conn.query_row(&sql, [], |row| row.get(0))?);
        }
        Ok(Self { next })
    }

    /// A fresh key of `table`.
    pub fn take(&self, table: Table) -> i64 {
        // Relaxed: the key only has to be unique; nothing is published through it.
        self.next[table.index()].fetch_add(1, Ordering::Relaxed)
    }
}
