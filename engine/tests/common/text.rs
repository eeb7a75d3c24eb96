//! A strict parser of the text format 0.0.4, written from the specification and sharing nothing with the
//! encoder: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
//!
//! It refuses what a lenient reader would let pass: families in pieces, samples under the wrong family,
//! duplicate series, unknown escapes, histograms that do not add up.

use std::collections::{BTreeMap, BTreeSet};

/// A sample's name and labels.
pub(crate) type Key = (String, BTreeMap<String, String>);

/// One family of an exposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) help: String,
    /// `counter`, `gauge`, `histogram` or `summary`.
    pub(crate) kind: String,
    /// Samples in the order of the body, with the text of their values.
    pub(crate) samples: Vec<(Key, String)>,
}

/// An exposition: families by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) families: BTreeMap<String, Family>,
}

impl Parsed {
    /// Gives every sample with the text of its value.
    pub(crate) fn samples(&self) -> BTreeMap<Key, String> {
        self.families.values().flat_map(|family| family.samples.iter().cloned()).collect()
    }

    /// Gives the text of one sample's value.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<&str> {
        let labels: BTreeMap<_, _> = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let key = (name.to_owned(), labels);
        let mut samples = self.families.values().flat_map(|family| &family.samples);
        samples.find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Gives the value of one sample that is an integer.
    pub(crate) fn integer(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let text = self.get(name, labels).unwrap_or_else(|| panic!("no sample {name} {labels:?}"));
        text.parse().unwrap_or_else(|_| panic!("{name} {labels:?} is {text}, not an integer"))
    }

    /// Gives the number of series; a histogram is one, and so is a summary.
    pub(crate) fn series(&self) -> usize {
        let is_one = |family: &Family| ["histogram", "summary"].contains(&family.kind.as_str());
        let counts = |family: &&Family, key: &Key| !is_one(family) || key.0.ends_with("_count");
        self.families.values().map(|family| family.samples.iter().filter(|(key, _)| counts(&family, key)).count()).sum()
    }

    /// Gives the samples that never decrease: counters, and the parts of histograms without negative bounds.
    pub(crate) fn monotone(&self) -> impl Iterator<Item = (Key, f64)> + '_ {
        self.families.values().flat_map(|family| {
            let negative = |(key, _): &(Key, String)| key.1.get("le").is_some_and(|bound| bound.starts_with('-'));
            let sums_fall = family.samples.iter().any(negative);
            family.samples.iter().filter_map(move |(key, value)| {
                let is_count = key.0.ends_with("_count");
                let falls = family.kind == "gauge"
                    || (sums_fall && key.0.ends_with("_sum"))
                    || (family.kind == "summary" && !is_count);
                (!falls).then(|| (key.clone(), float(value).unwrap_or(f64::NAN)))
            })
        })
    }
}

/// Reads an exposition, or says what is wrong with it.
pub(crate) fn parse(body: &[u8]) -> Result<Parsed, String> {
    let body = std::str::from_utf8(body).map_err(|error| format!("not UTF-8: {error}"))?;
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("the last line does not end".into());
    }
    let mut parsed = Parsed::default();
    let mut current: Option<(String, Family)> = None;
    let mut lines = body.split_terminator('\n');
    let mut seen = BTreeSet::new();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            finish(&mut parsed, current.take())?;
            let (name, help) = help.split_once(' ').ok_or("a HELP line without a text")?;
            let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")));
            let kind = kind.ok_or_else(|| format!("no TYPE line after the HELP line of {name}"))?;
            if !["counter", "gauge", "histogram", "summary"].contains(&kind) {
                return Err(format!("{name} has the type {kind}"));
            }
            check_name(name, true)?;
            let help = unescape(help, false)?;
            current = Some((name.into(), Family { help, kind: kind.into(), samples: Vec::new() }));
            continue;
        }
        let Some((name, family)) = &mut current else { return Err(format!("before any HELP line: {line}")) };
        let (key, value) = sample(line)?;
        let suffixes: &[&str] = match family.kind.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            "summary" if key.1.contains_key("quantile") => &[""],
            "summary" => &["_sum", "_count"],
            _ => &[""],
        };
        if !key.0.strip_prefix(name.as_str()).is_some_and(|suffix| suffixes.contains(&suffix)) {
            return Err(format!("under the {} {name}: {line}", family.kind));
        }
        if !seen.insert(key.clone()) {
            return Err(format!("twice: {line}"));
        }
        family.samples.push((key, value));
    }
    finish(&mut parsed, current)?;
    // A sample named like another family is filed under that one by readers that look names up.
    for (name, family) in &parsed.families {
        let taken = |(key, _): &&(Key, String)| key.0 != *name && parsed.families.contains_key(&key.0);
        if let Some((key, _)) = family.samples.iter().find(taken) {
            return Err(format!("{} is a sample of {name}, and a family", key.0));
        }
    }
    Ok(parsed)
}

