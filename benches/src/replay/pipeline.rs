//! The stages.

use std::hint::black_box;

use super::change::{Change, Op, decode};
use super::feed::NOW_NANOS;
use super::instruments::Instruments;

/// Destinations a change may go to.
const SINKS: usize = 4;
/// Bytes a sink's batch grows to before it is handed over.
const BATCH_BYTES: usize = 64 * 1024;
/// Suffix of the table whose changes nobody wants downstream.
const UNWANTED: &str = "audit_log_17";

/// Decodes a feed, masks and renders its changes, and spreads them over sinks.
#[derive(Debug)]
pub struct Pipeline<I> {
    instruments: I,
    sinks: [Vec<u8>; SINKS],
}

impl<I: Instruments> Pipeline<I> {
    /// An idle pipeline.
    pub fn new(instruments: I) -> Self {
        Self { instruments, sinks: std::array::from_fn(|_| Vec::with_capacity(2 * BATCH_BYTES)) }
    }

    /// What it records with.
    pub fn instruments(&self) -> &I {
        &self.instruments
    }

    /// Runs a feed to its end; returns how many changes were routed.
    #[inline(never)]
    pub fn replay(&mut self, feed: &[u8]) -> u64 {
        let mut rest = feed;
        let mut routed = 0;
        loop {
            let before = rest.len();
            let Some(change) = decode(&mut rest) else { return routed };
            self.instruments.decoded((before - rest.len()) as u64, seconds_since(change.captured));
            if change.table.ends_with(UNWANTED) {
                self.instruments.filtered();
                continue;
            }
            let sink = &mut self.sinks[sink_of(change.key)];
            transform(&change, sink);
            self.instruments.transformed();
            if sink.len() >= BATCH_BYTES {
                black_box(&*sink);
                sink.clear();
            }
            self.instruments.routed(seconds_since(change.committed), change.position);
            routed += 1;
        }
    }
}

fn seconds_since(nanos: u64) -> f64 {
    NOW_NANOS.saturating_sub(nanos) as f64 * 1e-9
}

/// FNV-1a: cheap for short keys, and what a partitioner often is.
fn sink_of(key: &str) -> usize {
    let hash = key
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    (hash >> 32) as usize % SINKS
}

/// Renders the change as a line of JSON, its e-mail address masked up to the domain.
fn transform(change: &Change<'_>, out: &mut Vec<u8>) {
    let op = match change.op {
        Op::Insert => "c",
        Op::Update => "u",
        Op::Delete => "d",
    };
    let [name, email, note] = change.columns;
    let domain = email.find('@').map_or("", |at| &email[at..]);
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(br#"{"op":""#);
    out.extend_from_slice(op.as_bytes());
    out.extend_from_slice(br#"","pos":"#);
    out.extend_from_slice(digits.format(change.position).as_bytes());
    for (field, value) in [("key", change.key), ("table", change.table), ("name", name), ("note", note)] {
        out.extend_from_slice(br#",""#);
        out.extend_from_slice(field.as_bytes());
        out.extend_from_slice(br#"":""#);
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(br#","email":"***"#);
    out.extend_from_slice(domain.as_bytes());
    out.extend_from_slice(b"\"}\n");
}

#[cfg(test)]
mod tests {
    use super::super::{Bare, Feed};
    use super::*;

    #[test]
    fn most_changes_are_routed() {
        let feed = Feed::new(4000, 1);
        let routed = Pipeline::new(Bare).replay(&feed.slices()[0]);
        assert!((3600..4000).contains(&routed), "one table in sixteen is filtered, not {routed}");
    }

    #[test]
    fn addresses_are_masked() {
        let change = Change {
            op: Op::Insert,
            position: 1,
            committed: 0,
            captured: 0,
            key: "7",
            table: "t",
            columns: ["Ada", "ada@example.org", ""],
        };
        let mut out = Vec::new();
        transform(&change, &mut out);
        let line = String::from_utf8(out).expect("it was text");
        assert_eq!(
            line,
            "{\"op\":\"c\",\"pos\":1,\"key\":\"7\",\"table\":\"t\",\"name\":\"Ada\",\"note\":\"\",\"email\":\"***@example.org\"}\n"
        );
    }
}
