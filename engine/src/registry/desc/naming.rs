//! What a family and its labels may be called.

use super::desc::Desc;
use crate::kind::Kind;
use crate::label::{
    Escaping, MAX_LABEL_BYTES, MAX_LABELS, MAX_NAME_BYTES, OVERFLOW_LABEL, RESERVED, is_reserved_label, is_valid_label,
    length_problem, unreadable_problem,
};
use crate::registry::error::Error;

/// Most bytes of a help text; see [`MAX_NAME_BYTES`].
const MAX_HELP_BYTES: usize = 64 * 1024;

impl Desc {
    /// Checks everything that can be said of a descriptor on its own; `verbatim` lifts the naming rules,
    /// never the syntax.
    pub(crate) fn check(&self, verbatim: bool) -> Result<(), Error> {
        let name = &*self.name;
        let invalid = |problem: String| Error::InvalidName { name: name.to_owned(), problem };
        if name.is_empty() {
            return Err(invalid("a name has at least one character".to_owned()));
        }
        if let Some(problem) = unreadable_problem(name) {
            return Err(invalid(problem.to_owned()));
        }
        if let Some(problem) = length_problem(name.len(), MAX_NAME_BYTES) {
            return Err(invalid(problem));
        }
        let suffix = self.kind.suffix();
        // OpenMetrics knows the family by what is left without it, under each escaping scheme.
        if Escaping::ALL.into_iter().any(|escaping| escaping.metric(name) == suffix) {
            return Err(invalid(format!("a name is more than the suffix `{suffix}`")));
        }
        if self.help.trim().is_empty() && !self.is_dynamic {
            return Err(Error::MissingHelp { name: name.to_owned() });
        }
        if let Some(problem) = length_problem(self.help.len(), MAX_HELP_BYTES) {
            return Err(Error::InvalidHelp { name: name.to_owned(), problem });
        }
        // No rule of naming but one of OpenMetrics, whose readers refuse the body.
        if self.unit.is_some() && matches!(self.kind, Kind::StateSet | Kind::Info) {
            return Err(invalid(format!("{} has no unit", self.kind.with_article())));
        }
        if !verbatim && let Some(problem) = self.naming_problem() {
            return Err(invalid(format!("{problem}; with `.verbatim()` the name is taken as it is")));
        }
        if let Some(problem) = state_label_problem(self) {
            return Err(Error::InvalidSpec { name: name.to_owned(), kind: self.kind, problem });
        }
        if let Some(label) = self.label_names.get(MAX_LABELS) {
            let problem = format!("a metric has at most {MAX_LABELS} labels, and this one {}", self.label_names.len());
            return Err(Error::InvalidLabel { name: name.to_owned(), label: label.to_string(), problem });
        }
        for (index, label) in self.label_names.iter().enumerate() {
            if let Some(problem) = self.label_problem(&self.label_names[..index], label) {
                return Err(Error::InvalidLabel { name: name.to_owned(), label: label.to_string(), problem });
            }
        }
        Ok(())
    }

    /// Returns why a series with the labels `before` may not have this one too.
    fn label_problem(&self, before: &[Box<str>], label: &str) -> Option<String> {
        if label.is_empty() {
            return Some("a label name has at least one character".to_owned());
        }
        if let Some(problem) = unreadable_problem(label) {
            return Some(problem.to_owned());
        }
        if let Some(problem) = length_problem(label.len(), MAX_LABEL_BYTES) {
            return Some(problem);
        }
        if is_reserved_label(label) {
            return Some(RESERVED.to_owned());
        }
        if let Some(problem) = label_problem(self, label) {
            return Some(problem);
        }
        if before.iter().any(|before| **before == *label) {
            let problem =
                "the name is given twice; a constant label and a label of the set, or two constant labels, share it";
            return Some(problem.to_owned());
        }
        Escaping::ALL.into_iter().find_map(|escaping| {
            let written = escaping.label(label);
            let taken = before.iter().find(|before| escaping.label(before) == written)?;
            let scheme = escaping.as_str();
            Some(format!(
                "readers that want names escaped with {scheme} would see {written:?} twice: {taken:?} is one too"
            ))
        })
    }

    /// Checks the naming rules of Prometheus: `_total` for counters and only for them, the unit as the
    /// suffix, no suffix that a histogram's samples have, no colons.
    fn naming_problem(&self) -> Option<String> {
        let name = &*self.name;
        let is_counter = self.kind.is_counter();
        let stem = match name.strip_suffix("_total") {
            Some(stem) if is_counter => stem,
            Some(_) => return Some(format!("only counters end in `_total`, and this is {}", self.kind.with_article())),
            None if is_counter => return Some("the name of a counter ends in `_total`".to_owned()),
            None => name.strip_suffix(self.kind.suffix()).unwrap_or(name),
        };
        if let Some(suffix) =
            ["_bucket", "_sum", "_count", "_created", "_info"].iter().find(|suffix| stem.ends_with(*suffix))
        {
            return Some(format!("`{suffix}` is the suffix of samples that formats make themselves"));
        }
        if name.contains(':') {
            return Some("colons are for recording rules".to_owned());
        }
        if self.kind == Kind::DurationCounter && !stem.ends_with("_seconds") {
            return Some("the name of a duration counter ends in `_seconds_total`".to_owned());
        }
        let unit = self.unit?.as_str();
        let fits = stem.strip_suffix(unit).is_some_and(|before| before.ends_with('_'));
        (!fits).then(|| match is_counter {
            true => format!("with the unit {unit} the name ends in `_{unit}_total`"),
            false => format!("with the unit {unit} the name ends in `_{unit}`"),
        })
    }
}

/// Returns why a state set may not have its name, which is also the name of the label with the state.
fn state_label_problem(desc: &Desc) -> Option<String> {
    let name = &*desc.name;
    if desc.kind != Kind::StateSet {
        None
    } else if !is_valid_label(name) {
        Some("its name names the label with the state, so it has letters, digits and `_` only".to_owned())
    } else if desc.is_dynamic && name == OVERFLOW_LABEL {
        Some(format!("its name names the label with the state, and the overflow series has a label {OVERFLOW_LABEL:?}"))
    } else {
        // The label is called as the metric, so it is written by the rules of metrics.
        let written = |escaping: Escaping| (escaping.as_str(), escaping.metric(name));
        let reserved = Escaping::ALL.into_iter().map(written).find(|(_, written)| is_reserved_label(written));
        reserved.map(|(scheme, written)| {
            format!(
                "its name names the label with the state, and readers that want names escaped with {scheme} would see \
                 {written:?}, which is reserved"
            )
        })
    }
}

/// Returns why a series may not have this label: under some scheme it is written as the one that names the state.
pub(crate) fn label_problem(desc: &Desc, label: &str) -> Option<String> {
    if desc.kind != Kind::StateSet {
        return None;
    }
    if *label == *desc.name {
        return Some("it is called as the metric, and so is the label that names the state".to_owned());
    }
    Escaping::ALL.into_iter().find_map(|escaping| {
        let (written, scheme) = (escaping.label(label), escaping.as_str());
        (written == escaping.metric(&desc.name)).then(|| {
            format!(
                "readers that want names escaped with {scheme} would see {written:?} twice: the label that names the \
                 state is one too"
            )
        })
    })
}
