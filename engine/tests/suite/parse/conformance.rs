//! The parser against the vectors of the Prometheus project and of its Python client.
//!
//! A vector that is refused there must be refused here: by the parser, or as an error of `lint` where it takes whole
//! metrics to tell. Where the two projects differ the text format is read as the Go library reads it.

use crate::common::vectors::{Value, protobuf, vectors};
use std::collections::BTreeMap;
use streamgauge::parse::{
    ErrorKind, MetricType, OwnedFamily, OwnedSample, Parser, Severity, Syntax, Timestamp, families, lint,
};

/// What the Go library refuses and the Python client takes: commas without labels, and escapes that are none.
const ONLY_PYTHON: [&str; 2] = ["test_commas", "test_escaping"];
/// Error vectors of the Go library that are about names beyond the classic syntax, which it refuses on request.
const CLASSIC_ONLY: [&str; 2] = ["41", "42"];

#[test]
fn text_is_read_as_by_the_go_library() {
    let Some(vectors) = vectors("prometheus_common/testTextParse.json") else { return };
    let cases = vectors.get("cases").expect("the cases").list();
    for case in cases {
        let body = case.get("input").expect("the input").body();
        let read = families(Parser::text(&body)).unwrap_or_else(|error| panic!("{error} in {case:?}"));
        let mut found: BTreeMap<_, _> = read
            .iter()
            .filter(|family| !family.samples.is_empty())
            .map(|family| (family.name.as_str(), family))
            .collect();
        for expected in case.get("families_text").expect("the families").list() {
            let expected = protobuf(expected.as_text());
            let family = found.remove(expected.text("name")).unwrap_or_else(|| panic!("no family {expected:?}"));
            compare_with_go(family, &expected);
        }
        assert!(found.is_empty(), "too much: {found:?}");
    }
    assert!(cases.len() >= 18, "only {} vectors", cases.len());
}

fn compare_with_go(family: &OwnedFamily, expected: &Value) {
    let kind = match expected.text("type") {
        "COUNTER" => MetricType::Counter,
        "GAUGE" => MetricType::Gauge,
        "HISTOGRAM" => MetricType::Histogram,
        "GAUGE_HISTOGRAM" => MetricType::GaugeHistogram,
        "SUMMARY" => MetricType::Summary,
        "UNTYPED" => MetricType::Unknown,
        other => panic!("the type {other}"),
    };
    assert_eq!(family.kind, kind, "{expected:?}");
    assert_eq!(family.help.as_deref().unwrap_or_default(), expected.get("help").map_or("", Value::as_text));
    let mut found: Vec<_> = family.samples.iter().map(|sample| entry(family, sample)).collect();
    let mut wanted = Vec::new();
    for metric in expected.all("metric") {
        let labels: BTreeMap<String, String> =
            metric.all("label").map(|label| (label.text("name").into(), label.text("value").into())).collect();
        let stamp = metric.get("timestamp_ms").map(|stamp| stamp.as_text().parse().expect("milliseconds"));
        let (mut add, message) = {
            let (labels, wanted) = (labels.clone(), &mut wanted);
            let add = move |suffix: &str, number: Option<f64>, value: &Value, stamp: Option<i128>| {
                wanted.push((suffix.to_owned(), labels.clone(), number.map(same), same(value.number()), stamp));
            };
            (add, metric.fields().iter().find(|(name, _)| name != "label").expect("the value"))
        };
        match message.0.as_str() {
            "counter" | "gauge" | "untyped" => add("", None, message.1.get("value").expect("the value"), stamp),
            _ => {
                for (field, value) in message.1.fields() {
                    match field.as_str() {
                        "sample_count" | "sample_count_float" => add("_count", None, value, None),
                        "sample_sum" => add("_sum", None, value, None),
                        "quantile" => {
                            let quantile = value.get("quantile").expect("the quantile").number();
                            add("", Some(quantile), value.get("value").expect("its value"), None);
                        }
                        "bucket" => {
                            let bound = value.get("upper_bound").expect("the bound").number();
                            let count = ["cumulative_count", "cumulative_count_float"].into_iter();
                            let count = count.filter_map(|field| value.get(field)).next().expect("a count");
                            add("_bucket", Some(bound), count, None);
                        }
                        other => panic!("the field {other}"),
                    }
                }
                let of_metric = family.samples.iter().filter(|sample| entry(family, sample).1 == labels);
                let last = of_metric.filter_map(|sample| sample.timestamp).next_back();
                assert_eq!(last.map(Timestamp::as_millis), stamp, "the latest timestamp wins");
            }
        }
    }
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{expected:?}");
}

/// A sample as one line of a metric: its suffix, labels, bound or quantile, value and, where the metric is one sample,
/// its time.
type Entry = (String, BTreeMap<String, String>, Option<u64>, u64, Option<i128>);

