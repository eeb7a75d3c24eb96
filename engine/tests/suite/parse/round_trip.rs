//! What the engine writes, read back: random registries with hostile strings.

use crate::common::labels::Pair;
use proptest::prelude::*;
use std::collections::BTreeMap;
use streamgauge::parse::{MetricType, Parser, Severity, Syntax, families, lint};
use streamgauge::{Buckets, Format, Registry, Scraper};

/// Strings that look like the format itself, and any others.
fn hostile() -> impl Strategy<Value = String> {
    let known =
        ["", "\\", "\\n", "\n", "\"", "a\",right=\"b", "} 1\nevil 1", "\0", "\r", "# EOF", " # {} 1", "é😀", ","];
    prop_oneof![2 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

const BOUNDS: [f64; 3] = [-1.0, 0.25, 1e9];

proptest! {
    // Failures are printed and become tests of their own, not files beside them.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_encoder_writes_is_read_back(
        help in hostile(),
        counted in prop::collection::btree_map((hostile(), hostile()), any::<u64>(), 0..20),
        set in prop::collection::btree_map((hostile(), hostile()), any::<u64>().prop_map(f64::from_bits), 0..20),
        observed in prop::collection::vec(-10.0..1e12, 0..50),
    ) {
        let registry = Registry::new();
        let help = format!("{help}.");
        let counters = registry.counter("c_total", &help).value_limit(usize::MAX).family::<Pair<'static>>().expect("legal");
        let gauges = registry.gauge("g", &help).value_limit(usize::MAX).family::<Pair<'static>>().expect("legal");
        let buckets = Buckets::explicit(BOUNDS);
        let histogram = registry.histogram("h", &help).buckets(buckets).register().expect("legal");
        for ((left, right), n) in &counted {
            counters.with(&Pair { left, right }, |counter| counter.add(*n));
        }
        for ((left, right), value) in &set {
            gauges.with(&Pair { left, right }, |gauge| gauge.set(*value));
        }
        for value in &observed {
            histogram.observe(*value);
        }
        let mut body = Vec::new();
        Scraper::new(&registry).encode(Format::Text, &mut body);

        let read = families(Parser::text(&body)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let findings = lint(Syntax::Text, &read);
        prop_assert!(findings.iter().all(|finding| finding.severity == Severity::Warning), "{:?}", findings);
        for (name, kind, expected) in [
            ("c_total", MetricType::Counter, counted.iter().map(|(labels, n)| (labels, *n as f64)).collect()),
            ("g", MetricType::Gauge, set.iter().map(|(labels, value)| (labels, *value)).collect::<BTreeMap<_, _>>()),
        ] {
            let Some(family) = read.iter().find(|family| family.name == name) else {
                prop_assert!(expected.is_empty());
                continue;
            };
            // Blanks before a help text are not part of it, for any reader of this format.
            let help = help.trim_start_matches([' ', '\t']);
            prop_assert_eq!((family.kind, family.help.as_deref()), (kind, Some(help)));
            let mut samples = BTreeMap::new();
            for sample in &family.samples {
                let label = |name| sample.label(name).expect("both labels").to_owned();
                prop_assert!(samples.insert((label("left"), label("right")), sample.value).is_none());
            }
            prop_assert_eq!(samples.len(), expected.len());
            for (labels, value) in expected {
                let read = samples[labels];
                prop_assert!(read == value || (read.is_nan() && value.is_nan()), "{} for {}", read, value);
            }
        }
        let family = read.iter().find(|family| family.name == "h").expect("the histogram");
        for (place, bound) in BOUNDS.iter().chain([&f64::INFINITY]).enumerate() {
            let sample = &family.samples[place];
            let below = observed.iter().filter(|value| *value <= bound).count();
            let read: f64 = sample.label("le").expect("a bound").parse().expect("a number");
            prop_assert_eq!((read, sample.value), (*bound, below as f64));
        }
        prop_assert_eq!(family.samples.last().map(|sample| sample.value), Some(observed.len() as f64));
    }
}
