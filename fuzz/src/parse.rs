//! Bodies of any bytes are read or refused, never more; what was read, written out again and read, is the same; and
//! what the small parser of the integration tests takes is taken, with the same samples.

use crate::text;
use arbitrary::{Arbitrary, Result, Unstructured};
use std::collections::BTreeMap;
use std::fmt::Write;
use streamgauge::parse::{
    Error, Event, Limits, MetricType, OwnedExemplar, OwnedFamily, OwnedSample, Parser, Syntax, Timestamp, families,
    lint,
};

/// A body, and how to read it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    open_metrics: bool,
    classic_names: bool,
    small: bool,
    body: Body,
}

impl Input {
    fn syntax(&self) -> Syntax {
        if self.open_metrics { Syntax::OpenMetrics } else { Syntax::Text }
    }

    fn parser<'a>(&self, body: &'a [u8]) -> Parser<'a> {
        let mut parser = Parser::new(self.syntax(), body);
        if self.classic_names {
            parser = parser.classic_names();
        }
        if self.small {
            parser = parser.with_limits(Limits::default().line_bytes(40).labels(2).families(3).samples(5));
        }
        parser
    }
}

#[derive(Debug)]
struct Body(Vec<u8>);

/// Lines that bodies are made of.
const LINES: &[&str] = &[
    "# TYPE a counter\n",
    "# TYPE a histogram\n",
    "# TYPE a summary\n",
    "# TYPE a gaugehistogram\n",
    "# TYPE a stateset\n",
    "# TYPE a info\n",
    "# TYPE a_s gauge\n# UNIT a_s s\n",
    "# HELP a A \\\\ \\n.\n",
    "# HELP a_s A.\n# TYPE a_s gauge\na_s 1\n",
    "# EOF\n",
    "a_total 1\n",
    "a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\n",
    "a_sum 1.5\na_count 2\n",
    "a_gsum 1.5\na_gcount 2\n",
    "a{quantile=\"0.5\"} 1\n",
    "a{a=\"on\"} 1\n",
    "a_info{x=\"y\"} 1\n",
    "{\"a.b\",\"c.d\"=\"\\\"\"} 1e-7 12\n",
    "b{c=\"1\"} 2\nb{c=\"2\"} NaN\n",
    "# TYPE \"c.d\" counter\n{\"c.d_total\"} 1 # {t=\"x\"} 1 1.000000001\n",
    "d_count 18446744073709551615\n",
];

/// Parts of lines, and of what is nearly one.
const FRAGMENTS: &[&str] = &[
    "# TYPE \"a.b\" ",
    "# HELP ",
    "# UNIT ",
    "# TYPE ",
    "gauge\n",
    "a{b=\"",
    "\",c=\"\\n\\\\\\\"",
    "\"} ",
    "\"\n",
    "a",
    "_count",
    " ",
    "\n",
    "1 1\n",
    "1.5e300 -3\n",
    "NaN\n",
    "-Inf 1.25\n",
    " # {t=\"x\"} 1 1.000000001\n",
    "é",
    ",",
    "}",
    "\\",
];

impl<'a> Arbitrary<'a> for Body {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.ratio(1, 4)? {
            return Ok(Self(u.bytes(u.len())?.to_vec()));
        }
        let mut body = Vec::new();
        for _ in 0..u.int_in_range(1..=40)? {
            match u.int_in_range(0..=19)? {
                0 => body.push(u.arbitrary()?),
                1..4 => body.extend_from_slice(u.choose(FRAGMENTS)?.as_bytes()),
                _ => body.extend_from_slice(u.choose(LINES)?.as_bytes()),
            }
        }
        // Most bodies of OpenMetrics end as they must.
        if u.ratio(3, 4)? {
            body.extend_from_slice(b"\n# EOF\n");
        }
        Ok(Self(body))
    }
}

/// Reads the body, and what it gives once more. Gives the number of samples.
///
/// # Panics
/// Where an error has no place in the body, or one of the oracles differs.
pub fn check(input: &Input) -> u64 {
    let syntax = input.syntax();
    let body = &input.body.0;
    check_events(input.parser(body), body);
    let read = families(input.parser(body));
    if !input.small && !input.classic_names && syntax == Syntax::Text {
        compare_with_twin(body, &read);
    }
    let mut read = read.unwrap_or_else(|error| {
        // What is before an error has none.
        let mut before = lines_before(body, error.line());
        if syntax == Syntax::OpenMetrics {
            before.extend_from_slice(b"# EOF\n");
        }
        families(input.parser(&before)).unwrap_or_else(|early| panic!("{early}, and before it was {error}"))
    });
    // What it finds is not compared; that it ends without a panic is.
    let _findings = lint(syntax, &read);
    // A family that is called like a sample of another keeps its name only in front of that.
    if syntax == Syntax::Text {
        read.sort_by_key(|family| std::cmp::Reverse(family.name.len()));
    }
    let written = write(syntax, &read);
    let mut again = families(Parser::new(syntax, written.as_bytes()))
        .unwrap_or_else(|error| panic!("{error} in what was written:\n{written}"));
    for family in read.iter_mut().chain(&mut again) {
        family.line = 0;
        family.samples.iter_mut().for_each(|sample| sample.line = 0);
    }
    // As texts, which show every NaN alike.
    assert_eq!(format!("{read:?}"), format!("{again:?}"), "{written}");
    read.iter().map(|family| family.samples.len() as u64).sum()
}