fn entry(family: &OwnedFamily, sample: &OwnedSample) -> Entry {
    let mut labels: BTreeMap<_, _> = sample.labels.iter().cloned().collect();
    let own = match family.kind {
        MetricType::Summary => labels.remove("quantile"),
        MetricType::Histogram | MetricType::GaugeHistogram => labels.remove("le"),
        _ => None,
    };
    let one = !matches!(family.kind, MetricType::Summary | MetricType::Histogram | MetricType::GaugeHistogram);
    let stamp = sample.timestamp.map(Timestamp::as_millis).filter(|_| one);
    let number = own.map(|text| same(text.parse().expect("a number")));
    (sample.name[family.name.len()..].to_owned(), labels, number, same(sample.value), stamp)
}

/// Gives what tells values apart, with one NaN.
fn same(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

#[test]
fn what_the_go_library_refuses_is_refused() {
    let Some(vectors) = vectors("prometheus_common/testTextParseError.json") else { return };
    let cases = vectors.get("cases").expect("the cases").list();
    for case in cases {
        let body = case.get("input").expect("the input").body();
        let refused = |parser: Parser<'_>| parser.filter_map(Result::err).next();
        if CLASSIC_ONLY.contains(&case.text("index")) {
            assert_eq!(refused(Parser::text(&body)), None, "{case:?}");
            let error = refused(Parser::text(&body).classic_names()).unwrap_or_else(|| panic!("taken: {case:?}"));
            assert_eq!(error.kind(), ErrorKind::Name, "{error}");
        } else {
            assert!(refused(Parser::text(&body)).is_some(), "taken: {case:?}");
        }
    }
    assert!(cases.len() >= 48, "only {} vectors", cases.len());
}

#[test]
fn what_the_server_refuses_is_refused_where_it_does() {
    let Some(vectors) = vectors("prometheus/text004_parse_errors.json") else { return };
    let mut positions = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let body = case.get("input").expect("the input").body();
        assert!(!["", "EOF"].contains(&case.text("err")), "a body that the server takes: {case:?}");
        let error = Parser::text(&body).find_map(Result::err).unwrap_or_else(|| panic!("taken: {case:?}"));
        assert_eq!(error.line(), 1, "{error} for {case:?}");
        // The message ends in what was read, up to the token that is wrong, and names that too.
        let Some((token, read)) = case.text("err").split_once(" while parsing: ") else { continue };
        let Some(token) = token.split_once("got ").and_then(|(_, rest)| rest.split_once(" (")) else { continue };
        let (token, read) = (go_string(token.0), go_string(read));
        let begin = if error.kind() == ErrorKind::Number {
            // The whole word is wrong here, not its first odd character.
            read.len() - read.iter().rev().take_while(|byte| **byte != b' ').count() + 1
        } else {
            read.len() - token.len() + 1
        };
        let column = error.column();
        assert!((begin..=read.len()).contains(&column), "{error}, not from {begin} to {}, for {case:?}", read.len());
        positions += 1;
    }
    assert!(positions >= 11, "only {positions} positions were compared");
}

/// Reads a string as Go quotes it.
fn go_string(quoted: &str) -> Vec<u8> {
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("a string in quotes");
    let mut bytes = Vec::new();
    let mut rest = inside.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().expect("an escape") {
                b'n' => b'\n',
                b'x' => {
                    let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                    u8::from_str_radix(str::from_utf8(&digits).expect("ASCII"), 16).expect("two digits")
                }
                other => other,
            },
            other => other,
        });
    }
    bytes
}

#[test]
fn text_is_read_as_by_the_python_client() {
    let Some(vectors) = vectors("client_python/text004_parser.json") else { return };
    let cases = vectors.get("valid").expect("the valid ones").list();
    for case in cases {
        let body = case.get("input").expect("the input").body();
        let read = families(Parser::text(&body));
        if ONLY_PYTHON.contains(&case.text("test")) {
            let error = read.expect_err("the Go library refuses it");
            assert!(matches!(error.kind(), ErrorKind::Syntax | ErrorKind::Escape), "{error}");
            continue;
        }
        let mut read = read.unwrap_or_else(|error| panic!("{error} in {case:?}"));
        // The client shows the counters of this format as OpenMetrics would call them.
        for family in read.iter_mut().filter(|family| family.kind == MetricType::Counter) {
            family.name = family.name.strip_suffix("_total").unwrap_or(&family.name).to_owned();
            for sample in &mut family.samples {
                sample.name = format!("{}_total", family.name);
            }
        }
        compare_with_python(&read, case);
    }
    assert!(cases.len() >= 25, "only {} vectors", cases.len());
}

