//! The text format against the vectors of the Prometheus project: metric families, and the exact bytes that its Go
//! encoder writes for them.
//!
//! A family is rebuilt through the public API and scraped. What differs by design is made up for in the expected
//! text, and in nothing else:
//!
//! - Counters are exact integers here, and untyped metrics do not exist: other values are set on a gauge, and the
//!   TYPE line is expected to say so.
//! - There are no timestamps: they are cut from the ends of lines.
//! - Help texts are mandatory: a family without one gets one.
//! - The series of a family have the same label names: where a vector's do not, the body is that of several
//!   registries, with the header of the first.
//!
//! Summaries and fractional counts cannot be expressed. Names are written as they are, quoted where they must be, as
//! the Go encoder does before a scheme is negotiated.

#![allow(clippy::print_stderr, reason = "says what it skips")]

mod common;

use common::vectors::{Value, protobuf, vectors};
use streamgauge::{Buckets, Error, Escaping, Exposition, Format, Registry, Scraper};

/// Vectors that must be compared byte by byte, at least.
const APPLICABLE: usize = 8;

#[test]
fn text_is_what_the_go_library_writes() {
    let Some(vectors) = vectors("prometheus_common/text004_create.json") else { return };
    let mut compared = String::new();
    let mut applied = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let family = protobuf(case.text("metric_family_text"));
        match rebuild(&family, case.text("expected")) {
            Outcome::Compare(registries, expected) => {
                assert_eq!(scrape(&registries), expected, "{family:?}");
                compared.push_str(&expected);
                applied += 1;
            }
            Outcome::Refused(error) => panic!("{error} for {family:?}"),
            Outcome::Inexpressible(reason) => eprintln!("{}: {reason}", family.text("name")),
        }
    }
    assert!(applied >= APPLICABLE, "only {applied} vectors apply; there were {APPLICABLE}");
    for covered in [
        "# HELP name two-line\\n doc  str\\\\ing\n",
        "# HELP gauge_name gauge\\ndoc\\nstr\"ing\n",
        "{name_1=\"val with\\nnew line\",name_2=\"val with \\\\backslash and \\\"quotes\\\"\"} +Inf\n",
        "{name_1=\"Björn\",name_2=\"佖佥\"} 3.14e+42\n",
        "{\"gauge.name\",\"name.1\"=\"Björn\",\"name*2\"=\"佖佥\"} 3.14e+42\n",
        "name{labelname=\"val1\",basename=\"basevalue\"} NaN\n",
        " -1.23e-45\n",
        "_bucket{le=\"172.8\"} 1524\n",
        "_bucket{le=\"+Inf\"} 2693\nrequest_duration_microseconds_sum 1.7560473e+06\n\
         request_duration_microseconds_count 2693\n",
    ] {
        assert!(compared.contains(covered), "no vector covers {covered:?} any more");
    }
}

/// Scrapes the registries, which hold parts of one family.
fn scrape(registries: &[(Vec<&str>, Registry)]) -> String {
    let mut text = String::new();
    for (_, registry) in registries {
        let mut body = Vec::new();
        let exposition = Exposition::from(Format::Text).with_escaping(Escaping::AllowUtf8);
        Scraper::new(registry).encode(exposition, &mut body);
        let body = String::from_utf8(body).expect("the text format is UTF-8");
        let header = if text.is_empty() { 0 } else { 2 };
        text.extend(body.split_inclusive('\n').skip(header));
    }
    text
}

enum Outcome<'a> {
    /// The scrape of these, each with the label names it is for, must give this text.
    Compare(Vec<(Vec<&'a str>, Registry)>, String),
    Refused(Error),
    Inexpressible(&'static str),
}

/// Makes registries of one family out of a vector.
fn rebuild<'a>(family: &'a Value, expected: &str) -> Outcome<'a> {
    let name = family.text("name");
    let kind = family.get("type").map_or("COUNTER", Value::as_text);
    let help = family.get("help").map_or("Has no help.", Value::as_text);
    let mut expected = expected.to_owned();
    if family.get("help").is_none() {
        expected = format!("# HELP {name} {help}\n{expected}");
    }
    let mut registries: Vec<(Vec<&str>, Registry)> = Vec::new();
    for metric in family.all("metric") {
        let names = metric.all("label").map(|label| label.text("name")).collect();
        if registries.last().is_none_or(|(known, _)| *known != names) {
            registries.push((names, Registry::new()));
        }
        let registry = &registries.last().expect("one was added").1;
        let done = match kind {
            "COUNTER" => gauge(registry, name, help, metric, "counter"),
            "GAUGE" => gauge(registry, name, help, metric, "gauge"),
            "UNTYPED" => gauge(registry, name, help, metric, "untyped"),
            "HISTOGRAM" | "GAUGE_HISTOGRAM" => {
                let values = metric.get("histogram").expect("the histogram");
                if values.get("sample_count_float").is_some() {
                    return Outcome::Inexpressible("counts are integers");
                }
                histogram(registry, name, help, values)
            }
            _ => return Outcome::Inexpressible("there are no summaries"),
        };
        if let Err(error) = done {
            return Outcome::Refused(error);
        }
        if let Some(stamp) = metric.get("timestamp_ms") {
            expected = expected.replace(&format!(" {}\n", stamp.as_text()), "\n");
        }
    }
    for word in ["counter", "untyped"] {
        expected = expected.replace(&format!("# TYPE {name} {word}\n"), &format!("# TYPE {name} gauge\n"));
    }
    Outcome::Compare(registries, expected)
}

