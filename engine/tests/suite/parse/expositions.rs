//! Both text formats of whole registries, read back and held against what `visit` shows: names and labels of any
//! characters, all kinds of metrics.

use proptest::prelude::*;
use std::collections::BTreeMap;
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{Buckets, Escaping, Exposition, Format, Metric, MetricValue, Registry, Scraper};

type Labels = BTreeMap<String, String>;
type Samples = BTreeMap<(String, Labels), f64>;

/// Makes one metric of each kind, with names and labels made of `part`.
fn registry(part: &str, value: &str, number: f64) -> Result<Registry, streamgauge::Error> {
    let registry = Registry::new();
    let scope = registry.label(&format!("l{part}"), value);
    scope.counter(&format!("c{part}_total"), "C.").register()?.add(number.to_bits());
    scope.duration_counter(&format!("d{part}_seconds_total"), "D.").register()?.add_nanos(number.to_bits() >> 20);
    scope.gauge(&format!("g{part}"), "G.").verbatim().register()?.set(number);
    scope.up_down_counter(&format!("u{part}"), "U.").verbatim().register()?.add(-5);
    let buckets = Buckets::explicit([0.5, 1e3, 1e9]);
    let histogram = scope.histogram(&format!("h{part}"), "H.").verbatim().buckets(buckets).register()?;
    [0.25, 7.0, 1e12].into_iter().for_each(|value| histogram.observe(value));
    let summary = scope.summary(&format!("q{part}"), "Q.").verbatim().quantiles(&[0.0, 0.25, 1.0]).register()?;
    [0.25, 7.0, 1e12].into_iter().for_each(|value| summary.observe(value));
    let below = scope.summary(&format!("n{part}"), "N.").verbatim().quantiles(&[0.0, 1.0]).register()?;
    [-7.0, 2.0].into_iter().for_each(|value| below.observe(value));
    drop(scope.summary(&format!("e{part}"), "E.").verbatim().quantiles(&[0.5]).register()?);
    drop(scope.info(&format!("i{part}"), "I.").verbatim().register()?);
    scope.state_set("s", "S.").states(["on", "off"]).register()?.set("off");
    Ok(registry)
}

/// Gives the samples that a text format writes for one series.
fn expected(sample: &Metric<'_>, open_metrics: bool, into: &mut Samples) {
    let labels: Labels = sample.labels().iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
    let mut put = |suffix: &str, more: Option<(&str, String)>, value: f64| {
        let mut labels = labels.clone();
        labels.extend(more.map(|(name, value)| (name.to_owned(), value)));
        into.insert((format!("{}{suffix}", sample.name()), labels), value);
    };
    match sample.value() {
        MetricValue::Counter(total) => put("", None, total as f64),
        MetricValue::DurationCounter(total) => put("", None, total.as_nanos() as f64 / 1e9),
        MetricValue::Gauge(value) => put("", None, value),
        MetricValue::UpDownCounter(depth) => put("", None, depth as f64),
        MetricValue::Info => put("", None, 1.0),
        MetricValue::StateSet(states) => {
            states.iter().for_each(|(state, holds)| put("", Some((sample.name(), state.to_owned())), f64::from(holds)));
        }
        MetricValue::Histogram(histogram) => {
            let mut below = 0;
            let bounds = histogram.bounds().iter().copied().chain([f64::INFINITY]);
            for (bound, bucket) in bounds.zip(histogram.bucket_counts()) {
                below += bucket;
                let bound = match (bound.is_finite(), open_metrics) {
                    (false, _) => "+Inf".to_owned(),
                    (true, true) => {
                        if bound == 1e9 {
                            "1e+09".to_owned()
                        } else {
                            format!("{bound:?}")
                        }
                    }
                    (true, false) => {
                        if bound == 1e9 {
                            "1e+09".to_owned()
                        } else {
                            format!("{bound}")
                        }
                    }
                };
                put("_bucket", Some(("le", bound)), below as f64);
            }
            put("_sum", None, histogram.sum());
            put("_count", None, histogram.count() as f64);
        }
        MetricValue::Summary(summary) => {
            // OpenMetrics has no samples below zero here.
            let is_allowed = |value: f64| !(open_metrics && value < 0.0);
            for (quantile, value) in summary.quantiles().filter(|(_, value)| is_allowed(*value)) {
                let quantile = if open_metrics { format!("{quantile:?}") } else { quantile.to_string() };
                put("", Some(("quantile", quantile)), value);
            }
            if is_allowed(summary.sum()) {
                put("_sum", None, summary.sum());
            }
            put("_count", None, summary.count() as f64);
        }
        other => panic!("{other:?}"),
    }
}

fn read(syntax: Syntax, body: &[u8]) -> Result<Samples, TestCaseError> {
    let read = families(Parser::new(syntax, body))
        .map_err(|error| TestCaseError::fail(format!("{error}\n{}", String::from_utf8_lossy(body))))?;
    let errors: Vec<_> =
        lint(syntax, &read).into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    prop_assert!(errors.is_empty(), "{:?}\n{}", errors, String::from_utf8_lossy(body));
    let mut samples = Samples::new();
    for sample in read.iter().flat_map(|family| &family.samples) {
        let labels = sample.labels.iter().cloned().collect();
        let twice = samples.insert((sample.name.clone(), labels), sample.value);
        prop_assert!(twice.is_none(), "{} comes twice", sample.name);
    }
    Ok(samples)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn both_formats_show_what_visit_shows(
        part in prop_oneof![Just(String::new()), "[a-z0-9_]{1,5}", "[\\PC\\\\\"\n.{}=,# ]{1,8}"],
        value in prop_oneof!["[\\PC\\\\\"\n{}=, ]{0,12}", any::<String>()],
        bits in any::<u64>(),
    ) {
        // Any float; a counter's total in it is read back as a float, so it is one.
        let number = f64::from_bits(bits & !0x7ff | 0x800);
        // Colons and suffixes of the formats in names that are checked are refused.
        let made = registry(&part, &value, number);
        prop_assume!(made.is_ok());
        let registry = made.expect("assumed");
        for (format, syntax) in [(Format::Text, Syntax::Text), (Format::OpenMetrics, Syntax::OpenMetrics)] {
            let exposition = Exposition::from(format).with_escaping(Escaping::AllowUtf8);
            let (mut scraper, mut body) = (Scraper::new(&registry), Vec::new());
            scraper.encode(exposition, &mut body);
            let mut shown = Samples::new();
            scraper.visit(|sample| expected(&sample, format == Format::OpenMetrics, &mut shown));
            let read = read(syntax, &body)?;
            prop_assert_eq!(read.keys().collect::<Vec<_>>(), shown.keys().collect::<Vec<_>>());
            for (key, value) in &shown {
                let same = read[key] == *value || (read[key].is_nan() && value.is_nan());
                prop_assert!(same, "{:?}: {} and {}", key, read[key], value);
            }
        }
    }
}