/// Checks that events come in the order of lines, that samples hold together, and that an error is in the body.
fn check_events(mut parser: Parser<'_>, body: &[u8]) {
    let mut last = 0;
    while let Some(event) = parser.next() {
        assert!(event.is_err() || parser.line_number() > last, "an event a line");
        match event {
            Ok(Event::Sample(sample)) => {
                assert_eq!(sample.line(), parser.line_number());
                assert_eq!([sample.family(), sample.suffix()].concat(), sample.name());
                assert_eq!(sample.labels().count(), sample.labels().len());
                let distinct: BTreeMap<_, _> = sample.labels().collect();
                assert_eq!(distinct.len(), sample.labels().len(), "{sample:?}");
            }
            Ok(_) => {}
            Err(error) => {
                let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
                let index = usize::try_from(error.line()).expect("few lines") - 1;
                let len = if index == lines.len() { 0 } else { lines[index].len() };
                assert!((1..=len + 1).contains(&error.column()), "{error}");
                assert!(error.message().len() < 2000, "{error}");
                assert!(parser.next().is_none());
                return;
            }
        }
        last = parser.line_number();
    }
}

/// Gives the lines before the one of this number; all of them end.
fn lines_before(body: &[u8], number: u64) -> Vec<u8> {
    let lines = body.split_inclusive(|byte| *byte == b'\n').zip(1..number);
    lines.filter(|(line, _)| !line.starts_with(b"# EOF")).flat_map(|(line, _)| line.to_vec()).collect()
}

/// What the small parser takes must be taken, with the same samples.
fn compare_with_twin(body: &[u8], read: &std::result::Result<Vec<OwnedFamily>, Error>) {
    let Ok(twin) = text::parse(body) else { return };
    let samples = twin.samples();
    // It takes two things more: a number beyond all floats, and a label name that is reserved.
    let too_large = |value: &String| {
        value.ends_with(|last: char| last.is_ascii_digit() || last == '.')
            && text::float(value).is_ok_and(f64::is_infinite)
    };
    let reserved = |key: &text::Key, value| {
        key.1.contains_key("__name__") || too_large(value) || key.1.get("le").is_some_and(too_large)
    };
    if samples.iter().any(|(key, value)| reserved(key, value)) {
        return;
    }
    let read = read.as_ref().unwrap_or_else(|error| panic!("{error}, but the twin takes it"));
    let ours: BTreeMap<text::Key, f64> = read
        .iter()
        .flat_map(|family| &family.samples)
        .map(|sample| ((sample.name.clone(), sample.labels.iter().cloned().collect()), sample.value))
        .collect();
    assert_eq!(ours.len(), samples.len());
    for (key, value) in samples {
        let (ours, twin) = (ours[&key], text::float(&value).unwrap_or_else(|problem| panic!("{problem}")));
        assert!(ours.to_bits() == twin.to_bits() || (ours.is_nan() && twin.is_nan()), "{ours} for {value}");
    }
}

/// Writes families the plain way.
fn write(syntax: Syntax, families: &[OwnedFamily]) -> String {
    let mut body = String::new();
    for family in families {
        let (name, kind) = (name(&family.name, true), kind(syntax, family.kind));
        body += &format!("# TYPE {name} {kind}\n");
        if let Some(unit) = &family.unit {
            body += &format!("# UNIT {name} {unit}\n");
        }
        if let Some(help) = &family.help {
            body += &format!("# HELP {name} {}\n", escaped(help));
        }
        for sample in &family.samples {
            write_sample(&mut body, syntax, sample);
        }
    }
    if syntax == Syntax::OpenMetrics {
        body += "# EOF\n";
    }
    body
}

fn write_sample(body: &mut String, syntax: Syntax, sample: &OwnedSample) {
    let labels = labels(&sample.labels);
    let head = if is_classic(&sample.name, true) {
        format!("{}{{{labels}}}", sample.name)
    } else {
        let comma = if labels.is_empty() { "" } else { "," };
        format!("{{{}{comma}{labels}}}", name(&sample.name, true))
    };
    *body += &format!("{head} {}", number(sample.value));
    if let Some(time) = sample.timestamp {
        *body += &format!(" {}", stamp(syntax, time));
    }
    if let Some(OwnedExemplar { labels: pairs, value, timestamp, .. }) = &sample.exemplar {
        *body += &format!(" # {{{}}} {}", self::labels(pairs), number(*value));
        if let Some(time) = timestamp {
            *body += &format!(" {}", stamp(syntax, *time));
        }
    }
    *body += "\n";
}

fn kind(syntax: Syntax, kind: MetricType) -> &'static str {
    if syntax == Syntax::Text && kind == MetricType::Unknown { "untyped" } else { kind.as_str() }
}

fn is_classic(name: &str, colons: bool) -> bool {
    let legal = |char: char| char.is_ascii_alphanumeric() || char == '_' || (colons && char == ':');
    !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(legal)
}

fn name(name: &str, colons: bool) -> String {
    if is_classic(name, colons) { name.to_owned() } else { format!("\"{}\"", escaped(name)) }
}

fn labels(pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter().map(|(label, value)| format!("{}=\"{}\"", name(label, false), escaped(value)));
    pairs.collect::<Vec<_>>().join(",")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

fn number(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}

/// Writes a time to the nanosecond, or in whole milliseconds.
fn stamp(syntax: Syntax, time: Timestamp) -> String {
    if syntax == Syntax::Text {
        return time.as_millis().to_string();
    }
    let nanos = time.as_nanos();
    let mut text = String::from(if nanos < 0 { "-" } else { "" });
    let magnitude = nanos.unsigned_abs();
    let _ = write!(text, "{}.{:09}", magnitude / 1_000_000_000, magnitude % 1_000_000_000);
    text
}
