//! Conventions of names and units, by the rules of `promtool check metrics`. The formats allow all of it.

use super::error::named;
use super::lint::Linter;
use super::{Check, MetricType, Severity, Syntax};
use std::collections::HashSet;

/// Units of one piece of a name, and the base unit for each; promtool lets pass both grams and both spellings.
const UNITS: [(&str, &str); 25] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
    ("feet", "meters"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mebi", "giga", "gibi",
    "tera", "tebi", "peta", "pebi",
];

/// Abbreviated units, and the base unit that is meant; `m` may be minutes or meters.
const ABBREVIATIONS: [(&str, &str); 14] = [
    ("s", "seconds"),
    ("ms", "seconds"),
    ("us", "seconds"),
    ("ns", "seconds"),
    ("sec", "seconds"),
    ("h", "seconds"),
    ("d", "seconds"),
    ("b", "bytes"),
    ("kb", "bytes"),
    ("mb", "bytes"),
    ("gb", "bytes"),
    ("tb", "bytes"),
    ("pb", "bytes"),
    ("m", "seconds or meters"),
];

const TYPES: [&str; 5] = ["counter", "gauge", "histogram", "gaugehistogram", "summary"];

impl Linter<'_, '_> {
    /// Checks the names of the family.
    pub(super) fn conventions(&mut self) {
        self.units();
        self.name();
        self.endings();
        self.label_names();
    }

    fn units(&mut self) {
        let family = self.family;
        // The first unit is that of the values; what follows may be a part of the name, as in `_seconds_per_days`.
        if let Some((unit, base)) = family.name.split('_').find_map(|piece| Some((piece, base_unit(piece)?)))
            && unit != base
        {
            self.report(
                Severity::Warning,
                Check::Unit,
                family.line,
                format!("the unit is {unit}, but the base unit {base} is expected"),
            );
        }
        for piece in family.name.to_lowercase().split('_').skip(1) {
            if let Some((_, base)) = ABBREVIATIONS.iter().find(|(short, _)| *short == piece) {
                let message = format!("the unit {piece} is abbreviated, but a base unit in full, {base}, is expected");
                self.report(Severity::Warning, Check::Unit, family.line, message);
            }
        }
    }

    fn name(&mut self) {
        let family = self.family;
        if family.name.contains('\0') {
            let message = "the name has a NUL in it, which the format allows and Prometheus cannot read";
            self.report(Severity::Warning, Check::Name, family.line, message);
        }
        for piece in family.name.to_lowercase().split('_').skip(1) {
            if TYPES.contains(&piece) {
                let message = format!("the name has the type {piece} in it, but the TYPE line is the place for it");
                self.report(Severity::Warning, Check::TypeInName, family.line, message);
            }
        }
        if family.name.contains(':') {
            let message = "the name has a colon in it, but colons are for recording rules";
            self.report(Severity::Warning, Check::Name, family.line, message);
        }
        if is_camel_case(&family.name) {
            let message = "the name is in camelCase, but snake_case is expected";
            self.report(Severity::Warning, Check::Name, family.line, message);
        }
    }

