//! What the families of bridges wish to be called.

use super::desc::Desc;
use crate::label::{MAX_NAME_BYTES, length_problem};
use crate::registry::error::Error;

/// The name that a [`DynamicFamily`](crate::bridge::DynamicFamily) prefers, and the one that it takes where another
/// family needs that name: the parts of the name, and who goes first.
///
/// The name is `stem`, then `suffix`. Where a metric that was declared without a preferred name exposes that name or
/// one of its samples, or a family with a preferred name of lower `rank` does, it is `stem`, `_`, `word`, then
/// `suffix`; where that is taken as well, with `_2`, `_3` behind the word.
///
/// Which family is called what follows from the families that there are, not from their order: one that was declared
/// first loses its name when another one comes that goes before it, and has it back when that one goes. Of two with one
/// rank, the one whose preferred name is that of its declaration goes first, then the one whose name sorts first, then
/// the older one. No family loses its preferred name to one for which that name is a last resort.
///
/// ```
/// use streamgauge::bridge::{DynamicFamily, DynamicSettings, PreferredName};
/// use streamgauge::{Counter, Registry};
/// let registry = Registry::new();
/// let wish = PreferredName { stem: "reads", suffix: "_total", word: "counter", rank: 1 };
/// let settings = DynamicSettings::new().preferred_name(wish);
/// let reads: DynamicFamily<Counter> = registry.counter("reads_total", "").dynamic_family_with(settings)?;
/// assert_eq!(reads.name(), "reads_total");
/// registry.counter("reads_total", "Reads, as the program itself counts them.").register()?.inc();
/// assert_eq!(reads.name(), "reads_counter_total");
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferredName<'n> {
    /// The name without what ends every name of the family.
    pub stem: &'n str,
    /// What ends it: a unit, `_total`; or nothing.
    pub suffix: &'n str,
    /// What is added where the plain name is not to be had.
    pub word: &'n str,
    /// Lower goes first.
    pub rank: u8,
}

/// Bytes left behind a wish for the underscores and the number of another name.
const NUMBER_BYTES: usize = 24;

/// A wish as a descriptor keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Preference {
    /// The name in the declaration, whatever the family is called.
    pub(crate) declared: Box<str>,
    stem: Box<str>,
    suffix: Box<str>,
    word: Box<str>,
    rank: u8,
    /// Counts the wishes of the registry; set when the family is added.
    pub(crate) serial: u64,
}

/// Who goes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// For a name that is not the one wished for.
    pub(crate) is_last_resort: bool,
    rank: u8,
    /// The name that is wished for is another one than was declared.
    is_derived: bool,
    name: String,
    serial: u64,
}

impl Preference {
    pub(crate) fn new(declared: &str, wish: PreferredName<'_>) -> Self {
        let PreferredName { stem, suffix, word, rank } = wish;
        Self { declared: declared.into(), stem: stem.into(), suffix: suffix.into(), word: word.into(), rank, serial: 0 }
    }

    /// Returns the same family's wish for another name.
    pub(crate) fn renamed(&self, wish: PreferredName<'_>) -> Self {
        Self { serial: self.serial, ..Self::new(&self.declared, wish) }
    }

    pub(crate) fn with_serial(&self, serial: u64) -> Self {
        Self { serial, ..self.clone() }
    }

    /// Returns the wish as it was declared.
    pub(crate) fn parts(&self) -> PreferredName<'_> {
        PreferredName { stem: &self.stem, suffix: &self.suffix, word: &self.word, rank: self.rank }
    }

    /// Returns the name to be tried after so many others.
    pub(crate) fn name(&self, attempt: usize) -> String {
        let Self { stem, suffix, word, .. } = self;
        match attempt {
            0 => format!("{stem}{suffix}"),
            1 => format!("{stem}_{word}{suffix}"),
            _ => format!("{stem}_{word}_{attempt}{suffix}"),
        }
    }

    /// Returns the turn in which the name after so many others is given.
    pub(crate) fn turn(&self, attempt: usize) -> Turn {
        let name = self.name(0);
        let is_derived = *name != *self.declared;
        Turn { is_last_resort: attempt > 0, rank: self.rank, is_derived, name, serial: self.serial }
    }

    /// Refuses a wish whose other names are not allowed, or too long: a family that loses its name always finds one.
    pub(crate) fn check_others(&self, desc: &Desc, verbatim: bool) -> Result<(), Error> {
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
    /// Returns whether there is a HELP line or a unit.
    pub(crate) fn is_described(&self) -> bool {
        !self.help.is_empty() || self.has_empty_help || self.unit.is_some()
    }

    /// Returns whether two declarations with wishes mean the same family: its help and unit are set later, perhaps by
    /// another bridge, and its name follows from them.
    pub(crate) fn wishes_as(&self, other: &Self) -> bool {
        let of = |desc: &Self| desc.wish.as_ref().map(|wish| wish.declared.clone());
        let plain = |desc: &Self| Self { help: Box::default(), unit: None, ..desc.clone() };
        of(self) == of(other) && plain(self).same_as(&plain(other))
    }
}
