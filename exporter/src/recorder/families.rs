//! The families of a recorder, by the names that the facade is given.

use super::config::Config;
use super::core::Kind;
use super::family::{Declarer, Family};
use super::naming::{UnitName, sanitise_name};
use super::remarks::{Collisions, LONGEST_NAME, OVERFLOW_NAME, Remark};
use parking_lot::RwLock;
use std::collections::HashMap;
use streamgauge::{Error, Registry};

/// Names that are tried for a family whose own is taken.
const OTHER_NAMES: usize = 8;
/// Bytes of a description that are kept.
const LONGEST_HELP: usize = 4096;

#[derive(Debug)]
pub(super) struct Families {
    pub(super) declarer: Declarer,
    known: RwLock<Known>,
    pub(super) collisions: Collisions,
}

#[derive(Debug, Default)]
struct Known {
    /// By the name as it was given, one place a kind.
    given: HashMap<Box<str>, [Option<Family>; 3]>,
    /// By the legal name.
    legal: HashMap<Box<str>, Named>,
    /// Of what has no place among the names.
    overflow: [Option<Family>; 3],
    /// A name was refused.
    is_full: bool,
}

/// What is known of a legal name.
#[derive(Debug, Default)]
struct Named {
    /// The first name as it was given, where a metric has it.
    given: Option<Box<str>>,
    description: Option<Description>,
    families: [Option<Family>; 3],
}

#[derive(Debug)]
struct Description {
    help: Box<str>,
    unit: Option<UnitName>,
}

impl Families {
    pub(super) fn new(registry: Registry, config: Config) -> Self {
        let declarer = Declarer { registry, config };
        Self { declarer, known: RwLock::default(), collisions: Collisions::default() }
    }

    /// Gives the family of a name, which is made if there is none; `None` where there can be none.
    pub(super) fn get(&self, kind: Kind, given: &str) -> Option<Family> {
        {
            let known = self.known.read();
            match known.given.get(given) {
                Some(families) => {
                    if let Some(family) = &families[kind as usize] {
                        return Some(family.clone());
                    }
                }
                // A flood of new names must not make those that are known wait for each other.
                None if known.is_full => {
                    Collisions::count(&self.collisions.refused);
                    return None;
                }
                None => {}
            }
        }
        let mut remarks = Vec::new();
        let family = self.make(kind, given, &mut remarks);
        remarks.into_iter().for_each(Remark::say);
        family
    }

    fn make(&self, kind: Kind, given: &str, remarks: &mut Vec<Remark>) -> Option<Family> {
        if given.len() > LONGEST_NAME {
            if Collisions::count(&self.collisions.refused) {
                remarks.push(Remark::Long { bytes: given.len() });
            }
            return None;
        }
        let mut known = self.known.write();
        let Known { given: by_given, legal: by_legal, is_full, .. } = &mut *known;
        if let Some(family) = by_given.get(given).and_then(|families| families[kind as usize].clone()) {
            return Some(family);
        }
        let is_new = !by_given.contains_key(given);
        let limit = self.declarer.config.name_limit;
        if is_new && by_given.len() >= limit {
            Collisions::count(&self.collisions.refused);
            if !std::mem::replace(is_full, true) {
                remarks.push(Remark::Full { limit });
            }
            return None;
        }
        let legal = sanitise_name(given);
        let named = by_legal.entry(Box::from(&*legal)).or_default();
        match &named.given {
            None => named.given = Some(given.into()),
            Some(first) if is_new && **first != *given => {
                Collisions::count(&self.collisions.names);
                remarks.push(Remark::Names { given: given.into(), first: first.clone(), legal: (&*legal).into() });
            }
            Some(_) => {}
        }
        let family = match &named.families[kind as usize] {
            Some(family) => family.clone(),
            None => {
                let family = self.declare(kind, &legal, named.description.as_ref(), remarks)?;
                named.families[kind as usize] = Some(family.clone());
                family
            }
        };
        by_given.entry(given.into()).or_default()[kind as usize] = Some(family.clone());
        Some(family)
    }