#[test]
fn open_metrics_is_read_as_by_the_python_client() {
    let Some(vectors) = vectors("client_python/openmetrics_parser.json") else { return };
    let (mut native, mut compared) = (0, 0);
    for case in vectors.get("valid").expect("the valid ones").list() {
        let body = case.get("input").expect("the input").body();
        let read = families(Parser::open_metrics(&body));
        if case.text("test").starts_with("test_native_") {
            // Composite values are of OpenMetrics 2.0, which the client takes under the name of 1.0.
            let error = read.expect_err("a composite value");
            assert!(error.kind() == ErrorKind::Number && error.message().contains("2.0"), "{error}");
            native += 1;
            continue;
        }
        let mut read = read.unwrap_or_else(|error| panic!("{error} in {case:?}"));
        let findings = lint(Syntax::OpenMetrics, &read);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?} in {case:?}");
        // The client drops points whose times differ by less than a nanosecond.
        for family in &mut read {
            family.samples.dedup_by(|b, a| (&a.name, &a.labels) == (&b.name, &b.labels) && a.timestamp == b.timestamp);
        }
        compare_with_python(&read, case);
        compared += 1;
    }
    assert!(native >= 8 && compared >= 45, "only {native} native and {compared} others");
}

fn compare_with_python(read: &[OwnedFamily], case: &Value) {
    let expected = case.get("families").expect("the families").list();
    assert_eq!(read.len(), expected.len(), "{case:?}");
    for (family, expected) in read.iter().zip(expected) {
        let about = format!("{expected:?}");
        assert_eq!(family.name, expected.text("name"), "{about}");
        assert_eq!(family.kind.as_str(), expected.text("type"), "{about}");
        assert_eq!(family.help.as_deref().unwrap_or_default(), expected.text("help"), "{about}");
        assert_eq!(family.unit.as_deref().unwrap_or_default(), expected.text("unit"), "{about}");
        let samples = expected.get("samples").expect("the samples").list();
        assert_eq!(family.samples.len(), samples.len(), "{about}");
        for (sample, expected) in family.samples.iter().zip(samples) {
            assert_eq!(sample.name, expected.text("name"), "{about}");
            assert_eq!(sample.labels, pairs(expected), "{about}");
            assert_eq!(same(sample.value), same(expected.get("value").expect("a value").number()), "{about}");
            let near = |ours: Option<f64>, field: Option<&Value>| match field.filter(|time| time.as_text() != "null") {
                Some(time) => {
                    let (ours, time) = (ours.expect("a timestamp"), time.number());
                    assert!((ours - time).abs() <= time.abs() * 1e-15, "{ours} is not {time} in {about}");
                }
                None => assert_eq!(ours, None, "{about}"),
            };
            near(sample.timestamp.map(Timestamp::as_secs_f64), expected.get("timestamp"));
            let exemplar = expected.get("exemplar");
            assert_eq!(sample.exemplar.is_some(), exemplar.is_some(), "{about}");
            if let (Some(exemplar), Some(expected)) = (&sample.exemplar, exemplar) {
                assert_eq!(exemplar.labels, pairs(expected), "{about}");
                assert_eq!(exemplar.value, expected.get("value").expect("a value").number(), "{about}");
                near(exemplar.timestamp.map(Timestamp::as_secs_f64), expected.get("timestamp"));
            }
        }
    }
}

fn pairs(expected: &Value) -> Vec<(String, String)> {
    let labels = expected.get("labels").expect("the labels").fields();
    labels.iter().map(|(name, value)| (name.clone(), value.as_text().to_owned())).collect()
}

/// What the Python client says where its parser must see whole metrics, and ours leaves it to `lint`.
const OF_METRICS: [&str; 12] = [
    "+Inf bucket missing",
    "Count does not match",
    "_count must be present",
    "_gcount must be present",
    "must be present if",
    "Cannot have _sum with negative buckets",
    "Cannot have negative _gsum",
    "Buckets out of order",
    "Bucket values out of order",
    "Invalid metric grouping",
    "Timestamps went backwards",
    "Mix of timestamp presence",
];

#[test]
fn what_the_python_client_refuses_is_refused() {
    let Some(vectors) = vectors("client_python/openmetrics_parser.json") else { return };
    let cases = vectors.get("invalid").expect("the invalid ones").list();
    let mut linted = 0;
    for case in cases {
        let body = case.get("input").expect("the input").body();
        let of_metrics = OF_METRICS.iter().any(|words| case.text("oracle_error").contains(words));
        match families(Parser::open_metrics(&body)) {
            Err(error) => assert!(error.line() >= 1 && error.column() >= 1, "{error}"),
            Ok(read) => {
                assert!(of_metrics, "the parser took {case:?}");
                let findings = lint(Syntax::OpenMetrics, &read);
                assert!(
                    findings.iter().any(|finding| finding.severity == Severity::Error),
                    "{findings:?} for {case:?}"
                );
                linted += 1;
            }
        }
    }
    assert!(cases.len() >= 150, "only {} vectors", cases.len());
    assert!(linted >= 20, "only {linted} came to the linter");
}
