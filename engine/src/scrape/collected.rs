//! What collectors give in a scrape.

use super::encoder::{Encoders, Form};
use super::{Filter, Metric};
use crate::catch::catch_drop;
use crate::encode::MetricValue;
use crate::kind::Kind;
use crate::registry::collect::{Collected, CollectedValue, CollectorList, Ended, Registered};
use crate::registry::desc::RegistryLevel;
use crate::sync::PlainArc;

/// The collectors of a registry as a scraper keeps them.
#[derive(Debug, Default)]
pub(crate) struct Collections {
    /// The list that `slots` was prepared from.
    list: CollectorList,
    slots: Vec<Slot>,
}

/// Collectors that gave nothing in a scrape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FailedCollectors {
    pub(crate) panicked: usize,
    /// Another scrape seems to hang in them.
    pub(crate) hanging: usize,
}

/// One collector, what does not change about its families, and what it gave last.
#[derive(Debug)]
struct Slot {
    registered: PlainArc<Registered>,
    encoders: Vec<Encoders>,
    collected: Collected,
}

impl Slot {
    fn new(registered: &PlainArc<Registered>) -> Self {
        Self {
            registered: registered.clone(),
            encoders: registered.descs.iter().map(|_| Encoders::default()).collect(),
            collected: Collected::new(registered.descs.len()),
        }
    }
}

impl Collections {
    /// Runs the collectors; returns how many gave nothing. To be called inside
    /// [`not_nested`](crate::registry::store::not_nested).
    pub(crate) fn run(&mut self, list: CollectorList, level: &RegistryLevel) -> FailedCollectors {
        if !PlainArc::ptr_eq(&list, &self.list) {
            let slots = list.iter().map(Slot::new).collect();
            // Perhaps the last references to collectors that were unregistered: what those own is the user's.
            catch_drop(std::mem::replace(&mut self.list, list));
            std::mem::replace(&mut self.slots, slots).into_iter().for_each(catch_drop);
        }
        let mut failed = FailedCollectors::default();
        for slot in &mut self.slots {
            match slot.registered.run(level, &mut slot.collected) {
                Ended::Well => {}
                Ended::Panicked => failed.panicked += 1,
                Ended::Hanging => failed.hanging += 1,
            }
        }
        failed
    }

    /// Forgets what was given by collectors that are not in `list`: others may have their names by now.
    pub(crate) fn keep(&mut self, list: CollectorList) {
        if PlainArc::ptr_eq(&list, &self.list) {
            return;
        }
        let is_listed = |slot: &Slot| list.iter().any(|listed| PlainArc::ptr_eq(listed, &slot.registered));
        self.slots.iter_mut().filter(|slot| !is_listed(slot)).for_each(|slot| slot.collected.clear());
        // Perhaps the last reference to one that came and went meanwhile.
        catch_drop(list);
    }

    /// Forgets what was given: for scrapes that leave collectors out.
    pub(crate) fn clear(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.collected.clear());
    }

    /// Returns how many samples were given and cannot be exposed.
    pub(crate) fn rejected(&self) -> usize {
        self.slots.iter().map(|slot| slot.collected.rejected).sum()
    }

    /// Writes the families that are chosen; returns the number of series.
    pub(crate) fn encode(&mut self, form: Form<'_>, filter: &Filter, out: &mut Vec<u8>) -> usize {
        let mut series = 0;
        for Slot { registered, encoders, collected } in &mut self.slots {
            let families = registered.descs.iter().zip(encoders).zip(&collected.families);
            for ((desc, encoders), family) in
                families.filter(|((desc, _), _)| filter.chooses(desc, form.exposition.escaping()))
            {
                if family.len() == 0 {
                    continue;
                }
                let encoder = encoders.of(form, desc);
                let start = encoder.begin(out);
                for (labels, value) in family.labelled(desc) {
                    encoder.series(out, labels, value_of(desc.kind, value));
                }
                encoder.end(out, start, family.len());
                series += family.len();
            }
        }
        series
    }

    /// Shows every sample.
    pub(crate) fn visit(&self, mut visitor: impl FnMut(Metric<'_>)) {
        for slot in &self.slots {
            for (desc, family) in slot.registered.descs.iter().zip(&slot.collected.families) {
                for (labels, value) in family.labelled(desc) {
                    let value = value_of(desc.kind, value);
                    visitor(Metric { desc, labels, value });
                }
            }
        }
    }
}

/// Returns what a collector gave as the value of a metric of this kind.
fn value_of(kind: Kind, value: CollectedValue) -> MetricValue<'static> {
    match (kind, value) {
        (Kind::Counter, CollectedValue::Integer(value)) => MetricValue::Counter(value),
        (Kind::Counter, CollectedValue::Float(value)) => MetricValue::FloatCounter(value),
        (_, CollectedValue::Integer(value)) => MetricValue::Integer(value),
        (Kind::Unknown, CollectedValue::Float(value)) => MetricValue::Unknown(value),
        (_, CollectedValue::Float(value)) => MetricValue::Gauge(value),
    }
}
