//! From the facade's names, which may be any text, to those that are exposed. The same rules as those of
//! metrics-exporter-prometheus 0.18, so that dashboards find what they know.

use std::borrow::Cow;

use streamgauge::Unit;

/// The word for a unit in names: `seconds`, `ratio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnitName(pub(super) &'static str);

impl UnitName {
    /// Returns the unit as the formats know it; `None` where they do not.
    pub(super) fn unit(self) -> Option<Unit> {
        match self.0 {
            "seconds" => Some(Unit::Seconds),
            "bytes" => Some(Unit::Bytes),
            "ratio" => Some(Unit::Ratio),
            _ => None,
        }
    }
}

/// What the label names that the formats keep for themselves are prefixed with, as Prometheus does with labels that
/// clash with a target's.
const EXPORTED: &str = "exported_";

/// Returns the metric name: what is no letter, digit, `_` or `:` becomes `_`, and so does a digit at the beginning.
pub(super) fn sanitise_name(name: &str) -> Cow<'_, str> {
    sanitise(name, true)
}

/// Returns the label name: as a metric name, without colons; `le`, `quantile` and names that start with two underscores
/// are prefixed.
pub(super) fn sanitise_label(name: &str) -> Cow<'_, str> {
    let name = sanitise(name, false);
    let is_reserved = matches!(&*name, "le" | "quantile") || name.starts_with("__");
    if is_reserved { Cow::Owned(format!("{EXPORTED}{name}")) } else { name }
}

fn sanitise(name: &str, has_colons: bool) -> Cow<'_, str> {
    let is_legal = |index: usize, char: char| {
        char.is_ascii_alphabetic() || char == '_' || (has_colons && char == ':') || (index > 0 && char.is_ascii_digit())
    };
    if name.is_empty() {
        return Cow::Borrowed("_");
    }
    if name.chars().enumerate().all(|(index, char)| is_legal(index, char)) {
        return Cow::Borrowed(name);
    }
    name.chars().enumerate().map(|(index, char)| if is_legal(index, char) { char } else { '_' }).collect()
}

/// Appends a unit to a name that does not have it, before the suffix of a kind.
pub(super) fn add_unit(name: &mut String, unit: &str) {
    let suffix = ["_sum", "_count", "_bucket", "_total"].into_iter().find(|suffix| name.ends_with(suffix));
    let place = name.len() - suffix.map_or(0, str::len);
    if !name[..place].ends_with(unit) {
        name.insert_str(place, unit);
        name.insert(place, '_');
    }
}

/// Appends `_total` to a name that does not end in `total`.
pub(super) fn add_total(name: &mut String) {
    if !name.ends_with("total") {
        name.push_str("_total");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_legal() {
        for (name, expected) in
            [("a.b", "a_b"), ("1a", "_a"), ("a1", "a1"), ("a:b", "a:b"), ("", "_"), ("é€", "__"), ("a b\n", "a_b_")]
        {
            assert_eq!(sanitise_name(name), expected);
        }
        for (name, expected) in [
            ("a:b", "a_b"),
            ("le", "exported_le"),
            ("quantile", "exported_quantile"),
            ("__name__", "exported___name__"),
            ("..x", "exported___x"),
            ("level", "level"),
            (".name.", "_name_"),
            ("", "_"),
        ] {
            assert_eq!(sanitise_label(name), expected);
        }
    }

    #[test]
    fn suffixes_are_added_once_and_before_those_of_the_kind() {
        for (name, unit, expected) in [
            ("read", "bytes", "read_bytes"),
            ("read_bytes", "bytes", "read_bytes"),
            ("read_total", "bytes", "read_bytes_total"),
            ("read_bytes_total", "bytes", "read_bytes_total"),
            ("x_count", "seconds", "x_seconds_count"),
        ] {
            let mut made = name.to_owned();
            add_unit(&mut made, unit);
            assert_eq!(made, expected);
        }
        let mut name = "read".to_owned();
        add_total(&mut name);
        add_total(&mut name);
        assert_eq!(name, "read_total");
    }
}
