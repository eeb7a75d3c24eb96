//! Reads what the stock recorder exposes, also where no reader of the format would.

use crate::facade::id_of;
use streamgauge::parse::{MetricType, OwnedSample, Parser, families};

/// One family, as the stock recorder writes it: two of them can have the same name.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) kind: MetricType,
    pub(crate) help: Option<String>,
    /// A unit or `_total` made the name of two metrics one: these are both.
    pub(crate) is_twin: bool,
    /// The HELP and TYPE lines.
    pub(crate) metadata: Vec<String>,
    pub(crate) samples: Vec<Line>,
}

/// A sample as it stands there; a series can come twice.
#[derive(Debug)]
pub(crate) struct Line {
    /// Name with sorted labels.
    pub(crate) id: String,
    pub(crate) value: f64,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn read(text: &str) -> Self {
        let sample = read_sample(text);
        Self { id: id_of(&sample.name, &sample), value: sample.value, text: text.to_owned() }
    }
}

/// Reads an exposition of the stock recorder. It sets a blank line behind each family, and none inside.
pub(crate) fn read(text: &str) -> Vec<Block> {
    text.split("\n\n").filter(|block| !block.is_empty()).map(read_block).collect()
}

fn read_block(text: &str) -> Block {
    let is_metadata = |line: &&str| line.starts_with('#');
    let metadata: String = text.lines().filter(is_metadata).map(|line| format!("{line}\n")).collect();
    let mut families = families(Parser::text(metadata.as_bytes())).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(families.len(), 1, "{text}");
    let family = families.remove(0);
    let samples = text.lines().filter(|line| !is_metadata(line)).map(Line::read);
    let metadata = metadata.lines().map(str::to_owned).collect();
    Block {
        name: family.name,
        kind: family.kind,
        help: family.help,
        is_twin: false,
        metadata,
        samples: samples.collect(),
    }
}

/// Reads a sample without its TYPE: a reader that knows it is a histogram's refuses a second `le`.
fn read_sample(line: &str) -> OwnedSample {
    let line = format!("{}\n", apart(line));
    let mut families = families(Parser::text(line.as_bytes())).unwrap_or_else(|error| panic!("{error}\n{line}"));
    families.remove(0).samples.remove(0)
}

/// The name, the labels, and what follows.
type Parts<'l> = (&'l str, Vec<(&'l str, &'l str)>, &'l str);

/// Splits a line into the name, the labels with their values as they are written, and what follows.
fn parts(line: &str) -> Option<Parts<'_>> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once('}').expect("labels end");
    let mut pairs = Vec::new();
    let mut left = labels;
    while let Some((label, rest)) = left.split_once("=\"") {
        let mut is_escaped = false;
        let end = rest.find(|char| {
            let is_end = char == '"' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            is_end
        });
        let end = end.expect("values end");
        pairs.push((label, &rest[..end]));
        left = rest[end + 1..].trim_start_matches(',');
    }
    Some((name, pairs, value))
}

/// Gives the line with its labels in the order of their names, and the bound of a bucket behind them.
pub(crate) fn in_order(line: &str) -> String {
    let Some((name, mut pairs, value)) = parts(line) else { return line.to_owned() };
    pairs.sort_by_key(|(label, _)| (*label == "le" || *label == "quantile", *label));
    let labels: Vec<_> = pairs.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    format!("{name}{{{}}}{value}", labels.join(","))
}

/// Tells labels with the same name apart, which no reader takes: all but the last get a number.
fn apart(line: &str) -> String {
    let Some((name, pairs, value)) = parts(line) else { return line.to_owned() };
    let labels = pairs.iter().enumerate().map(|(index, (label, value))| {
        match pairs[index + 1..].iter().filter(|(later, _)| later == label).count() {
            0 => format!("{label}=\"{value}\""),
            times => format!("{}=\"{value}\"", repeated(label, times)),
        }
    });
    format!("{name}{{{}}}{value}", labels.collect::<Vec<_>>().join(","))
}

/// Gives the name of a label that comes `times` more times behind this one.
pub(crate) fn repeated(label: &str, times: usize) -> String {
    format!("{label}__{times}")
}