    /// Declares a family under its name or, where that is taken, under another one.
    fn declare(
        &self,
        kind: Kind,
        legal: &str,
        description: Option<&Description>,
        remarks: &mut Vec<Remark>,
    ) -> Option<Family> {
        let Declarer { config, .. } = &self.declarer;
        let unit = description.and_then(|description| description.unit);
        let help = description.map_or("", |description| &description.help);
        let name = config.exposed_name(kind, legal, unit);
        let error = match self.declarer.declare(kind, legal, &name, help, unit) {
            Ok(family) => return Some(family),
            Err(error) => error,
        };
        Collisions::count(&self.collisions.families);
        let others = (1..=OTHER_NAMES).map(|number| match number {
            1 => format!("{legal}_{}", kind.as_str()),
            _ => format!("{legal}_{}_{number}", kind.as_str()),
        });
        for other in others.map(|other| config.exposed_name(kind, &other, unit)) {
            if let Ok(family) = self.declarer.declare(kind, legal, &other, help, unit) {
                remarks.push(Remark::Renamed { kind, name, error, used: Some(other) });
                return Some(family);
            }
        }
        remarks.push(Remark::Renamed { kind, name, error, used: None });
        None
    }

    /// Gives the family of what has no place among the names.
    pub(super) fn overflow(&self, kind: Kind) -> Family {
        if let Some(family) = &self.known.read().overflow[kind as usize] {
            return family.clone();
        }
        let name = match kind {
            Kind::Counter => format!("{OVERFLOW_NAME}_total"),
            Kind::Gauge | Kind::Histogram => format!("{OVERFLOW_NAME}_{}", kind.as_str()),
        };
        let help = "What was recorded past the limit of metric names or labels.";
        // Two threads may do this at once: they are given the same family.
        let family = self.declarer.declare(kind, &name, &name, help, None).unwrap_or_else(|error| {
            Remark::Lost { error }.say();
            Family::noop(kind)
        });
        self.known.write().overflow[kind as usize].get_or_insert(family).clone()
    }

    /// Takes a description of a name; the first one counts.
    pub(super) fn describe(&self, given: &str, unit: Option<UnitName>, help: &str) {
        if given.len() > LONGEST_NAME {
            return;
        }
        let (legal, help) = (sanitise_name(given), &help[..help.floor_char_boundary(LONGEST_HELP)]);
        let mut remarks = Vec::new();
        {
            let mut known = self.known.write();
            if !known.legal.contains_key(&*legal) && known.legal.len() >= self.declarer.config.name_limit {
                return;
            }
            let named = known.legal.entry(Box::from(&*legal)).or_default();
            if named.description.is_some() {
                return;
            }
            named.description = Some(Description { help: help.into(), unit });
            self.describe_late(&legal, named, help, unit, &mut remarks);
        }
        remarks.into_iter().for_each(Remark::say);
    }

    /// Tells the families that exist already.
    fn describe_late(&self, legal: &str, named: &Named, help: &str, unit: Option<UnitName>, remarks: &mut Vec<Remark>) {
        let Declarer { config, .. } = &self.declarer;
        for (kind, family) in Kind::ALL.into_iter().zip(&named.families) {
            let Some(family) = family else { continue };
            let (before, now) = (config.exposed_name(kind, legal, None), config.exposed_name(kind, legal, unit));
            if before != now
                && let Err(error) = family.rename(&now)
            {
                Collisions::count(&self.collisions.families);
                remarks.push(Remark::Renamed { kind, name: now, error, used: Some(before) });
            }
            // Names are taken as they are, so no unit is wrong.
            let _ = family.describe(help, unit);
        }
    }

    /// Counts a key with labels that look alike when they are legal.
    pub(super) fn note_labels(&self, metric: &str, first: &str, second: &str) {
        if Collisions::count(&self.collisions.labels) {
            Remark::Labels { metric: metric.into(), first: first.into(), second: second.into() }.say();
        }
    }

    /// Counts a key that can have no series of its own.
    pub(super) fn note_refused(&self, error: Error) {
        if Collisions::count(&self.collisions.refused) {
            Remark::Refused { error }.say();
        }
    }

    /// Tells whether anything was ever recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.known.read().given.is_empty()
    }
}
