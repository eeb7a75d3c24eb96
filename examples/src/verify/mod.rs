//! How a run convinces itself that nothing was lost, neither an event nor an increment.
//!
//! Three accounts are compared, each kept by somebody else: what the source database captured (its sequence), what the
//! replica database holds (rows, dead letters, checkpoint), and what the metrics say, read over HTTP as Prometheus
//! would.

mod counters;
mod http;
mod rows;

use std::fmt;
use std::net::SocketAddr;

use rusqlite::Connection;

use crate::Error;
use crate::feed;
use crate::pipeline::Replica;

pub use counters::{Counted, Samples, compare_counters};
pub use http::get;
pub use rows::{Rows, compare_rows};

/// The result of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Events the source captured over the life of the state directory.
    pub captured: u64,
    /// Events applied to the replica.
    pub applied: u64,
    /// Events in the dead-letter table.
    pub dead_lettered: u64,
    /// Events the metrics know of; none when nothing is measured.
    pub counted: Option<u64>,
    /// Rows compared.
    pub rows: u64,
    /// Everything that does not agree, one line each; empty when all is well.
    pub differences: Vec<String>,
}

impl Verification {
    /// Whether all accounts agree.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { captured, applied, dead_lettered, .. } = self;
        write!(f, "captured={captured} applied={applied} dead_lettered={dead_lettered} counted=")?;
        match self.counted {
            Some(counted) => write!(f, "{counted}"),
            None => f.write_str("off"),
        }
    }
}

/// Compares the three accounts. All threads of the run must have ended. `exporter` is none when nothing is measured.
///
/// # Errors
/// If one of the accounts cannot be read.
pub fn verify(source: &Connection, replica: &Replica, exporter: Option<SocketAddr>) -> Result<Verification, Error> {
    let captured = feed::head(source)?;
    let checkpoint = replica.checkpoint()?;
    let total = checkpoint.total();
    let mut differences = Vec::new();
    let mut expect = |what: &str, left: u64, right: u64| {
        if left != right {
            differences.push(format!("{what}: {left} is not {right}"));
        }
    };
    expect("checkpoint lsn and captured events", checkpoint.lsn, captured);
    expect("applied + dead-lettered and captured events", total.applied + total.dead_lettered, captured);
    expect("dead letters and dead-lettered events", replica.dead_letters()?, total.dead_lettered);

    let rows = compare_rows(source, replica, &checkpoint.relations)?;
    differences.extend(rows.differences);
    let counted = match exporter {
        Some(address) => {
            let samples = Samples::parse(&get(address, "/metrics")?);
            let counted = compare_counters(&samples, &checkpoint);
            differences.extend(counted.differences);
            if counted.events != captured {
                differences.push(format!("counted and captured events: {} is not {captured}", counted.events));
            }
            Some(counted.events)
        }
        None => None,
    };
    Ok(Verification {
        captured,
        applied: total.applied,
        dead_lettered: total.dead_lettered,
        counted,
        rows: rows.compared,
        differences,
    })
}
