//! Histograms that are exposed as summaries because somebody asked for it, beside those of the stock exporter.
#![cfg(feature = "metrics-0-24")]

mod facade;

use facade::exposed;
use metrics::{histogram, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::num::NonZeroU32;
use std::time::Duration;
use streamgauge::parse::{MetricType, Parser, families};
use streamgauge_exporter::Error;
use streamgauge_exporter::recorder::{Matcher, Recorder};

const QUANTILES: [f64; 7] = [0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0];

/// Gives values whose logarithms are uniform, over so many decades that end at 100.
fn values(decades: f64) -> impl Iterator<Item = f64> {
    let mut state = 7u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        10f64.powf(2.0 - (state >> 11) as f64 / (1u64 << 53) as f64 * decades)
    })
}

/// Gives the samples of the one family of an exposition: name, quantile, value.
fn samples(body: &str) -> Vec<(String, Option<String>, f64)> {
    let families = families(Parser::text(body.as_bytes())).expect("a legal exposition");
    let [family] = &families[..] else { panic!("one family: {body}") };
    assert_eq!(family.kind, MetricType::Summary);
    let mut samples: Vec<_> = family
        .samples
        .iter()
        .map(|sample| (sample.name.clone(), sample.label("quantile").map(str::to_owned), sample.value))
        .collect();
    samples.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    samples
}

/// Records the same in our recorder and in the stock one, and gives what each exposes. The stock recorder is kept up
/// after so many records.
fn both(values: impl Iterator<Item = f64>, upkeep: usize) -> [Vec<(String, Option<String>, f64)>; 2] {
    let ours = Recorder::builder().set_quantiles(&QUANTILES).unwrap().build_recorder();
    let stock = PrometheusBuilder::new().set_quantiles(&QUANTILES).unwrap().build_recorder();
    for (index, value) in values.enumerate() {
        with_local_recorder(&ours, || histogram!("latency", "table" => "orders").record(value));
        with_local_recorder(&stock, || histogram!("latency", "table" => "orders").record(value));
        if (index + 1).is_multiple_of(upkeep) {
            stock.handle().run_upkeep();
        }
    }
    [samples(&ours.handle().render()), samples(&stock.handle().render())]
}

fn median(samples: &[(String, Option<String>, f64)]) -> f64 {
    samples.iter().find(|(_, quantile, _)| quantile.as_deref() == Some("0.5")).map(|(.., value)| *value).unwrap()
}

#[test]
fn quantiles_are_those_of_the_stock_exporter_within_a_percent() {
    let [ours, stock] = both(values(2.0).take(20_000), 32);
    assert_eq!(ours.len(), QUANTILES.len() + 2);
    assert_eq!(ours.len(), stock.len());
    for (ours, stock) in ours.iter().zip(&stock) {
        assert_eq!((&ours.0, &ours.1), (&stock.0, &stock.1));
        let (a, b) = (ours.2, stock.2);
        match &ours.1 {
            // Of two values beside the rank one or the other is taken, and they lie close.
            Some(quantile) => assert!((a - b).abs() <= 0.015 * b, "quantile {quantile}: {a} and {b}"),
            None => assert!((a - b).abs() <= 1e-9 * b, "{}: {a} and {b}", ours.0),
        }
    }
}

/// The stock exporter's bins hold less than three decades; what lies below shares one. Ours hold eleven.
#[test]
fn values_far_apart_keep_their_quantiles() {
    let [ours, stock] = both(values(8.0).take(20_000), 32);
    // Of logarithms that are uniform from -6 to 2: within what 20,000 draws and a bin make of it.
    assert!((median(&ours).log10() + 2.0).abs() < 0.1, "{}", median(&ours));
    assert!(median(&stock) > 0.05, "the stock exporter has become better: {}", median(&stock));
}

/// The first upkeep or scrape of a window takes the newest block of 64 samples first, and then the stock exporter drops
/// from the quantiles what is older; ours are of all.
#[test]
fn quantiles_are_of_everything_since_the_last_scrape() {
    let growing = || (1..=6400).map(f64::from);
    let [ours, stock] = both(growing(), usize::MAX);
    assert!((median(&ours) - 3200.0).abs() < 40.0, "{}", median(&ours));
    assert!(median(&stock) > 6300.0, "the stock exporter has become better: {}", median(&stock));
}

