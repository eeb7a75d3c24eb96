//! The families of a recorder, by the names that the facade is given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use streamgauge::{Error, Registry};

use super::any_family::{AnyFamily, FamilyFactory};
use super::config::Config;
use super::kind::Kind;
use super::naming::{UnitName, sanitise_name};
use super::warnings::{Collisions, LONGEST_NAME, OVERFLOW_NAME, Warning};

/// Bytes of a description that are kept.
const LONGEST_HELP: usize = 4096;

#[derive(Debug)]
pub(super) struct Families {
    pub(super) factory: FamilyFactory,
    known: RwLock<Known>,
    pub(super) collisions: Collisions,
    names: Mutex<Vec<ToldName>>,
    scrapes: AtomicU64,
}

/// What was last said of a family's name.
#[derive(Debug)]
struct ToldName {
    kind: Kind,
    family: AnyFamily,
    version: usize,
    /// Where it is not the one that it wishes for.
    other: Option<String>,
}

impl ToldName {
    /// Returns a warning where the family has come to be called otherwise than it should; counts families, not their
    /// names.
    fn look(&mut self, collisions: &Collisions) -> Option<Warning> {
        // Before the name: a change that comes between the two is found the next time.
        self.version = self.family.version();
        let (name, wished) = (self.family.name(), self.family.preferred_name());
        let other = (name != wished).then_some(name);
        if other == self.other {
            return None;
        }
        if std::mem::replace(&mut self.other, other).is_none() {
            Collisions::count(&collisions.families);
        }
        self.other.clone().map(|used| Warning::Renamed { kind: self.kind, name: wished, used })
    }
}

#[derive(Debug, Default)]
struct Known {
    /// By the name as it was given, one place a kind.
    given: HashMap<Box<str>, [Option<AnyFamily>; 3]>,
    /// By the legal name.
    legal: HashMap<Box<str>, Named>,
    /// Of what has no place among the names.
    overflow: [Option<AnyFamily>; 3],
    /// A name was refused.
    is_full: bool,
}

/// What is known of a legal name.
#[derive(Debug, Default)]
struct Named {
    /// The first name as it was given, where a metric has it.
    given: Option<Box<str>>,
    description: Option<Description>,
    families: [Option<AnyFamily>; 3],
    /// There is no family of the kind, and can be none.
    is_nameless: [bool; 3],
}

#[derive(Debug)]
struct Description {
    help: Box<str>,
    unit: Option<UnitName>,
    /// The scrapes before it.
    scrapes: u64,
}

impl Families {
    pub(super) fn new(registry: Registry, config: Config) -> Self {
        let factory = FamilyFactory { registry, config };
        Self {
            factory,
            known: RwLock::default(),
            collisions: Collisions::default(),
            names: Mutex::default(),
            scrapes: AtomicU64::new(0),
        }
    }

    /// Returns the family of a name, which is made if there is none; `None` where there can be none.
    pub(super) fn get(&self, kind: Kind, given: &str) -> Option<AnyFamily> {
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
        let mut warnings = Vec::new();
        let family = self.make(kind, given, &mut warnings);
        warnings.into_iter().for_each(Warning::log);
        family
    }

    fn make(&self, kind: Kind, given: &str, warnings: &mut Vec<Warning>) -> Option<AnyFamily> {
        if given.len() > LONGEST_NAME {
            if Collisions::count(&self.collisions.refused) {
                warnings.push(Warning::Long { bytes: given.len() });
            }
            return None;
        }
        let mut known = self.known.write();
        let Known { given: by_given, legal: by_legal, is_full, .. } = &mut *known;
        if let Some(family) = by_given.get(given).and_then(|families| families[kind as usize].clone()) {
            return Some(family);
        }
        let is_new = !by_given.contains_key(given);
        let limit = self.factory.config.name_limit;
        if is_new && by_given.len() >= limit {
            Collisions::count(&self.collisions.refused);
            if !std::mem::replace(is_full, true) {
                warnings.push(Warning::Full { limit });
            }
            return None;
        }
        let legal = sanitise_name(given);
        // The other name that is made the same by appending `_total` is one family with this one.
        let twin = self.factory.config.twin_of(kind, &legal).and_then(|twin| by_legal.get(&*twin));
        let twin = twin.filter(|twin| is_new && twin.families[kind as usize].is_some());
        if let Some(first) = twin.and_then(|twin| twin.given.clone()) {
            Collisions::count(&self.collisions.names);
            let legal = self.factory.config.exposed_name(kind, &legal, None).into();
            warnings.push(Warning::Names { given: given.into(), first, legal });
        }
        let named = by_legal.entry(Box::from(&*legal)).or_default();
        if named.is_nameless[kind as usize] {
            Collisions::count(&self.collisions.refused);
            return None;
        }
        match &named.given {
            None => named.given = Some(given.into()),
            Some(first) if is_new && **first != *given => {
                Collisions::count(&self.collisions.names);
                warnings.push(Warning::Names { given: given.into(), first: first.clone(), legal: (&*legal).into() });
            }
            Some(_) => {}
        }
        let family = match &named.families[kind as usize] {
            Some(family) => family.clone(),
            None => {
                let Some(family) = self.declare(kind, &legal, named.description.as_ref(), warnings) else {
                    // Not tried again: it takes up a name among those that there may be, and is told once.
                    named.is_nameless[kind as usize] = true;
                    by_given.entry(given.into()).or_default();
                    return None;
                };
                named.families[kind as usize] = Some(family.clone());
                family
            }
        };
        by_given.entry(given.into()).or_default()[kind as usize] = Some(family.clone());
        Some(family)
    }

