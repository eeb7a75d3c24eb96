//! Reads bodies back, each by a reader of its format, and compares them.

use crate::{proto, visited};
use std::collections::BTreeSet;
use streamgauge::parse::{OwnedFamily, Parser, Severity, Syntax, families, lint};
use streamgauge::{Escaping, Exposition, Format, Scraper};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// Names with labels, without those that are empty: what a reader takes for one series.
type Seen = BTreeSet<(String, Vec<(String, String)>)>;

/// Encodes in one scheme or in all, reads each body, and shows it. Gives the number of samples of the text bodies.
pub(super) fn read_all(scraper: &mut Scraper, scheme: Option<u8>, show: &mut dyn FnMut(&str, &[u8])) -> u64 {
    let schemes = match scheme {
        Some(scheme) => vec![SCHEMES[usize::from(scheme) % SCHEMES.len()]],
        None => SCHEMES.to_vec(),
    };
    schemes.into_iter().map(|escaping| read_scheme(scraper, escaping, show)).sum()
}

fn read_scheme(scraper: &mut Scraper, escaping: Escaping, show: &mut dyn FnMut(&str, &[u8])) -> u64 {
    let mut encode = |exposition: Exposition, name: &str| {
        let mut body = Vec::new();
        let report = scraper.encode(exposition.with_escaping(escaping), &mut body);
        assert_eq!(report.bytes(), body.len());
        show(&format!("{}-{name}", escaping.as_str()), &body);
        body
    };
    // The first one has the last values of removed series too.
    let text = series(&read(Syntax::Text, &encode(Format::Text.into(), "Text"), escaping));
    let shown = read(Syntax::Text, &encode(Format::Text.into(), "Text"), escaping);
    let open = read(Syntax::OpenMetrics, &encode(Format::OpenMetrics.into(), "OpenMetrics"), escaping);
    let created = Exposition::from(Format::OpenMetrics).with_created_samples(true);
    let created = read(Syntax::OpenMetrics, &encode(created, "OpenMetrics-created"), escaping);
    let [shown, open, created] = [shown, open, created].map(|families| series(&families));
    assert!(text.is_superset(&shown), "{:?}", shown.difference(&text));
    // OpenMetrics leaves sums and quantiles below zero out, and says when series were made.
    assert!(shown.is_superset(&open), "{:?}", open.difference(&shown));
    assert!(created.is_superset(&open), "{:?}", open.difference(&created));
    let more: Vec<_> = created.difference(&open).filter(|(name, _)| !name.ends_with("_created")).collect();
    assert!(more.is_empty(), "{more:?}");
    let decoded = proto::decode(&encode(Format::Protobuf.into(), "Protobuf"));
    read_messages(&decoded, &shown);
    if escaping == Escaping::AllowUtf8 {
        let visited = visited::families(scraper, str::to_owned);
        assert_eq!(format!("{decoded:#?}"), format!("{visited:#?}"));
    }
    shown.len() as u64
}

/// Reads a body strictly.
fn read(syntax: Syntax, body: &[u8], escaping: Escaping) -> Vec<OwnedFamily> {
    let text = String::from_utf8_lossy(body);
    let parser = Parser::new(syntax, body);
    // Who asks for another scheme knows no other names.
    let parser = if escaping == Escaping::AllowUtf8 { parser } else { parser.classic_names() };
    let read = families(parser).unwrap_or_else(|error| panic!("{escaping:?} {error}\n{text}"));
    let errors: Vec<_> = lint(syntax, &read).into_iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{escaping:?} {errors:?}\n{text}");
    read
}

/// Gives the series of a body, each of which comes once, with labels that come once and are not Prometheus's own.
fn series(families: &[OwnedFamily]) -> Seen {
    let mut seen = Seen::new();
    for sample in families.iter().flat_map(|family| &family.samples) {
        // The formats write these numbers differently.
        let number = |(name, value): &(String, String)| match (name.as_str(), value.parse::<f64>()) {
            ("le" | "quantile", Ok(number)) => (name.clone(), number.to_string()),
            _ => (name.clone(), value.clone()),
        };
        insert(&mut seen, &sample.name, sample.labels.iter().map(number).collect());
    }
    seen
}

fn insert(seen: &mut Seen, name: &str, mut labels: Vec<(String, String)>) {
    labels.sort_unstable();
    let names: BTreeSet<&String> = labels.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), labels.len(), "a label of {name} comes twice: {labels:?}");
    assert!(!names.iter().any(|name| name.starts_with("__")), "{name}: {labels:?}");
    assert!(!names.iter().chain([&&name.to_owned()]).any(|name| name.contains('\0')), "{name}: {labels:?}");
    labels.retain(|(_, value)| !value.is_empty());
    assert!(seen.insert((name.to_owned(), labels.clone())), "{name} {labels:?} comes twice");
}

/// Checks that messages are of the same series as the text.
fn read_messages(families: &[proto::MetricFamily], shown: &Seen) {
    let (mut names, mut seen) = (BTreeSet::new(), Seen::new());
    let shown: BTreeSet<&String> = shown.iter().map(|(name, _)| name).collect();
    for family in families {
        let name = family.name.clone().unwrap_or_default();
        assert!(names.insert(name.clone()), "the family {name} comes twice");
        for metric in &family.metric {
            let label = |label: &proto::LabelPair| {
                (label.name.clone().unwrap_or_default(), label.value.clone().unwrap_or_default())
            };
            insert(&mut seen, &name, metric.label.iter().map(label).collect());
            let sample = match (&metric.histogram, &metric.summary) {
                (Some(_), _) | (_, Some(_)) => format!("{name}_count"),
                _ => name.clone(),
            };
            assert!(shown.contains(&sample), "{sample} is in no text");
        }
    }
}