#[test]
fn bounds_come_before_quantiles_and_matchers_before_both() {
    let recorder = Recorder::builder()
        .set_quantiles(&[0.5])
        .unwrap()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &[1.0])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        histogram!("size").record(2.0);
        histogram!("wait_seconds").record(2.0);
    });
    let samples = exposed(&recorder);
    assert_eq!(samples.get("size{quantile=\"0.5\"}"), Some(2.0));
    assert_eq!(samples.get("wait_seconds_bucket{le=\"1\"}"), Some(0.0));

    let recorder = Recorder::builder()
        .set_quantiles(&[0.5])
        .unwrap()
        .set_buckets(&[1.0])
        .unwrap()
        .set_quantiles_for_metric(Matcher::Full("wait.seconds".into()), &[0.9])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        histogram!("size").record(2.0);
        histogram!("wait.seconds").record(2.0);
    });
    let samples = exposed(&recorder);
    assert_eq!(samples.get("size_bucket{le=\"1\"}"), Some(0.0), "as in the stock exporter");
    assert_eq!(samples.get("wait_seconds{quantile=\"0.9\"}"), Some(2.0));
    assert_eq!(samples.get("wait_seconds{quantile=\"0.5\"}"), None);
}

/// Without a word about quantiles nothing is a summary.
#[test]
fn nobody_gets_a_summary_unasked() {
    let recorder = Recorder::builder().build_recorder();
    with_local_recorder(&recorder, || histogram!("size").record(2.0));
    assert!(recorder.handle().render().starts_with("# TYPE size histogram\n"));
}

#[test]
fn the_window_slides_and_the_count_stays() {
    let recorder = Recorder::builder()
        .set_quantiles(&[0.5])
        .unwrap()
        .set_bucket_duration(Duration::from_millis(20))
        .unwrap()
        .set_bucket_count(NonZeroU32::new(2).unwrap())
        .build_recorder();
    with_local_recorder(&recorder, || histogram!("size").record_many(2.0, 5));
    std::thread::sleep(Duration::from_millis(100));
    let samples = exposed(&recorder);
    assert!(samples.get("size{quantile=\"0.5\"}").is_some_and(f64::is_nan), "an empty window has no median");
    assert_eq!(samples.get("size_count"), Some(5.0));
    assert_eq!(samples.get("size_sum"), Some(10.0));
}

#[test]
fn bad_values_poison_nothing() {
    let recorder = Recorder::builder().set_quantiles(&[0.0, 1.0]).unwrap().build_recorder();
    with_local_recorder(&recorder, || {
        let size = histogram!("size");
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0, -3.0].into_iter().for_each(|value| size.record(value));
    });
    let samples = exposed(&recorder);
    assert_eq!(samples.get("size_count"), Some(2.0));
    assert_eq!(samples.get("size_sum"), Some(-1.0));
    assert_eq!(samples.get("size{quantile=\"0\"}"), Some(-3.0));
    assert_eq!(samples.get("size{quantile=\"1\"}"), Some(2.0));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for values in [&[][..], &[1.5], &[-0.1], &[f64::NAN]] {
        let error = Recorder::builder().set_quantiles(values).unwrap_err();
        assert!(matches!(error, Error::Quantiles { .. }), "{values:?}: {error}");
        let error = Recorder::builder().set_quantiles_for_metric(Matcher::Full("x".into()), values).unwrap_err();
        assert!(error.to_string().starts_with("cannot use the quantiles ["), "{error}");
    }
    for width in [Duration::ZERO, Duration::from_secs(100_000), Duration::MAX] {
        let error = Recorder::builder().set_bucket_duration(width).unwrap_err();
        assert!(matches!(error, Error::Window { .. }), "{width:?}: {error}");
    }
    // In any order, and twice.
    let recorder = Recorder::builder().set_quantiles(&[0.9, 0.5, 0.9]).unwrap().build_recorder();
    with_local_recorder(&recorder, || histogram!("size").record(1.0));
    assert_eq!(recorder.handle().render().matches("quantile").count(), 2);
}
