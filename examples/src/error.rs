//! What can go wrong, one line each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::feed::Op;

/// The one error of this crate. Its text is one line and names what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state directory cannot be created or locked.
    #[error("cannot use state directory {}: {source}", path.display())]
    StateDir {
        /// The directory as given.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process works in the state directory.
    #[error("state directory {} is in use by another process", path.display())]
    StateDirBusy {
        /// The directory as given.
        path: PathBuf,
    },
    /// A database cannot be opened.
    #[error("cannot open database {}: {source}", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The change log does not go on where the reader stopped.
    #[error("change log has a gap: expected lsn {expected}, found {found}")]
    LogGap {
        /// The LSN after the last one read.
        expected: u64,
        /// The next LSN in the log.
        found: u64,
    },
    /// The checkpoint lies beyond the end of the change log.
    #[error("checkpoint lsn {checkpoint} is ahead of the change log, which ends at {head}: the databases do not match")]
    CheckpointAhead {
        /// The LSN the replica says it has applied.
        checkpoint: u64,
        /// The highest LSN of the log.
        head: u64,
    },
    /// A row of the change log is not a change.
    #[error("change log row {lsn}: {field} {value} is not known")]
    Log {
        /// The row.
        lsn: u64,
        /// The column.
        field: &'static str,
        /// What it holds.
        value: i64,
    },
    /// A table of the change log cannot have come or gone there.
    #[error("lsn {lsn}: table {table}: {problem}")]
    Catalogue {
        /// The event.
        lsn: u64,
        /// The table's name.
        table: Box<str>,
        /// Why not.
        problem: &'static str,
    },
    /// An event does not fit the replica: it was applied before, or one before it was lost.
    #[error("lsn {lsn}: {} of {} row {key} changed {rows} rows of the replica, expected 1", op.name(), table)]
    Conflict {
        /// The event.
        lsn: u64,
        /// Its table's name.
        table: Box<str>,
        /// Its operation.
        op: Op,
        /// Its row.
        key: i64,
        /// How many rows the statement changed.
        rows: usize,
    },
    /// A metric cannot be registered.
    #[error("metrics: {0}")]
    Metrics(#[from] streamgauge::Error),
    /// The exporter cannot be started.
    #[error("metrics endpoint: {0}")]
    Exporter(#[from] streamgauge_exporter::Error),
    /// The demo cannot read its own metrics back.
    #[error("cannot read http://{address}/metrics: {message}")]
    ReadBack {
        /// The exporter's address.
        address: SocketAddr,
        /// What happened instead.
        message: String,
    },
    /// A thread cannot be started, or a signal handler cannot be installed.
    #[error("system: {0}")]
    System(#[from] std::io::Error),
    /// A thread of the demo panicked.
    #[error("thread {0} panicked")]
    Panicked(&'static str),
}

impl Error {
    /// The error's value on the `error_kind` label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::LogGap { .. } => "log_gap",
            Self::Log { .. } => "log",
            Self::Catalogue { .. } => "catalogue",
            Self::Database(_) | Self::Open { .. } => "database",
            _ => "other",
        }
    }

    /// An [`Error::Open`] of `path`.
    pub(crate) fn open(path: &Path, source: rusqlite::Error) -> Self {
        Self::Open { path: path.to_owned(), source }
    }
}
