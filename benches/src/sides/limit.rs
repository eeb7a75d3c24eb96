//! The floors: the least code that could do each job, with nothing of a metrics library around it.

use std::cell::Cell;
use std::hash::Hash;
use std::hint::black_box;

use hashbrown::{Equivalent, HashMap};
use rapidhash::fast::RandomState;

use super::loops::{COUNTERS, in_turn, looking_up};
use crate::inputs::{Names, SLABS, bucket_bounds, counter_names, counter_value, histogram_names, label_sets};
use crate::runner::Side;

/// A plain `u64 += 1` in memory, in a thread's own array.
pub fn counter_inc() -> Side {
    Side::limit("plain u64", |n| {
        let cells: [Cell<u64>; COUNTERS] = Default::default();
        in_turn(n, &cells, |cell| cell.set(cell.get() + 1));
        black_box(&cells);
    })
}

#[derive(PartialEq, Eq, Hash)]
struct Owned {
    pipeline: String,
    source: String,
    table: String,
}

/// Hashes as [`Owned`] does: a derived `Hash` feeds the fields in order, and `str` and `String` hash alike.
#[derive(Hash)]
struct Borrowed<'a> {
    pipeline: &'a str,
    source: &'a str,
    table: &'a str,
}

impl Equivalent<Owned> for Borrowed<'_> {
    fn equivalent(&self, key: &Owned) -> bool {
        self.pipeline == key.pipeline && self.source == key.source && self.table == key.table
    }
}

/// A plain hash table of a thread's own, with the engine's hasher and the same keys: no lock, no pin, no atomics.
pub fn family_with() -> Side {
    Side::limit("plain table", |n| {
        let mut table: HashMap<Owned, u64, RandomState> = HashMap::default();
        for Names { pipeline, source, table: name } in label_sets().iter().cloned() {
            table.insert(Owned { pipeline, source, table: name }, 0);
        }
        looking_up(n, |names| {
            let key = Borrowed { pipeline: &names.pipeline, source: &names.source, table: &names.table };
            *table.get_mut(&key).expect("every set was inserted") += 1;
        });
        black_box(&table);
    })
}

/// Rendered line heads, side by side, and one value a line.
struct Lines {
    text: Vec<u8>,
    ends: Vec<usize>,
    values: Vec<u64>,
}

impl Lines {
    fn new() -> Self {
        Self { text: Vec::new(), ends: Vec::new(), values: Vec::new() }
    }

    fn push(&mut self, prefix: &str, value: u64) {
        self.text.extend_from_slice(prefix.as_bytes());
        self.ends.push(self.text.len());
        self.values.push(value);
    }

    /// Copy, digits, newline: what every text encoder does at least.
    fn write(&self, body: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let mut start = 0;
        for (&end, &value) in self.ends.iter().zip(&self.values) {
            body.extend_from_slice(&self.text[start..end]);
            body.extend_from_slice(digits.format(value).as_bytes());
            body.push(b'\n');
            start = end;
        }
    }

    fn side(self) -> Side {
        let body = std::sync::Mutex::new(Vec::new());
        Side::limit("copy", move |n| {
            let mut body = body.lock().expect("one scraper");
            for _ in 0..n {
                body.clear();
                black_box(&self).write(&mut body);
                black_box(&*body);
            }
        })
    }
}

fn labels(names: &Names) -> String {
    format!(r#"pipeline="{}",source="{}",table="{}""#, names.pipeline, names.source, names.table)
}

/// 10,000 counter lines from one slab.
pub fn encode_counters() -> Side {
    let mut lines = Lines::new();
    for (i, names) in counter_names().enumerate() {
        lines.push(&format!("deltaforge_events_total{{{}}} ", labels(&names)), counter_value(i) * SLABS);
    }
    lines.side()
}

/// 1,000 histograms of 14 buckets, their `+Inf`, sum and count, from one slab. The sum is written as an integer,
/// which is cheaper than any float.
pub fn encode_histograms() -> Side {
    let mut lines = Lines::new();
    for names in histogram_names() {
        let labels = labels(&names);
        for (i, bound) in bucket_bounds().iter().enumerate() {
            lines.push(&format!(r#"deltaforge_latency_seconds_bucket{{{labels},le="{bound}"}} "#), 4 * (i as u64 + 1));
        }
        lines.push(&format!(r#"deltaforge_latency_seconds_bucket{{{labels},le="+Inf"}} "#), 64);
        lines.push(&format!("deltaforge_latency_seconds_sum{{{labels}}} "), 12_345_678);
        lines.push(&format!("deltaforge_latency_seconds_count{{{labels}}} "), 64);
    }
    lines.side()
}
