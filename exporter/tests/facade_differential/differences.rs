//! In what the two recorders differ, on purpose, but for the order of families, lines and labels: stock's are those of
//! hash tables and calls, here they are sorted. side_by_side.rs shows each.

use crate::stock::repeated;
use metrics_exporter_prometheus::formatting::{sanitize_description, sanitize_label_key, sanitize_label_value};
use streamgauge::parse::{Parser, families};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// Stock takes a backslash in a text for the beginning of an escape: `a\b` and `a\\b` become the same text, and two
    /// series come twice under it. Here every text comes back as it was.
    Backslashes,
    /// Stock counts NaN, infinities and negative values in histograms; after the first NaN the sum is NaN for good. Here
    /// they are left out, and the engine counts them.
    BadValues,
    /// Of names that look alike when they are legal stock exposes the counter or gauge that it comes upon last, and the
    /// sum of histograms. Here they are one series, whatever the kind.
    NamesAlike,
    /// Stock exposes a name with several kinds, or whose samples another family has, as if they were alone: TYPE comes
    /// twice, or a series does. Here one of them has another name, by its kind.
    NameTaken,
    /// Stock exposes labels called `le`, `quantile` and `__..` as they are, twice in a histogram. Here they are prefixed.
    Reserved,
    /// Stock exposes both of two labels that look alike when they are legal. Here the last one counts.
    LabelsAlike,
    /// Stock writes labels without a value, so that a series with one and the series without it are two of its own and one
    /// of every reader's. Here they are one.
    EmptyLabels,
    /// Stock leaves `_count`, `_sum` and `_bucket` away where the name of a histogram ends in the word: that of `account`
    /// has its count in `account`. Here all are there.
    Suffix,
    /// Stock writes infinities as Rust does, `inf`; here they are `+Inf`, as the format has them.
    Infinity,
}

impl Difference {
    pub(crate) const ALL: [Self; 9] = [
        Self::Backslashes,
        Self::BadValues,
        Self::NamesAlike,
        Self::NameTaken,
        Self::Reserved,
        Self::LabelsAlike,
        Self::EmptyLabels,
        Self::Suffix,
        Self::Infinity,
    ];
}

/// Tells whether a histogram takes a value here.
pub(crate) fn is_recorded(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// Gives the text that a reader gets back of a label value from the stock recorder.
pub(crate) fn stock_value(value: &str) -> String {
    let line = format!("x{{l=\"{}\"}} 1\n", sanitize_label_value(value));
    let families = families(Parser::text(line.as_bytes())).expect("stock escapes well enough to be read");
    families[0].samples[0].labels[0].1.clone()
}

/// Gives the text that a reader gets back of a description from the stock recorder.
pub(crate) fn stock_help(help: &str) -> String {
    let line = format!("# HELP x {}\n", sanitize_description(help));
    let families = families(Parser::text(line.as_bytes())).expect("stock escapes well enough to be read");
    families.first().and_then(|family| family.help.clone()).unwrap_or_default()
}

/// Gives the label names and values that stock exposes, those that come again with a number.
pub(crate) fn stock_labels(labels: &[(String, String)]) -> Vec<(String, String)> {
    let names: Vec<String> = labels.iter().map(|(name, _)| sanitize_label_key(name)).collect();
    let pairs = names.iter().zip(labels).enumerate().map(|(index, (name, (_, value)))| {
        let later = names[index + 1..].iter().filter(|later| *later == name).count();
        let name = if later == 0 { name.clone() } else { repeated(name, later) };
        (name, stock_value(value))
    });
    pairs.collect()
}

/// Gives the labels that are exposed here, sorted; `all` are those of the key in its order.
pub(crate) fn our_labels(all: &[(&str, &str)], global: Option<(&str, &str)>) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    let own = all.iter().map(|(name, value)| (our_label(name), (*value).to_owned()));
    for (name, value) in global.map(|(name, value)| (our_label(name), value.to_owned())).into_iter().chain(own) {
        labels.retain(|(known, _)| *known != name);
        labels.push((name, value));
    }
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort();
    labels
}

/// Gives the name that a label has here.
pub(crate) fn our_label(name: &str) -> String {
    let legal = sanitize_label_key(name);
    if is_reserved(&legal) { format!("exported_{legal}") } else { legal }
}

pub(crate) fn is_reserved(legal: &str) -> bool {
    matches!(legal, "le" | "quantile") || legal.starts_with("__")
}

/// Gives the name of a histogram's sample in the stock recorder.
pub(crate) fn stock_sample(family: &str, suffix: &str) -> String {
    if family.ends_with(suffix) { family.to_owned() } else { format!("{family}_{suffix}") }
}