    /// Checks for endings that say something else than the type does.
    fn endings(&mut self) {
        let family = self.family;
        let kind = family.kind;
        if kind == MetricType::Unknown {
            return;
        }
        let ends_in = |suffix| family.name.ends_with(suffix);
        let is_histogram = matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram);
        let is_summary = kind == MetricType::Summary;
        if !is_histogram && ends_in("_bucket") {
            let message = "the name ends in _bucket, but only samples of histograms do";
            self.report(Severity::Warning, Check::Suffix, family.line, message);
        }
        for suffix in ["_count", "_sum"] {
            if !is_histogram && !is_summary && ends_in(suffix) {
                let message = format!("the name ends in {suffix}, but only samples of histograms and summaries do");
                self.report(Severity::Warning, Check::Suffix, family.line, message);
            }
        }
        if kind != MetricType::Gauge && ends_in("_timestamp_seconds") {
            let message = "the name ends in _timestamp_seconds, but only gauges do";
            self.report(Severity::Warning, Check::Suffix, family.line, message);
        }
        if self.syntax == Syntax::OpenMetrics && kind != MetricType::Counter && ends_in("_total") {
            self.report(Severity::Warning, Check::TotalSuffix, family.line, "only counters end in _total");
        }
    }

    /// Checks the label names, each once a family.
    fn label_names(&mut self) {
        let family = self.family;
        let kind = family.kind;
        let mut seen = HashSet::new();
        for sample in &family.samples {
            for (name, _) in &sample.labels {
                if !seen.insert(name.as_str()) {
                    continue;
                }
                if name.contains('\0') {
                    let message = format!(
                        "the label {} has a NUL in it, which the format allows and Prometheus cannot read",
                        named(name)
                    );
                    self.report(Severity::Warning, Check::Name, sample.line, message);
                }
                if is_camel_case(name) {
                    let message = format!("the label {} is in camelCase, but snake_case is expected", named(name));
                    self.report(Severity::Warning, Check::Name, sample.line, message);
                }
                let owner = match name.as_str() {
                    "le" if !matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram) => "histograms",
                    "quantile" if kind != MetricType::Summary => "summaries",
                    _ => continue,
                };
                if kind != MetricType::Unknown {
                    let message = format!("the label {name} is there, but only {owner} have it");
                    self.report(Severity::Warning, Check::Label, sample.line, message);
                }
            }
        }
    }
}

/// Returns the base unit for a piece of a name; `None` where it is not a unit.
fn base_unit(piece: &str) -> Option<&'static str> {
    let known = |unit: &str| UNITS.iter().find(|(name, _)| *name == unit).map(|(_, base)| *base);
    known(piece).or_else(|| PREFIXES.iter().find_map(|prefix| known(piece.strip_prefix(prefix)?)))
}

fn is_camel_case(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Parser, families, lint};

    fn found(body: &str) -> Vec<String> {
        let families = families(Parser::text(body.as_bytes())).expect("legal");
        lint(Syntax::Text, &families)
            .into_iter()
            .map(|finding| format!("{:?} {}", finding.check, finding.message))
            .collect()
    }

    #[test]
    fn units_are_base_units_in_full() {
        let gauge = |name: &str| found(&format!("# HELP {name} H.\n# TYPE {name} gauge\n{name} 1\n"));
        assert_eq!(gauge("lag_seconds"), Vec::<String>::new());
        assert_eq!(gauge("read_bytes"), Vec::<String>::new());
        assert_eq!(gauge("lag_milliseconds"), ["Unit the unit is milliseconds, but the base unit seconds is expected"]);
        assert_eq!(gauge("size_kilobytes"), ["Unit the unit is kilobytes, but the base unit bytes is expected"]);
        assert_eq!(gauge("lag_ms"), ["Unit the unit ms is abbreviated, but a base unit in full, seconds, is expected"]);
    }

    #[test]
    fn a_nul_is_no_character_of_a_name() {
        let body = "# HELP \"a\0b\" A.\n# TYPE \"a\0b\" gauge\n{\"a\0b\",\"c\0\"=\"\0\"} 1\n";
        assert_eq!(
            found(body),
            [
                "Name the name has a NUL in it, which the format allows and Prometheus cannot read",
                "Name the label \"c\\0\" has a NUL in it, which the format allows and Prometheus cannot read",
            ]
        );
    }

    #[test]
    fn names_say_neither_types_nor_rules() {
        let body = "# HELP queue_gauge Q.\n# TYPE queue_gauge gauge\nqueue_gauge{tableName=\"a\",le=\"1\"} 1\n\
                    # HELP a:b A.\n# TYPE a:b gauge\na:b 1\n# HELP someThing_count S.\n# TYPE someThing_count gauge\nsomeThing_count 1\n";
        assert_eq!(
            found(body),
            [
                "TypeInName the name has the type gauge in it, but the TYPE line is the place for it",
                "Name the label tableName is in camelCase, but snake_case is expected",
                "Label the label le is there, but only histograms have it",
                "Name the name has a colon in it, but colons are for recording rules",
                "Name the name is in camelCase, but snake_case is expected",
                "Suffix the name ends in _count, but only samples of histograms and summaries do",
            ]
        );
    }
}