    /// Declares a family; `None` where no name will do.
    fn declare(
        &self,
        kind: Kind,
        legal: &str,
        description: Option<&Description>,
        warnings: &mut Vec<Warning>,
    ) -> Option<AnyFamily> {
        let unit = description.and_then(|description| description.unit);
        let help = description.map(|description| &*description.help);
        let declare = |legal: &str| self.factory.declare(kind, legal, help, unit);
        // Of legal names only `_total` alone is no name of a counter.
        let family = match declare(legal).or_else(|_| declare(&format!("{legal}_{}", kind.as_str()))) {
            Ok(family) => family,
            Err(error) => {
                Collisions::count(&self.collisions.families);
                warnings.push(Warning::Nameless { kind, name: legal.into(), error });
                return None;
            }
        };
        let mut told = ToldName { kind, family: family.clone(), version: 0, other: None };
        warnings.extend(told.look(&self.collisions));
        self.names.lock().push(told);
        Some(family)
    }

    /// Says which families had to give their names up since it was last said.
    pub(super) fn look_at_names(&self) {
        let mut warnings = Vec::new();
        for told in self.names.lock().iter_mut().filter(|told| told.family.version() != told.version) {
            warnings.extend(told.look(&self.collisions));
        }
        warnings.into_iter().for_each(Warning::log);
    }

    /// Returns the family of what has no place among the names.
    pub(super) fn overflow(&self, kind: Kind) -> AnyFamily {
        if let Some(family) = &self.known.read().overflow[kind as usize] {
            return family.clone();
        }
        let name = match kind {
            Kind::Counter => format!("{OVERFLOW_NAME}_total"),
            Kind::Gauge | Kind::Histogram => format!("{OVERFLOW_NAME}_{}", kind.as_str()),
        };
        let help = "What was recorded past the limit of metric names or labels.";
        // Two threads may do this at once: they are given the same family.
        let family = self.factory.declare_own(kind, &name, help).unwrap_or_else(|error| {
            Warning::Lost { error }.log();
            AnyFamily::noop(kind)
        });
        self.known.write().overflow[kind as usize].get_or_insert(family).clone()
    }

    /// Takes a description of a name. The last one before a scrape counts, and none that comes when one was seen.
    pub(super) fn describe(&self, given: &str, unit: Option<UnitName>, help: &str) {
        if given.len() > LONGEST_NAME {
            return;
        }
        let (legal, help) = (sanitise_name(given), &help[..help.floor_char_boundary(LONGEST_HELP)]);
        // Relaxed: a scrape that is under way may see it or not.
        let scrapes = self.scrapes.load(Ordering::Relaxed);
        let is_settled = |description: &Description| {
            description.scrapes < scrapes || (*description.help == *help && description.unit == unit)
        };
        // Some macros describe at every record: all but the first find it done.
        let known = self.known.read();
        if known.legal.get(&*legal).and_then(|named| named.description.as_ref()).is_some_and(is_settled) {
            return;
        }
        drop(known);
        let mut warnings = Vec::new();
        {
            let mut known = self.known.write();
            if !known.legal.contains_key(&*legal) && known.legal.len() >= self.factory.config.name_limit {
                return;
            }
            let named = known.legal.entry(Box::from(&*legal)).or_default();
            if named.description.as_ref().is_some_and(is_settled) {
                return;
            }
            let is_first = named.description.replace(Description { help: help.into(), unit, scrapes }).is_none();
            for (kind, family) in Kind::ALL.into_iter().zip(&named.families) {
                // Another recorder of the registry may have described it.
                let Some(family) = family.as_ref().filter(|family| !(is_first && family.is_described())) else {
                    continue;
                };
                let wish = self.factory.config.preferred_name(kind, &legal, unit);
                if let Err(error) = family.describe(help, unit, wish.of(kind)) {
                    warnings.push(Warning::Nameless { kind, name: wish.name, error });
                }
            }
        }
        warnings.into_iter().for_each(Warning::log);
    }

    /// Notes that somebody sees what there is.
    pub(super) fn note_scrape(&self) {
        // Relaxed: see describe.
        self.scrapes.fetch_add(1, Ordering::Relaxed);
        self.look_at_names();
    }

    /// Counts a key with labels that look alike when they are legal.
    pub(super) fn note_labels(&self, metric: &str, first: &str, second: &str) {
        if Collisions::count(&self.collisions.labels) {
            Warning::Labels { metric: metric.into(), first: first.into(), second: second.into() }.log();
        }
    }

    /// Counts a key that can have no series of its own.
    pub(super) fn note_refused(&self, error: Error) {
        if Collisions::count(&self.collisions.refused) {
            Warning::Refused { error }.log();
        }
    }

    /// Returns whether anything was ever recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.known.read().given.is_empty()
    }
}
