//! What the families of bridges wish to be called, and who waits for a name that another one has.

use super::desc::{Desc, MAX_NAME_BYTES, length_problem};
use super::{Error, FamilyCore};
use crate::sync::PlainArc;
use std::collections::{BTreeMap, HashMap};

/// What an [`OpenFamily`](crate::bridge::OpenFamily) wishes to be called, and what it is called where another family
/// needs that name: the parts of the name, and who goes first.
///
/// The name is `stem`, then `suffix`. Where a metric that was declared without a wish exposes that name or one of its
/// samples, or another wish of lower `rank` does, it is `stem`, `_`, `word`, then `suffix`; where that is taken as well,
/// with `_2`, `_3` behind the word.
///
/// Which family is called what follows from the families that there are, not from their order: one that was declared
/// first loses its name when another one comes that goes before it, and has it back when that one goes. Of two with one
/// rank that goes first which is called as it was declared, then the one whose name sorts first, then the older one.
/// Nobody loses the name it wishes for to one for which that is a last resort.
///
/// ```
/// use streamgauge::bridge::{OpenFamily, OpenSettings, Wish};
/// use streamgauge::{Counter, Registry};
/// let registry = Registry::new();
/// let wish = Wish { stem: "reads", suffix: "_total", word: "counter", rank: 1 };
/// let settings = OpenSettings::new().wish(wish);
/// let reads: OpenFamily<Counter> = registry.counter("reads_total", "").open_family_with(settings)?;
/// assert_eq!(reads.name(), "reads_total");
/// registry.counter("reads_total", "Reads, as the program itself counts them.").register()?.inc();
/// assert_eq!(reads.name(), "reads_counter_total");
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish<'n> {
    /// The name without what ends every name of the family.
    pub stem: &'n str,
    /// What ends it: a unit, `_total`; or nothing.
    pub suffix: &'n str,
    /// What is added where the plain name is not to be had.
    pub word: &'n str,
    /// Lower goes first.
    pub rank: u8,
}

/// Room behind a wish for the underscores and the number of another name.
const NUMBER_BYTES: usize = 24;

/// A wish as a descriptor keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Wished {
    /// The name in the declaration, whatever the family is called.
    pub(super) declared: Box<str>,
    stem: Box<str>,
    suffix: Box<str>,
    word: Box<str>,
    rank: u8,
    /// Counts the wishes of the registry; set when the family is added.
    pub(super) serial: u64,
}

/// Who goes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// For a name that is not the one wished for.
    pub(super) is_last_resort: bool,
    rank: u8,
    /// The name that is wished for is another one than was declared.
    is_derived: bool,
    name: String,
    serial: u64,
}

impl Wished {
    pub(super) fn new(declared: &str, wish: Wish<'_>) -> Self {
        let Wish { stem, suffix, word, rank } = wish;
        Self { declared: declared.into(), stem: stem.into(), suffix: suffix.into(), word: word.into(), rank, serial: 0 }
    }

    /// Gives the same family's wish for another name.
    pub(super) fn renamed(&self, wish: Wish<'_>) -> Self {
        Self { serial: self.serial, ..Self::new(&self.declared, wish) }
    }

    pub(super) fn with_serial(&self, serial: u64) -> Self {
        Self { serial, ..self.clone() }
    }

    /// Gives the wish as it was told.
    pub(super) fn parts(&self) -> Wish<'_> {
        Wish { stem: &self.stem, suffix: &self.suffix, word: &self.word, rank: self.rank }
    }

    /// Gives the name to be tried after so many others.
    pub(super) fn name(&self, attempt: usize) -> String {
        let Self { stem, suffix, word, .. } = self;
        match attempt {
            0 => format!("{stem}{suffix}"),
            1 => format!("{stem}_{word}{suffix}"),
            _ => format!("{stem}_{word}_{attempt}{suffix}"),
        }
    }

    /// Gives when the name after so many others is given.
    pub(super) fn turn(&self, attempt: usize) -> Turn {
        let name = self.name(0);
        let is_derived = *name != *self.declared;
        Turn { is_last_resort: attempt > 0, rank: self.rank, is_derived, name, serial: self.serial }
    }

    /// Refuses a wish whose other names are not allowed, or too long: a family that loses its name always finds one.
    pub(super) fn check_others(&self, desc: &Desc, verbatim: bool) -> Result<(), Error> {
        let other = self.name(1);
        if let Some(problem) = length_problem(other.len() + NUMBER_BYTES, MAX_NAME_BYTES) {
            return Err(Error::InvalidName {
                name: self.name(0),
                problem: format!("with what may be added {problem}"),
            });
        }
        Desc { name: other.into(), ..desc.clone() }.check(verbatim)
    }
}

impl Desc {
    /// Tells whether there is a HELP line or a unit.
    pub(super) fn is_described(&self) -> bool {
        !self.help.is_empty() || self.has_empty_help || self.unit.is_some()
    }

    /// Tells whether two declarations with wishes mean the same family: its help and unit are told later, perhaps by
    /// another bridge, and its name follows from them.
    pub(super) fn wishes_as(&self, other: &Self) -> bool {
        let of = |desc: &Self| desc.wish.as_ref().map(|wish| wish.declared.clone());
        let plain = |desc: &Self| Self { help: Box::default(), unit: None, ..desc.clone() };
        of(self) == of(other) && plain(self).same_as(&plain(other))
    }
}

/// The families that do not have the name they wish for, by the names they were refused.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_name: HashMap<String, Vec<u64>>,
    families: HashMap<u64, (PlainArc<FamilyCore>, Vec<String>)>,
}

/// Families to be named, in the order in which that is done.
pub(super) type Work = BTreeMap<Turn, PlainArc<FamilyCore>>;

impl Waiting {
    /// Notes what a family was refused; nothing where it has what it wishes for.
    pub(super) fn note(&mut self, serial: u64, family: &PlainArc<FamilyCore>, refused: Vec<String>) {
        if let Some((_, names)) = self.families.remove(&serial) {
            for name in names {
                if let Some(waiting) = self.by_name.get_mut(&name) {
                    waiting.retain(|other| *other != serial);
                    if waiting.is_empty() {
                        self.by_name.remove(&name);
                    }
                }
            }
        }
        if !refused.is_empty() {
            refused.iter().for_each(|name| self.by_name.entry(name.clone()).or_default().push(serial));
            self.families.insert(serial, (family.clone(), refused));
        }
    }

    /// Adds those that wait for one of these names.
    pub(super) fn wake(&self, freed: impl Iterator<Item = String>, work: &mut Work) {
        if self.families.is_empty() {
            return;
        }
        let waiting = freed.filter_map(|name| self.by_name.get(&name)).flatten();
        for family in waiting.filter_map(|serial| self.families.get(serial)).map(|(family, _)| family) {
            if let Some(turn) = family.first_turn() {
                work.insert(turn, family.clone());
            }
        }
    }
}

impl FamilyCore {
    /// Tells whether the family gives its name up to others.
    pub(super) fn has_wish(&self) -> bool {
        self.desc.wish.is_some()
    }

    /// Gives when the family got the name it has; `None` of one that keeps the name it was declared with.
    pub(super) fn turn(&self) -> Option<Turn> {
        self.with_desc(|desc| {
            let wish = desc.wish.as_ref()?;
            Some(wish.turn(usize::from(*desc.name != *wish.name(0))))
        })
    }

    /// Gives its turn for the name it wishes for.
    pub(super) fn first_turn(&self) -> Option<Turn> {
        self.with_desc(|desc| desc.wish.as_ref().map(|wish| wish.turn(0)))
    }
}