fn finish(parsed: &mut Parsed, family: Option<(String, Family)>) -> Result<(), String> {
    let Some((name, family)) = family else { return Ok(()) };
    if family.samples.is_empty() {
        return Err(format!("{name} has no samples"));
    }
    if family.kind == "histogram" {
        check_histograms(&name, &family.samples)?;
    }
    if parsed.families.insert(name.clone(), family).is_some() {
        return Err(format!("{name} comes in pieces"));
    }
    Ok(())
}

/// Checks that each series is buckets with ascending bounds and counts up to `+Inf`, a sum, and a count that
/// is the last bucket.
fn check_histograms(name: &str, samples: &[(Key, String)]) -> Result<(), String> {
    let mut rest = samples;
    while !rest.is_empty() {
        let buckets = rest.iter().take_while(|(key, _)| key.0.ends_with("_bucket")).count();
        let [(sum, total), (count, counted), ..] = &rest[buckets..] else {
            return Err(format!("{name} ends early"));
        };
        if !sum.0.ends_with("_sum") || !count.0.ends_with("_count") || sum.1 != count.1 {
            return Err(format!("{name}: {sum:?} and {count:?} after the buckets"));
        }
        float(total)?;
        let mut before = (f64::NEG_INFINITY, 0);
        for (key, value) in &rest[..buckets] {
            let mut labels = key.1.clone();
            let bound = labels.remove("le").ok_or_else(|| format!("{key:?} has no bound"))?;
            let here = (float(&bound)?, integer(value)?);
            if labels != sum.1 || here.0 <= before.0 || here.1 < before.1 {
                return Err(format!("{key:?} {value} after {before:?}"));
            }
            before = here;
        }
        if before != (f64::INFINITY, integer(counted)?) {
            return Err(format!("{count:?} {counted} after {before:?}"));
        }
        rest = &rest[buckets + 2..];
    }
    Ok(())
}

/// Reads `name value` or `name{a="1",b="2"} value`.
fn sample(line: &str) -> Result<(Key, String), String> {
    let problem = |what: &str| format!("{what}: {line}");
    let end = line.find(['{', ' ']).ok_or_else(|| problem("no value"))?;
    let (name, mut rest) = line.split_at(end);
    check_name(name, true)?;
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or_else(|| problem("a label without a value"))?;
            check_name(label, false)?;
            let quote = closing_quote(after).ok_or_else(|| problem("a value without an end"))?;
            if labels.insert(label.to_owned(), unescape(&after[..quote], true)?).is_some() {
                return Err(problem("a label given twice"));
            }
            rest = &after[quote + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').ok_or_else(|| problem("no closing brace"))?;
    }
    let value = rest.strip_prefix(' ').ok_or_else(|| problem("no space before the value"))?;
    float(value)?;
    Ok(((name.to_owned(), labels), value.to_owned()))
}

/// Finds the first quote that no backslash escapes.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, char) in text.char_indices() {
        match char {
            '"' if !escaped => return Some(index),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, if char == '\\' { chars.next() } else { None }) {
            ('\\', Some('\\')) => value.push('\\'),
            ('\\', Some('n')) => value.push('\n'),
            ('\\', Some('"')) if quotes => value.push('"'),
            ('\\', other) => return Err(format!("the escape \\{other:?} in {text}")),
            (other, _) => value.push(other),
        }
    }
    Ok(value)
}

fn check_name(name: &str, colons: bool) -> Result<(), String> {
    let legal = |char: char| char.is_ascii_alphanumeric() || char == '_' || (colons && char == ':');
    if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) || !name.chars().all(legal) {
        return Err(format!("the name {name:?}"));
    }
    Ok(())
}

/// Reads a count: digits only.
fn integer(text: &str) -> Result<u64, String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} is not a count"));
    }
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

/// Reads a value as Go's `ParseFloat` does, without the spellings that nobody writes.
pub(crate) fn float(text: &str) -> Result<f64, String> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'+' | b'-');
    match text {
        "NaN" => Ok(f64::NAN),
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        _ if !text.bytes().all(plain) => Err(format!("the value {text:?}")),
        _ => text.parse().map_err(|error| format!("the value {text:?}: {error}")),
    }
}
