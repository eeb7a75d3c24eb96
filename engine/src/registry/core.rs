//! The family itself: descriptor, records, lookup table, and the mutex under which series are made.

use super::records::{NewRecord, Records, RecordsWriter};
use super::selector::ValueHasher;
use super::table::{Table, TableWriter};
use super::{Desc, RecordRef, SeriesRef};
use crate::cells::{OutOfCells, Pin, Range, retire};
use crate::label::{escape_into, needs_escape};
use crate::sync::Mutex;
use std::hash::{BuildHasher, RandomState};

/// A metric family: everything the registry, its handles and scrapes share of it.
#[derive(Debug)]
pub(crate) struct FamilyCore {
    pub(crate) desc: Desc,
    pub(crate) records: Records,
    pub(crate) table: Table,
    /// Seeds the hash; random for each process, since label values may come from outside.
    pub(crate) hasher: ValueHasher,
    /// Taken to make a series, never to look one up, record or scrape (I5).
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    records: RecordsWriter,
    table: TableWriter,
}

/// The labels of a series as they will be exposed.
#[derive(Debug)]
struct Rendered {
    text: Vec<u8>,
    ends: Vec<u32>,
    escaped: bool,
}

impl FamilyCore {
    pub(crate) fn new(desc: Desc) -> Self {
        let (records, writer) = Records::new();
        // loom replays executions, so nothing in them may be random.
        let seed = if cfg!(engine_loom) { 1 } else { RandomState::new().hash_one(&desc.name) };
        Self {
            desc,
            records,
            table: Table::new(),
            hasher: ValueHasher::new(seed),
            writer: Mutex::new(Writer { records: writer, table: TableWriter::default() }),
        }
    }

    /// Finds the record of a label set, given by the values in the family's order and their hash, or makes
    /// it with the storage that `make` gives. Rendering comes before the mutex, user code never under it.
    pub(crate) fn get_or_insert(
        &self,
        hash: u64,
        values: &[String],
        make: impl FnOnce() -> Result<(SeriesRef, Range), OutOfCells>,
    ) -> Result<RecordRef<'_>, OutOfCells> {
        let rendered = self.render(values);
        let (record, retired) = {
            let mut writer = self.writer.lock();
            if let Some(record) = self.find_text(hash, &rendered.text) {
                return Ok(record);
            }
            let (series, range) = make()?;
            let Rendered { text, ends, escaped } = &rendered;
            let new = NewRecord { series, range, text, ends, escaped: *escaped };
            let record = self.records.push(&mut writer.records, new);
            (record, self.table.insert(&mut writer.table, hash, record))
        };
        if let Some(table) = retired {
            retire(table);
        }
        Ok(record)
    }

    /// Finds a record by its rendered labels. Records live as long as the family, so the result outlives
    /// the pin.
    #[allow(unsafe_code, reason = "lengthens a lifetime from the pin's to the family's")]
    fn find_text(&self, hash: u64, text: &[u8]) -> Option<RecordRef<'_>> {
        let pin = Pin::enter();
        let raw = self.table.find(&pin, hash, |record| record.text() == text)?.as_raw();
        // SAFETY: a record of this family, found in its table, so published before; records are freed
        // only with the family, which `self` borrows.
        Some(unsafe { RecordRef::from_raw(raw) })
    }

    fn render(&self, values: &[String]) -> Rendered {
        let mut rendered = Rendered { text: Vec::new(), ends: Vec::with_capacity(values.len()), escaped: false };
        for (name, value) in self.desc.label_names.iter().zip(values) {
            if !rendered.text.is_empty() {
                rendered.text.push(b',');
            }
            rendered.text.extend_from_slice(name.as_bytes());
            rendered.text.extend_from_slice(b"=\"");
            rendered.escaped |= needs_escape(value);
            escape_into(value, &mut rendered.text);
            rendered.ends.push(rendered.text.len() as u32);
            rendered.text.push(b'"');
        }
        rendered
    }
}