/// Sets a gauge to the value in the message `field` of a metric.
fn gauge(registry: &Registry, name: &str, help: &str, metric: &Value, field: &str) -> Result<(), Error> {
    let mut builder = registry.gauge(name, help).verbatim();
    for label in metric.all("label") {
        builder = builder.label(label.text("name"), label.text("value"));
    }
    builder.register()?.set(number(metric.get(field).expect("the value"), "value"));
    Ok(())
}

fn number(message: &Value, field: &str) -> f64 {
    message.get(field).unwrap_or_else(|| panic!("{message:?} lacks {field}")).number()
}

/// Observes whole numbers in each bucket, and once what is left of the sum in the last: the sum is exact then.
fn histogram(registry: &Registry, name: &str, help: &str, values: &Value) -> Result<(), Error> {
    let (count, sum) = (number(values, "sample_count") as u64, number(values, "sample_sum"));
    let buckets =
        values.all("bucket").map(|bucket| (number(bucket, "upper_bound"), number(bucket, "cumulative_count")));
    let mut buckets: Vec<(f64, u64)> = buckets.map(|(bound, count)| (bound, count as u64)).collect();
    // The Go library adds the last bucket where it is missing; ours is always there.
    if buckets.last().is_none_or(|(bound, _)| bound.is_finite()) {
        buckets.push((f64::INFINITY, count));
    }
    let histogram = registry
        .histogram(name, help)
        .verbatim()
        .buckets(Buckets::explicit(buckets.iter().map(|(bound, _)| *bound)))
        .register()?;
    let (mut below, mut counted, mut total) = (0.0_f64, 0, 0.0);
    for (bound, cumulative) in buckets {
        let value = if bound.is_finite() { bound.floor() } else { below.floor() + 1.0 };
        assert!(value > below && value <= bound, "no whole number between {below} and {bound}");
        let n = cumulative - counted - u64::from(bound.is_infinite());
        histogram.observe_n(value, n);
        (below, counted, total) = (bound, cumulative, total + value * n as f64);
        if bound.is_infinite() {
            assert!(sum - total > value, "the sum leaves nothing for the last bucket");
            histogram.observe(sum - total);
        }
    }
    Ok(())
}

/// Names under each escaping scheme, as the Go library writes them, but for labels that would be reserved.
#[test]
fn names_are_escaped_as_the_go_library_does() {
    let Some(vectors) = vectors("prometheus_common/escape_name.json") else { return };
    let mut compared = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let Some(name) = case.get("input").map(Value::as_text) else { continue };
        for (scheme, field) in [
            (Escaping::Underscores, "expectedUnderscores"),
            (Escaping::Dots, "expectedDots"),
            (Escaping::Values, "expectedValue"),
        ] {
            let registry = Registry::new();
            // A colon is legal in the names of metrics only, and escaped in those of labels.
            let label = if name.contains(':') { "a_b" } else { name };
            registry.gauge(name, "G.").verbatim().label(label, "v").register().expect("any name is legal").set(1.0);
            let mut body = Vec::new();
            Scraper::new(&registry).encode(Exposition::from(Format::Text).with_escaping(scheme), &mut body);
            let expected = case.text(field);
            let label = match (name.contains(':'), scheme) {
                (false, Escaping::Underscores | Escaping::Dots) if expected.starts_with("__") => {
                    &format!("_{}", expected.trim_start_matches('_'))
                }
                (false, _) => expected,
                (true, Escaping::Dots) => "a__b",
                (true, _) => "a_b",
            };
            let text = String::from_utf8(body).expect("UTF-8");
            assert!(text.ends_with(&format!("\n{expected}{{{label}=\"v\"}} 1\n")), "{name:?} with {scheme:?}: {text}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} names");
}

/// What the Go library answers to `Accept` headers, as far as the formats exist here.
#[test]
fn formats_are_negotiated_as_the_go_library_does() {
    let Some(vectors) = vectors("prometheus_common/negotiate.json") else { return };
    let mut compared = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let (expected, accept) = (case.text("content_type"), case.text("accept"));
        // There is no protobuf as text, no OpenMetrics 2.0, and what is on offer is not the caller's choice.
        if ["encoding=text", "encoding=compact-text", "version=2.0.0"].iter().any(|other| expected.contains(other))
            || case.get("server_formats").is_some_and(|formats| matches!(formats, Value::List(_)))
        {
            continue;
        }
        let default = match case.text("server_default_escaping") {
            "values" => Escaping::Values,
            _ => Escaping::Underscores,
        };
        assert_eq!(Exposition::negotiate_or(default, [accept]).content_type(), expected, "{accept}");
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} headers");
}
