//! What a collector gives in one scrape.

use crate::kind::Kind;
use crate::label::escape_into;
use crate::registry::desc::Desc;
use crate::registry::store::Labels;
use std::ops::Range;
use std::time::Duration;

/// Takes the samples of a [`Collector`](crate::Collector).
///
/// What cannot be exposed is left out and counted in the [`ScrapeReport`](crate::ScrapeReport): samples of a family
/// that was not declared, with another number of labels, with labels that were given before in this scrape (the first
/// stays), past the family's limit, and counters that are negative or not a number.
#[derive(Debug)]
pub struct CollectorOutput<'a> {
    pub(crate) descs: &'a [Desc],
    pub(crate) collected: &'a mut Collected,
}

impl CollectorOutput<'_> {
    /// Returns a declared family by its full name, for its samples. May be asked for more than once.
    pub fn family(&mut self, name: &str) -> FamilyOutput<'_> {
        let place = self.descs.iter().position(|desc| *desc.name == *name);
        let Collected { families, rejected } = &mut *self.collected;
        let family = place.and_then(|place| Some((&self.descs[place], families.get_mut(place)?)));
        FamilyOutput { family, rejected }
    }
}

/// Takes the samples of one family.
#[derive(Debug)]
pub struct FamilyOutput<'a> {
    /// `None` where it was not declared.
    family: Option<(&'a Desc, &'a mut FamilySamples)>,
    rejected: &'a mut usize,
}

impl FamilyOutput<'_> {
    /// Adds a sample: the values of the labels in the order of their declaration, cut to 1024 bytes each, and the
    /// value.
    pub fn sample(&mut self, labels: &[&str], value: impl Into<CollectedValue>) -> &mut Self {
        let value = value.into();
        match &mut self.family {
            Some((desc, family)) if desc.label_names.len() == labels.len() && value.suits(desc.kind) => {
                *self.rejected += family.push(desc, labels, value);
            }
            _ => *self.rejected += 1,
        }
        self
    }
}

/// The value of a collected sample; made from integers, floats, `bool` and [`Duration`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CollectedValue {
    /// Exposed as an exact integer.
    Integer(u64),
    /// Exposed with the shortest digits.
    Float(f64),
}

