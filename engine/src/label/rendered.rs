//! Labels as they will be exposed.

use super::limits::{MAX_LABEL_BYTES, MAX_LABELS, RESERVED, length_problem};
use super::values::Values;
use super::{OVERFLOW_SERIES, escape_into, is_reserved_label, is_valid_label, needs_escape};

/// The labels of a series that is not made yet.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// The labels as `a="1",b="2"`, escaped.
    pub(crate) text: Vec<u8>,
    /// The offset of the closing quote of each value.
    pub(crate) ends: Vec<u32>,
    /// Some value is escaped, so its bytes in the text are not the value's.
    pub(crate) escaped: bool,
}

impl Rendered {
    fn with_capacity(labels: usize, bytes: usize) -> Self {
        // Exact, but for what is escaped: `,name=""` each.
        Self { text: Vec::with_capacity(bytes + 4 * labels), ends: Vec::with_capacity(labels), escaped: false }
    }

    /// Renders the values of a family with these label names.
    pub(crate) fn of(names: &[Box<str>], values: &Values) -> Self {
        let bytes = values.bytes() + names.iter().map(|name| name.len()).sum::<usize>();
        let mut rendered = Self::with_capacity(names.len(), bytes);
        names.iter().zip(values.iter()).for_each(|(name, value)| rendered.push(name, value));
        rendered
    }

    /// Renders labels that come with names of their own, sorted by these, with values cut to `longest` bytes, and
    /// without those whose values are empty then; also returns how many values were cut.
    ///
    /// `state_label` is the one of a state set that names the state.
    ///
    /// # Errors
    /// The name that is not allowed, and why.
    pub(crate) fn of_dynamic(
        labels: &[(&str, &str)],
        longest: usize,
        state_label: Option<&str>,
    ) -> Result<(Self, usize), (String, String)> {
        let refuse = |name: &str, problem: &str| Err((name.to_owned(), problem.to_owned()));
        if let Some((name, _)) = labels.get(MAX_LABELS) {
            return refuse(name, &format!("a metric has at most {MAX_LABELS} labels, and this one {}", labels.len()));
        }
        // To a reader a label without a value does not exist, so it tells no two series apart.
        let labels = labels.iter().filter(|(_, value)| !value.is_empty()).copied();
        let count = labels.clone().count();
        let mut sorted: [(&str, &str); INLINE] = [("", ""); INLINE];
        let mut many = Vec::new();
        let labels = match sorted.get_mut(..count) {
            Some(sorted) => {
                sorted.iter_mut().zip(labels).for_each(|(place, label)| *place = label);
                sorted
            }
            None => {
                many.extend(labels);
                &mut many[..]
            }
        };
        labels.sort_unstable_by_key(|(name, _)| *name);
        let bytes = labels.iter().map(|(name, value)| name.len() + value.len().min(longest)).sum();
        let (mut rendered, mut cut, mut before) = (Self::with_capacity(labels.len(), bytes), 0, "");
        for (name, value) in &*labels {
            if !is_valid_label(name) {
                return refuse(name, "it begins with a letter or `_`, and goes on with letters, digits and `_`");
            }
            if let Some(problem) = length_problem(name.len(), MAX_LABEL_BYTES) {
                return refuse(&name[..MAX_LABEL_BYTES], &problem);
            }
            if is_reserved_label(name) {
                return refuse(name, RESERVED);
            }
            // These names are those of the classic data model, which are as different in every scheme as they are here.
            if state_label == Some(*name) {
                return refuse(name, "it is called as the metric, and so is the label that names the state");
            }
            if *name == before {
                return refuse(name, "the name is given twice");
            }
            before = name;
            // The label that tells the overflow series from the others is never cut, even where somebody asks for it.
            let longest = if (*name, *value) == OVERFLOW_SERIES { value.len() } else { longest };
            cut += usize::from(value.len() > longest);
            let value = &value[..value.floor_char_boundary(longest)];
            // Nothing is left of a value whose first character is longer than the limit.
            if !value.is_empty() {
                rendered.push(name, value);
            }
        }
        Ok((rendered, cut))
    }

    /// Renders the label of the overflow series of a dynamic family.
    pub(crate) fn of_overflow() -> Self {
        let mut rendered = Self::default();
        rendered.push(OVERFLOW_SERIES.0, OVERFLOW_SERIES.1);
        rendered
    }

    fn push(&mut self, name: &str, value: &str) {
        let text = &mut self.text;
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"=\"");
        if needs_escape(value) {
            self.escaped = true;
            escape_into(value, text);
        } else {
            text.extend_from_slice(value.as_bytes());
        }
        self.ends.push(text.len() as u32);
        text.push(b'"');
    }
}

/// Labels that are sorted without an allocation.
const INLINE: usize = 16;
