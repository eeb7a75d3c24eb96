//! Text 0.0.4 and OpenMetrics of one registry, with names and labels of any characters, are of the same samples.

use arbitrary::Arbitrary;
use std::collections::BTreeMap;
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{Buckets, Escaping, Exposition, Format, Registry, Scraper};

/// Metrics to register and set.
#[derive(Arbitrary, Debug)]
pub struct Metrics {
    scheme: u8,
    label: String,
    #[arbitrary(with = crate::many)]
    metrics: Vec<Metric>,
}

#[derive(Arbitrary, Debug)]
struct Metric {
    kind: Kind,
    name: String,
    help: String,
    value: String,
    number: f64,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    UpDownCounter,
    Histogram,
    Summary,
    Info,
}

/// The labels, with bounds and quantiles as numbers: the formats write them differently.
type Samples = BTreeMap<(String, Vec<(String, String)>), u64>;

fn register(registry: &Registry, label: &str, metric: &Metric) -> Result<(), streamgauge::Error> {
    let scope = registry.label(&format!("l{label}"), metric.value.as_str());
    let Metric { number, .. } = metric;
    // Neither is ever empty, which would be refused.
    let (name, help) = (&format!("n{}", metric.name), &format!("{}.", metric.help));
    match metric.kind {
        Kind::Counter => scope.counter(&format!("{name}_total"), help).register()?.add(number.to_bits()),
        Kind::Gauge => scope.gauge(name, help).verbatim().register()?.set(*number),
        Kind::UpDownCounter => scope.up_down_counter(name, help).verbatim().register()?.add(number.to_bits() as i64),
        Kind::Histogram => {
            let buckets = Buckets::explicit([0.5, 1e3, 1e9]);
            scope.histogram(name, help).verbatim().buckets(buckets).register()?.observe(*number);
        }
        Kind::Summary => {
            // OpenMetrics has no samples below zero here, and would have less than the other.
            let quantiles = [0.0, 0.25, 1.0];
            scope.summary(name, help).verbatim().quantiles(&quantiles).register()?.observe(number.abs());
        }
        Kind::Info => drop(scope.info(name, help).verbatim().register()?),
    }
    Ok(())
}

fn read(scraper: &mut Scraper, format: Format, syntax: Syntax, escaping: Escaping) -> Samples {
    let mut body = Vec::new();
    scraper.encode(Exposition::from(format).with_escaping(escaping), &mut body);
    let text = String::from_utf8_lossy(&body);
    let read = families(Parser::new(syntax, &body)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let errors: Vec<_> = lint(syntax, &read).into_iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    let mut samples = Samples::new();
    for sample in read.iter().flat_map(|family| &family.samples) {
        let bound = |value: &str| value.parse().map_or(value.to_owned(), |bound: f64| bound.to_bits().to_string());
        let is_number = |name: &str| name == "le" || name == "quantile";
        let label = |(name, value): &(String, String)| {
            (name.clone(), if is_number(name) { bound(value) } else { value.clone() })
        };
        let labels = sample.labels.iter().map(label).collect();
        let twice = samples.insert((sample.name.clone(), labels), sample.value.to_bits());
        assert!(twice.is_none(), "{} comes twice\n{text}", sample.name);
    }
    samples
}

/// Compares the formats under one of the escaping schemes. Gives the number of samples.
///
/// # Panics
/// Where they differ, or one does not keep to its standard.
pub fn check(input: &Metrics) -> u64 {
    let registry = Registry::new();
    for metric in input.metrics.iter().take(12) {
        // What clashes or breaks a rule is refused.
        drop(register(&registry, &input.label, metric));
    }
    let mut scraper = Scraper::new(&registry);
    let schemes = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];
    let escaping = schemes[usize::from(input.scheme) % schemes.len()];
    let text = read(&mut scraper, Format::Text, Syntax::Text, escaping);
    let open_metrics = read(&mut scraper, Format::OpenMetrics, Syntax::OpenMetrics, escaping);
    assert_eq!(text, open_metrics, "{escaping:?}");
    text.len() as u64
}