impl CollectedValue {
    fn suits(self, kind: Kind) -> bool {
        match self {
            Self::Float(value) => kind != Kind::Counter || value >= 0.0,
            Self::Integer(_) => true,
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

macro_rules! values {
    ($($type:ty => $value:ident $make:expr;)*) => {$(
        impl From<$type> for CollectedValue {
            fn from($value: $type) -> Self {
                $make
            }
        }
    )*};
}
values! {
    u64 => value Self::Integer(value);
    u32 => value Self::Integer(value.into());
    usize => value Self::Integer(value as u64);
    i64 => value u64::try_from(value).map_or(Self::Float(value as f64), Self::Integer);
    i32 => value Self::from(i64::from(value));
    f64 => value Self::Float(value);
    bool => value Self::Integer(value.into());
    // Seconds are the base unit.
    Duration => value Self::Float(value.as_secs_f64());
}

/// What one collector gave, family by family. The memory is kept from scrape to scrape.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) families: Vec<FamilySamples>,
    pub(crate) rejected: usize,
}

impl Collected {
    pub(crate) fn new(families: usize) -> Self {
        let mut collected = Self::default();
        collected.families.resize_with(families, FamilySamples::default);
        collected
    }

    pub(crate) fn clear(&mut self) {
        self.rejected = 0;
        self.families.iter_mut().for_each(FamilySamples::clear);
    }

    /// Leaves out what was given twice, what is past the limits, and the families that are off.
    pub(crate) fn settle(&mut self, descs: &[Desc], is_on: impl Fn(usize) -> bool) {
        for (place, (family, desc)) in self.families.iter_mut().zip(descs).enumerate() {
            if is_on(place) {
                self.rejected += family.settle(desc.limits.series);
            } else {
                family.clear();
            }
        }
    }
}

/// The samples of one family, with their labels side by side.
#[derive(Debug, Default)]
pub(crate) struct FamilySamples {
    samples: Vec<Stored>,
    /// The labels as `a="1",b="2"`, escaped.
    text: Vec<u8>,
    /// The offset of the closing quote of each value in the text of its sample.
    ends: Vec<u32>,
    /// Scratch of `settle`.
    order: Vec<usize>,
    /// There are as many samples as are allowed, with labels of their own each.
    full: bool,
}

#[derive(Clone, Debug)]
struct Stored {
    text: Range<usize>,
    ends: Range<usize>,
    value: CollectedValue,
    /// Another sample before this one has the labels.
    again: bool,
}

impl FamilySamples {
    fn clear(&mut self) {
        self.samples.clear();
        self.text.clear();
        self.ends.clear();
        self.full = false;
    }

    /// Adds a sample; returns how many were left out, of this one and those before it.
    ///
    /// At most twice the limit is kept, whatever the collector adds: duplicates are then sorted out, which makes room
    /// for as many again, or leaves none.
    fn push(&mut self, desc: &Desc, values: &[&str], value: CollectedValue) -> usize {
        let limit = desc.limits.series;
        let mut rejected = 0;
        if !self.full && self.samples.len() >= limit.saturating_mul(2) {
            rejected = self.settle(limit);
        }
        if self.full {
            return rejected + 1;
        }
        let (text_start, ends_start) = (self.text.len(), self.ends.len());
        for (name, value) in desc.label_names.iter().zip(values) {
            if self.text.len() > text_start {
                self.text.push(b',');
            }
            self.text.extend_from_slice(name.as_bytes());
            self.text.extend_from_slice(b"=\"");
            escape_into(&value[..value.floor_char_boundary(desc.limits.value_bytes)], &mut self.text);
            self.ends.push((self.text.len() - text_start) as u32);
            self.text.push(b'"');
        }
        let (text, ends) = (text_start..self.text.len(), ends_start..self.ends.len());
        self.samples.push(Stored { text, ends, value, again: false });
        rejected
    }

    /// Leaves out what was given twice and what is past the limit; returns how many.
    fn settle(&mut self, limit: usize) -> usize {
        let Self { samples, text, ends, order, full } = self;
        order.clear();
        order.extend(0..samples.len());
        // Sorted rather than hashed: it needs no memory of its own and no seed.
        order.sort_unstable_by_key(|index| (&text[samples[*index].text.clone()], *index));
        for pair in order.windows(2) {
            let labels = |index: usize| &text[samples[index].text.clone()];
            let again = labels(pair[0]) == labels(pair[1]);
            samples[pair[1]].again = again;
        }
        let given = samples.len();
        samples.retain(|sample| !sample.again);
        samples.truncate(limit);
        *full = samples.len() == limit;
        if samples.len() < given {
            let (mut text_end, mut ends_end) = (0, 0);
            for sample in samples.iter_mut() {
                sample.text = move_down(text, sample.text.clone(), &mut text_end);
                sample.ends = move_down(ends, sample.ends.clone(), &mut ends_end);
            }
            text.truncate(text_end);
            ends.truncate(ends_end);
        }
        given - samples.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Returns the labels and the value of each sample, in the order in which they were given.
    pub(crate) fn labelled<'a>(&'a self, desc: &'a Desc) -> impl Iterator<Item = (Labels<'a>, CollectedValue)> {
        self.samples.iter().map(|sample| {
            let (text, ends) = (&self.text[sample.text.clone()], &self.ends[sample.ends.clone()]);
            (Labels::collected(&desc.label_names, text, ends), sample.value)
        })
    }
}

/// Moves a part of a list down to `end`, where those before it end; returns where it is then.
fn move_down<T: Copy>(list: &mut [T], part: Range<usize>, end: &mut usize) -> Range<usize> {
    let start = *end;
    *end += part.len();
    list.copy_within(part, start);
    start..*end
}

#[cfg(test)]
mod tests {
    use super::super::collector::CollectedFamily;
    use super::*;

    #[test]
    fn what_a_collector_can_take_is_bounded_by_the_limit() {
        let desc = CollectedFamily::gauge("depth", "D.").labels(["id"]).limit(10).into_desc().expect("legal");
        let long = "v".repeat(100);
        // Of all labels their own, of a few over and over, and of as many as are allowed.
        for distinct in [5_000, 3, 10] {
            let mut collected = Collected::new(1);
            let mut collection = CollectorOutput { descs: std::slice::from_ref(&desc), collected: &mut collected };
            for id in 0..5_000u64 {
                collection.family("depth").sample(&[&format!("{}{long}", id % distinct)], id);
            }
            let family = &collected.families[0];
            let taken = (family.samples.capacity(), family.ends.capacity(), family.order.capacity());
            assert!(taken.0 <= 40 && taken.1 <= 40 && taken.2 <= 40, "{distinct}: {taken:?}");
            assert!(family.text.capacity() <= 40 * 112, "{distinct}: {}", family.text.capacity());
            collected.settle(std::slice::from_ref(&desc), |_| true);
            let kept: Vec<_> = collected.families[0].labelled(&desc).map(|(_, value)| value.as_f64() as u64).collect();
            assert_eq!(kept, (0..distinct.min(10)).collect::<Vec<_>>());
            assert_eq!(collected.rejected, 5_000 - kept.len());
        }
    }
}
