//! What collectors give in a scrape.

use super::{Sample, SampleValue};
use crate::encode::TextFamily;
use crate::registry::{Collected, CollectedValue, CollectorList, Desc, Kind, Registered, RegistryLevel};
use crate::sync::PlainArc;

/// The collectors of a registry as a scraper keeps them.
#[derive(Debug, Default)]
pub(crate) struct Collections {
    /// The list that `slots` was prepared from.
    list: CollectorList,
    slots: Vec<Slot>,
}

/// One collector, what does not change about its families, and what it gave last.
#[derive(Debug)]
struct Slot {
    registered: PlainArc<Registered>,
    texts: Vec<TextFamily>,
    collected: Collected,
}

impl Slot {
    fn new(registered: &PlainArc<Registered>) -> Self {
        let text = |desc: &Desc| TextFamily::new(&desc.name, &desc.help, desc.kind.type_name(), None);
        Self {
            registered: registered.clone(),
            texts: registered.descs.iter().map(text).collect(),
            collected: Collected::new(registered.descs.len()),
        }
    }
}

impl Collections {
    /// Runs the collectors; gives how many panicked. To be called inside [`alone`](crate::registry::alone).
    pub(crate) fn run(&mut self, list: CollectorList, level: &RegistryLevel) -> usize {
        if !PlainArc::ptr_eq(&list, &self.list) {
            self.slots = list.iter().map(Slot::new).collect();
            self.list = list;
        }
        self.slots
            .iter_mut()
            .filter_map(|slot| (!slot.registered.run(level, &mut slot.collected)).then_some(()))
            .count()
    }

    /// Forgets what was given: for scrapes that leave collectors out.
    pub(crate) fn clear(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.collected.clear());
    }

    /// Gives how many samples were given and cannot be exposed.
    pub(crate) fn rejected(&self) -> usize {
        self.slots.iter().map(|slot| slot.collected.rejected).sum()
    }

    /// Writes all families as text; gives the number of series.
    pub(crate) fn encode_text(&self, out: &mut Vec<u8>) -> usize {
        let mut series = 0;
        for slot in &self.slots {
            let families = slot.texts.iter().zip(&slot.collected.families);
            for (text, family) in families.filter(|(_, family)| family.len() > 0) {
                text.header(out);
                for (labels, value) in family.iter() {
                    match value {
                        CollectedValue::Integer(value) => text.integer(out, labels, value),
                        CollectedValue::Float(value) => text.float(out, labels, value),
                    }
                }
                series += family.len();
            }
        }
        series
    }

    /// Shows every sample.
    pub(crate) fn visit(&self, mut visitor: impl FnMut(Sample<'_>)) {
        for slot in &self.slots {
            for (desc, family) in slot.registered.descs.iter().zip(&slot.collected.families) {
                for (labels, value) in family.labelled(desc) {
                    let value = match (desc.kind, value) {
                        (Kind::Counter, CollectedValue::Integer(value)) => SampleValue::Counter(value),
                        (Kind::Counter, CollectedValue::Float(value)) => SampleValue::FloatCounter(value),
                        (_, value) => SampleValue::Gauge(value.as_f64()),
                    };
                    visitor(Sample { desc, labels, value });
                }
            }
        }
    }
}
