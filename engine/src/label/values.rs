//! The values of a series' labels, copied out of a label set.

use std::ops::Range;

/// Values in the order of a family's labels, in one piece of text: making a series should not take an allocation for
/// each label.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    text: String,
    /// Where each value stands in the text.
    places: Vec<Range<usize>>,
    /// Values that were cut, for they were longer than the family allows.
    cut: usize,
}

impl Values {
    /// Makes so many empty values.
    pub(crate) fn new(labels: usize) -> Self {
        Self { text: String::with_capacity(32 * labels), places: vec![0..0; labels], cut: 0 }
    }

    /// Returns so many values that are all the same.
    pub(crate) fn all(labels: usize, value: &str) -> Self {
        let mut values = Self::new(labels);
        (0..labels).for_each(|label| values.set(label, value));
        values
    }

    /// Sets the value of a label, once.
    pub(crate) fn set(&mut self, label: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.places[label] = start..self.text.len();
    }

    /// Sets the value of a label, once, to as much of it as `longest` bytes hold.
    pub(crate) fn set_cut(&mut self, label: usize, value: &str, longest: usize) {
        self.cut += usize::from(value.len() > longest);
        self.set(label, &value[..value.floor_char_boundary(longest)]);
    }

    /// Returns how many values were cut.
    pub(crate) fn cut(&self) -> usize {
        self.cut
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| &self.text[place.clone()])
    }

    /// Returns the bytes of all values.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
