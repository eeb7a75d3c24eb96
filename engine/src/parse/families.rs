//! Which families a body has had: what may come once comes once, and every sample finds its family.

#![allow(clippy::ptr_arg, reason = "a borrowed name is kept as it is; of a &str there would have to be a copy")]

use super::cursor::Cursor;
use super::error::shown;
use super::{Error, ErrorKind, MetricType};
use std::borrow::Cow;
use std::collections::HashMap;

/// What is known of a family.
#[derive(Debug)]
pub(super) struct Family<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) kind: Option<MetricType>,
    pub(super) has_help: bool,
    /// Whether there was a UNIT line, and whether it gave a unit.
    pub(super) saw_unit: bool,
    pub(super) has_unit: bool,
    pub(super) has_samples: bool,
    /// Whether no other family can have a sample of this one's: then the name alone tells whose it is.
    owns_suffixes: bool,
}

impl Family<'_> {
    pub(super) fn kind(&self) -> MetricType {
        self.kind.unwrap_or_default()
    }

    /// Returns what `name` has beyond the family's.
    #[inline]
    fn suffix_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&*self.name)
    }
}

/// All families of a body, and the one that the last line was about.
#[derive(Debug, Default)]
pub(super) struct Families<'a> {
    // The standard hasher: names come from peers, who must not be able to choose ones that collide.
    index: HashMap<Cow<'a, str>, usize>,
    all: Vec<Family<'a>>,
    current: Option<usize>,
    /// Room for the names of samples.
    sample: String,
}

impl<'a> Families<'a> {
    pub(super) fn at(&mut self, index: usize) -> &mut Family<'a> {
        &mut self.all[index]
    }

    fn add(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        if self.all.len() >= cursor.limits.families {
            let message = format!("more than the {} families that are allowed", cursor.limits.families);
            return Err(cursor.error(at, ErrorKind::Limit, message));
        }
        let index = self.all.len();
        self.index.insert(name.clone(), index);
        self.all.push(Family {
            name: name.clone(),
            kind: None,
            has_help: false,
            saw_unit: false,
            has_unit: false,
            has_samples: false,
            owns_suffixes: false,
        });
        self.current = Some(index);
        Ok(index)
    }

    /// Finds the family of a name of the text format, which is on a sample or on a line of metadata: the one called
    /// so, else the summary or histogram whose sample it is, else a new one.
    #[inline]
    pub(super) fn of_text(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        if let Some(current) = self.current {
            let family = &self.all[current];
            // Neighbours are nearly always of one family.
            if let Some(suffix) = family.suffix_of(name)
                && (suffix.is_empty() || (family.owns_suffixes && family.kind().text_suffixes().contains(&suffix)))
            {
                return Ok(current);
            }
        }
        self.look_up(cursor, name, at)
    }

    fn look_up(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        let found = self.index.get(name).copied().or_else(|| {
            ["_count", "_sum", "_bucket"].into_iter().find_map(|suffix| {
                let index = *self.index.get(name.strip_suffix(suffix)?)?;
                self.all[index].kind().text_suffixes().contains(&suffix).then_some(index)
            })
        });
        match found {
            Some(index) => {
                self.current = Some(index);
                Ok(index)
            }
            None => self.add(cursor, name, at),
        }
    }

    /// Sets the type of a family of the text format.
    pub(super) fn set_text_kind(&mut self, index: usize, kind: MetricType) {
        let Self { index: names, all, sample, .. } = self;
        let family = &mut all[index];
        family.kind = Some(kind);
        family.owns_suffixes = kind.text_suffixes().iter().all(|suffix| {
            sample.clear();
            sample.extend([&*family.name, suffix]);
            !names.contains_key(sample.as_str())
        });
    }

    /// Finds the family of a sample of OpenMetrics: the current one, or a new one without metadata.
    #[inline]
    pub(super) fn of_sample(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        if let Some(current) = self.current {
            let family = &self.all[current];
            if family.suffix_of(name).is_some_and(|suffix| family.kind().suffixes().contains(&suffix)) {
                return Ok(current);
            }
        }
        self.begin(cursor, name, at)
    }

    /// Finds the family of a line of metadata of OpenMetrics: the current one, or a new one.
    pub(super) fn of_metadata(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        let Some(current) = self.current.filter(|current| self.all[*current].name == *name) else {
            return self.begin(cursor, name, at);
        };
        if self.all[current].has_samples {
            let message = format!("metadata of {} behind its samples, but it is expected before them", shown(name));
            return Err(cursor.error(at, ErrorKind::Order, message));
        }
        Ok(current)
    }

    /// Begins a family of OpenMetrics. Neither it nor a sample of it may be called as another family or its samples.
    fn begin(&mut self, cursor: &Cursor<'a>, name: &Cow<'a, str>, at: usize) -> Result<usize, Error> {
        self.check_free(cursor, name, at, None)?;
        self.add(cursor, name, at)
    }

    /// Sets the type of a family of OpenMetrics, which settles how its samples are called.
    pub(super) fn set_kind(
        &mut self,
        cursor: &Cursor<'a>,
        index: usize,
        kind: MetricType,
        at: usize,
    ) -> Result<(), Error> {
        self.all[index].kind = Some(kind);
        let mut sample = std::mem::take(&mut self.sample);
        for suffix in kind.suffixes().iter().filter(|suffix| !suffix.is_empty()) {
            sample.clear();
            sample.extend([&*self.all[index].name, suffix]);
            self.check_free(cursor, &sample, at, Some(index))?;
        }
        self.sample = sample;
        Ok(())
    }

    /// Checks that no family other than `but` is called `name`, or has a sample of that name.
    fn check_free(&self, cursor: &Cursor<'_>, name: &str, at: usize, but: Option<usize>) -> Result<(), Error> {
        let taken = self.index.get(name).copied().or_else(|| {
            const SUFFIXES: [&str; 8] =
                ["_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"];
            SUFFIXES.into_iter().find_map(|suffix| {
                let index = *self.index.get(name.strip_suffix(suffix)?)?;
                self.all[index].kind().suffixes().contains(&suffix).then_some(index)
            })
        });
        let Some(taken) = taken.filter(|taken| Some(*taken) != but) else { return Ok(()) };
        let Family { name: family, .. } = &self.all[taken];
        let kind = self.all[taken].kind();
        let samples: Vec<String> = kind.suffixes().iter().map(|suffix| shown(&format!("{family}{suffix}"))).collect();
        let message = format!(
            "the name {} belongs to the {kind} {}, which is written in one piece, with samples called {}",
            shown(name),
            shown(family),
            samples.join(", ")
        );
        Err(cursor.error(at, ErrorKind::Order, message))
    }
}
