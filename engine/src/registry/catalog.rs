//! The reference of a registry's metrics: what is registered, for people and programs to read.

use super::json::Json;
use crate::kind::Kind;
use crate::registry::desc::{Desc, Level, Limits};
use crate::unit::Unit;
use std::fmt::Write;
use std::time::Duration;

/// What is known of one metric family before it has a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamilyDescription {
    /// The full name.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// The help text.
    pub help: String,
    /// The unit, where one was stated.
    pub unit: Option<Unit>,
    /// The names of the labels, constant ones first; none of a [`DynamicFamily`](crate::bridge::DynamicFamily).
    pub labels: Vec<String>,
    /// The finite upper bounds of a histogram.
    pub buckets: Vec<f64>,
    /// The quantiles of a summary.
    pub quantiles: Vec<f64>,
    /// The window over which a summary has them.
    pub window: Option<Duration>,
    /// The states of a state set.
    pub states: Vec<String>,
    /// The level.
    pub level: Level,
    /// The limit of live series.
    pub limit: usize,
    /// The limit of bytes of a label value.
    pub value_limit: usize,
    /// Made by a collector.
    pub collected: bool,
}

impl FamilyDescription {
    pub(crate) fn new(desc: &Desc, collected: bool) -> Self {
        Self {
            name: desc.name.to_string(),
            kind: desc.kind,
            help: desc.help.to_string(),
            unit: desc.unit,
            labels: desc.label_names.iter().map(ToString::to_string).collect(),
            buckets: desc.shape.layout().map_or_else(Vec::new, |layout| layout.bounds().to_vec()),
            quantiles: desc.shape.quantiles().map_or_else(Vec::new, |quantiles| quantiles.values().to_vec()),
            window: desc.shape.quantiles().map(|quantiles| quantiles.window()),
            states: desc
                .shape
                .states()
                .map_or_else(Vec::new, |states| states.iter().map(ToString::to_string).collect()),
            level: desc.level,
            limit: desc.limits.series,
            value_limit: desc.limits.value_bytes,
            collected,
        }
    }

    /// Returns what has no column of its own.
    fn details(&self) -> String {
        let mut details = Vec::new();
        if !self.buckets.is_empty() {
            let bounds: Vec<_> = self.buckets.iter().map(f64::to_string).collect();
            details.push(format!("buckets {}", bounds.join(", ")));
        }
        if let Some(window) = self.window {
            let quantiles: Vec<_> = self.quantiles.iter().map(f64::to_string).collect();
            details.push(format!("quantiles {} of the last {} s", quantiles.join(", "), window.as_secs_f64()));
        }
        if !self.states.is_empty() {
            details.push(format!("states {}", self.states.join(", ")));
        }
        if self.level != Level::default() {
            details.push(format!("level {}", self.level.as_str()));
        }
        // The default limit stands at every family and says nothing about one.
        if self.limit != Limits::default().series && self.limit != usize::MAX {
            details.push(format!("at most {} series", self.limit));
        }
        details.join("; ")
    }
}

/// The families of a registry, by name; made by [`Registry::describe`](crate::Registry::describe).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    pub(super) families: Vec<FamilyDescription>,
}

impl Catalog {
    /// Returns the descriptions in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &FamilyDescription> {
        self.families.iter()
    }

    /// Returns a Markdown table: a page of reference documentation.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = "| name | kind | unit | labels | help | details |\n|---|---|---|---|---|---|\n".to_owned();
        for family in &self.families {
            let labels: Vec<_> = family.labels.iter().map(|label| code(label)).collect();
            let unit = family.unit.map_or("", Unit::as_str);
            // Writing to a String cannot fail.
            let _ = writeln!(
                page,
                "| {} | {} | {unit} | {} | {} | {} |",
                code(&family.name),
                family.kind.as_str(),
                labels.join(", "),
                cell(&family.help),
                cell(&family.details()),
            );
        }
        page
    }

    /// Returns a JSON array with an object for each family: `name`, `kind`, `help`, `unit` (or null), `labels`,
    /// `buckets`, `quantiles`, `window_seconds` (or null), `states`, `level`, `limit` (or null), `value_limit`,
    /// `collected`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Json::default();
        json.array(&self.families, |json, family| {
            json.object(|json| {
                json.key("name").string(&family.name);
                json.key("kind").string(family.kind.as_str());
                json.key("help").string(&family.help);
                json.key("unit").optional(family.unit, |json, unit| json.string(unit.as_str()));
                json.key("labels").array(&family.labels, |json, label| json.string(label));
                json.key("buckets").array(&family.buckets, |json, bound| json.number(*bound));
                json.key("quantiles").array(&family.quantiles, |json, quantile| json.number(*quantile));
                json.key("window_seconds").optional(family.window, |json, window| json.number(window.as_secs_f64()));
                json.key("states").array(&family.states, |json, state| json.string(state));
                json.key("level").string(family.level.as_str());
                let limit = (family.limit != usize::MAX).then_some(family.limit);
                json.key("limit").optional(limit, Json::number);
                json.key("value_limit").number(family.value_limit);
                json.key("collected").boolean(family.collected);
            });
        });
        json.into_string()
    }
}

impl<'c> IntoIterator for &'c Catalog {
    type Item = &'c FamilyDescription;
    type IntoIter = std::slice::Iter<'c, FamilyDescription>;

    fn into_iter(self) -> Self::IntoIter {
        self.families.iter()
    }
}

/// Returns text that stays in its cell of a table, and is not markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' => cell.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => cell.extend(['\\', char]),
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            _ => cell.push(char),
        }
    }
    cell
}

/// Returns a name as code that stays in its cell: between more backticks than it has side by side, with a backslash
/// before what would end the cell, and control characters as they are written in Rust.
fn code(name: &str) -> String {
    let longest = name.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let mut code = fence.clone();
    // What begins or ends with one needs a blank there, which is not shown.
    let blank = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    code.push_str(blank);
    for char in name.chars() {
        match char {
            '|' => code.push_str("\\|"),
            char if char.is_control() => code.extend(char.escape_default()),
            char => code.push(char),
        }
    }
    code + blank + &fence
}
