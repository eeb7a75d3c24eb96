//! The text format against the vectors of the Prometheus project: metric families, and the exact bytes that its Go
//! encoder writes for them.
//!
//! A family is rebuilt through the public API and scraped: counters that are no integers and values of an unknown type
//! through a collector, the others by records. What differs by design is made up for in the expected text, and in
//! nothing else:
//!
//! - There are no timestamps: they are cut from the ends of lines.
//! - Help texts are mandatory: a family without one gets one. Gauge histograms are histograms, as which the Go library
//!   writes them.
//! - The series of a family have the same label names, unless it is an open one, which is not for collectors and takes
//!   classic label names only: where a vector's have not, the body is that of several registries, with the header of
//!   the first.
//! - Quantiles are estimates: they are near what is expected, and all around them is the same.
//!
//! Left out are metrics that there cannot be here: histograms with fractional counts, counters that are negative or not
//! a number, and summaries whose quantiles fall, which no observations have. Names are written as they are, quoted
//! where they must be, as the Go encoder does before a scheme is negotiated.

#![allow(clippy::print_stderr, reason = "says what it skips")]

use crate::common::text::float;
use crate::common::vectors::{Value, protobuf, vectors};
use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorOutput, Error, Escaping, Exposition, Format, Histogram, Instrument,
    MetricBuilder, Registry, Scraper, Summary,
};

/// The help text of a family without one.
const NO_HELP: &str = "Has no help.";

/// Metrics that must be compared, at least.
const APPLICABLE: usize = 11;

#[test]
fn text_is_what_the_go_library_writes() {
    let Some(vectors) = vectors("prometheus_common/text004_create.json") else { return };
    let mut compared = String::new();
    let mut applied = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let family = protobuf(case.text("metric_family_text"));
        let (header, metrics) = in_pieces(&family, case.text("expected"));
        let obstacles = metrics.iter().map(|(metric, _)| obstacle(&family, metric));
        obstacles.flatten().for_each(|reason| eprintln!("{}: {reason}", family.text("name")));
        let metrics: Vec<_> = metrics.into_iter().filter(|(metric, _)| obstacle(&family, metric).is_none()).collect();
        if metrics.is_empty() {
            continue;
        }
        let expected = header + &metrics.iter().map(|(_, lines)| lines.as_str()).collect::<String>();
        let metrics: Vec<_> = metrics.iter().map(|(metric, _)| *metric).collect();
        let found = expose(&family, &metrics).unwrap_or_else(|error| panic!("{error} for {family:?}"));
        assert_eq!(with_estimates(&found, &expected), expected, "{family:?}");
        compared.push_str(&expected);
        applied += metrics.len();
    }
    assert!(applied >= APPLICABLE, "only {applied} metrics apply; there were {APPLICABLE}");
    for covered in [
        "# HELP name two-line\\n doc  str\\\\ing\n# TYPE name counter\n",
        "# HELP gauge_name gauge\\ndoc\\nstr\"ing\n",
        "{name_1=\"val with\\nnew line\",name_2=\"val with \\\\backslash and \\\"quotes\\\"\"} +Inf\n",
        "{name_1=\"Björn\",name_2=\"佖佥\"} 3.14e+42\n",
        "{\"gauge.name\",\"name.1\"=\"Björn\",\"name*2\"=\"佖佥\"} 3.14e+42\n",
        "name{labelname=\"val2\",basename=\"basevalue\"} 0.23\n",
        "# TYPE untyped_name untyped\nuntyped_name -Inf\nuntyped_name{name_1=\"value 1\"} -1.23e-45\n",
        "summary_name{name_1=\"value 1\",name_2=\"value 2\",quantile=\"0.99\"} 3\n\
         summary_name_sum{name_1=\"value 1\",name_2=\"value 2\"} 2010.1971\n\
         summary_name_count{name_1=\"value 1\",name_2=\"value 2\"} 4711\n",
        "_bucket{le=\"172.8\"} 1524\n",
        "_bucket{le=\"+Inf\"} 2693\nrequest_duration_microseconds_sum 1.7560473e+06\n\
         request_duration_microseconds_count 2693\n",
    ] {
        assert!(compared.contains(covered), "no vector covers {covered:?} any more");
    }
}

#[test]
fn counters_that_are_negative_or_not_a_number_are_rejected() {
    let Some(vectors) = vectors("prometheus_common/text004_create.json") else { return };
    let mut rejected = 0;
    for case in vectors.get("cases").expect("the cases").list() {
        let family = protobuf(case.text("metric_family_text"));
        let counters = family.all("metric").filter(|_| kind(&family) == "COUNTER");
        for counter in counters.filter(|metric| obstacle(&family, metric).is_some()) {
            let registry = Registry::new();
            registry.register_collector(Given::new(&family, &[counter])).expect("a legal declaration");
            assert_eq!(Scraper::new(&registry).encode(Format::Text, &mut Vec::new()).rejected_samples(), 1);
            rejected += 1;
        }
    }
    assert!(rejected >= 2, "only {rejected} counters");
}

fn kind(family: &Value) -> &str {
    family.get("type").map_or("COUNTER", Value::as_text)
}

/// Returns the header that is expected, and each metric with its lines, as they are to be without timestamps.
fn in_pieces<'a>(family: &'a Value, expected: &str) -> (String, Vec<(&'a Value, String)>) {
    let mut lines = expected.split_inclusive('\n').peekable();
    let mut header = String::new();
    if family.get("help").is_none() {
        header = format!("# HELP {} {NO_HELP}\n", family.text("name"));
    }
    while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
        header.push_str(line);
    }
    let pieces = family.all("metric").map(|metric| {
        let mut piece: String = lines.by_ref().take(lines_of(metric)).collect();
        if let Some(stamp) = metric.get("timestamp_ms") {
            piece = piece.replace(&format!(" {}\n", stamp.as_text()), "\n");
        }
        (metric, piece)
    });
    let pieces = pieces.collect();
    assert_eq!(lines.next(), None, "lines of no metric");
    (header, pieces)
}

/// Returns how many lines a metric has: sum and count are two, and the Go library adds the last bucket where there is
/// none.
fn lines_of(metric: &Value) -> usize {
    match (metric.get("summary"), metric.get("histogram")) {
        (Some(summary), _) => summary.all("quantile").count() + 2,
        (_, Some(histogram)) => {
            let bounds: Vec<f64> = histogram.all("bucket").map(|bucket| number(bucket, "upper_bound")).collect();
            bounds.len() + usize::from(bounds.last().is_none_or(|bound| bound.is_finite())) + 2
        }
        _ => 1,
    }
}

/// Returns why there cannot be such a metric here.
fn obstacle(family: &Value, metric: &Value) -> Option<&'static str> {
    match kind(family) {
        "COUNTER" => {
            let value = value(family, metric);
            (value.is_nan() || value < 0.0).then_some("a counter is neither negative nor not a number")
        }
        "SUMMARY" => {
            let summary = metric.get("summary").expect("the summary");
            let quantiles: Vec<f64> = summary.all("quantile").map(|quantile| number(quantile, "value")).collect();
            (!quantiles.is_sorted()).then_some("no observations have quantiles that fall")
        }
        "HISTOGRAM" | "GAUGE_HISTOGRAM" => {
            let histogram = metric.get("histogram").expect("the histogram");
            histogram.get("sample_count_float").map(|_| "counts are integers")
        }
        _ => None,
    }
}

/// Rebuilds a family of these metrics, and scrapes it.
fn expose(family: &Value, metrics: &[&Value]) -> Result<String, Error> {
    let mut body = String::new();
    for alike in metrics.chunk_by(|one, other| names(one) == names(other)) {
        let registry = Registry::new();
        if ["COUNTER", "UNTYPED"].contains(&kind(family)) {
            registry.register_collector(Given::new(family, alike))?;
        } else {
            alike.iter().try_for_each(|metric| record(&registry, family, metric))?;
        }
        let header = if body.is_empty() { 0 } else { 2 };
        body.extend(scrape(&registry).split_inclusive('\n').skip(header));
    }
    Ok(body)
}

/// Declares a metric that is recorded into, and has it show what the vector says.
fn record(registry: &Registry, family: &Value, metric: &Value) -> Result<(), Error> {
    let (name, help) = (family.text("name"), family.get("help").map_or(NO_HELP, Value::as_text));
    match kind(family) {
        "GAUGE" => labelled(registry.gauge(name, help), metric).register()?.set(value(family, metric)),
        "SUMMARY" => {
            let values = metric.get("summary").expect("the summary");
            let quantiles: Vec<f64> = values.all("quantile").map(|quantile| number(quantile, "quantile")).collect();
            summarise(&labelled(registry.summary(name, help).quantiles(&quantiles), metric).register()?, values);
        }
        "HISTOGRAM" | "GAUGE_HISTOGRAM" => {
            let values = metric.get("histogram").expect("the histogram");
            let buckets = Buckets::explicit(cumulative(values).into_iter().map(|(bound, _)| bound));
            observe(&labelled(registry.histogram(name, help).buckets(buckets), metric).register()?, values);
        }
        other => panic!("the type {other}"),
    }
    Ok(())
}

fn labelled<M: Instrument>(builder: MetricBuilder<M>, metric: &Value) -> MetricBuilder<M> {
    let labels = metric.all("label");
    labels.fold(builder.verbatim(), |builder, label| builder.label(label.text("name"), label.text("value")))
}

fn scrape(registry: &Registry) -> String {
    let mut body = Vec::new();
    let exposition = Exposition::from(Format::Text).with_escaping(Escaping::AllowUtf8);
    let report = Scraper::new(registry).encode(exposition, &mut body);
    assert_eq!(report.rejected_samples(), 0);
    String::from_utf8(body).expect("the text format is UTF-8")
}

fn names(metric: &Value) -> Vec<&str> {
    metric.all("label").map(|label| label.text("name")).collect()
}

/// Returns the value of a metric that has one.
fn value(family: &Value, metric: &Value) -> f64 {
    number(metric.get(&kind(family).to_lowercase()).expect("the value"), "value")
}

fn number(message: &Value, field: &str) -> f64 {
    message.get(field).unwrap_or_else(|| panic!("{message:?} lacks {field}")).number()
}

/// A family of a vector, of metrics that have the same label names.
struct Given {
    declared: CollectedFamily,
    name: String,
    samples: Vec<(Vec<String>, f64)>,
}

impl Given {
    fn new(family: &Value, metrics: &[&Value]) -> Self {
        let (name, help) = (family.text("name"), family.get("help").map_or(NO_HELP, Value::as_text));
        let declare = if kind(family) == "COUNTER" { CollectedFamily::counter } else { CollectedFamily::unknown };
        let texts = |metric: &Value| metric.all("label").map(|label| label.text("value").to_owned()).collect();
        Self {
            declared: declare(name, help).labels(names(metrics[0])).verbatim(),
            name: name.to_owned(),
            samples: metrics.iter().map(|metric| (texts(metric), value(family, metric))).collect(),
        }
    }
}

impl Collector for Given {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![self.declared.clone()]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        let mut samples = out.family(&self.name);
        for (labels, value) in &self.samples {
            samples.sample(&labels.iter().map(String::as_str).collect::<Vec<_>>(), *value);
        }
    }
}

/// Returns the buckets of a histogram with their counts, the last one too.
fn cumulative(histogram: &Value) -> Vec<(f64, u64)> {
    let bucket = |bucket| (number(bucket, "upper_bound"), number(bucket, "cumulative_count") as u64);
    let mut buckets: Vec<_> = histogram.all("bucket").map(bucket).collect();
    if buckets.last().is_none_or(|(bound, _)| bound.is_finite()) {
        buckets.push((f64::INFINITY, number(histogram, "sample_count") as u64));
    }
    buckets
}

/// Observes whole numbers in each bucket, and once what is left of the sum in the last: the sum is exact then.
fn observe(histogram: &Histogram, values: &Value) {
    let sum = number(values, "sample_sum");
    let (mut below, mut counted, mut total) = (0.0_f64, 0, 0.0);
    for (bound, cumulative) in cumulative(values) {
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
}

/// Observes the value of each quantile at the ranks around its own, up to half the way to its neighbours. The ranks
/// below the first are free: they are of whole numbers, and once of what is left of the sum, which is exact then.
fn summarise(summary: &Summary, values: &Value) {
    let (count, sum) = (number(values, "sample_count"), number(values, "sample_sum"));
    let quantile = |quantile| (number(quantile, "quantile"), number(quantile, "value"));
    let quantiles: Vec<(f64, f64)> = values.all("quantile").map(quantile).collect();
    let free = (count * quantiles[0].0 / 2.0).floor();
    let (mut rank, mut total) = (free, 0.0);
    for (place, (quantile, value)) in quantiles.iter().enumerate() {
        let end = quantiles.get(place + 1).map_or(count, |next| (count * (quantile + next.0) / 2.0).floor());
        summary.observe_n(*value, (end - rank) as u64);
        total += value * (end - rank);
        rank = end;
    }
    let filler = ((sum - total) / free).ceil();
    summary.observe_n(filler, free as u64 - 1);
    total += filler * (free - 1.0);
    let lowest = quantiles[0].1;
    assert!(filler <= lowest && sum - total <= lowest, "the sum leaves nothing for the lowest ranks");
    summary.observe(sum - total);
}

/// Returns the body with the quantiles that are expected in the place of its own, where these are near enough.
fn with_estimates(body: &str, expected: &str) -> String {
    let mut expected = expected.lines();
    let line = |line: &str| {
        let theirs = expected.next().and_then(|line| Some(line.rsplit_once(' ')?.1));
        let (Some((sample, ours)), Some(theirs)) = (line.rsplit_once(' '), theirs) else { return format!("{line}\n") };
        let is_near = sample.contains("quantile=\"") && {
            let [found, wanted] = [ours, theirs].map(|value| float(value).expect("a number"));
            (found - wanted).abs() <= wanted.abs() / 100.0
        };
        format!("{sample} {}\n", if is_near { theirs } else { ours })
    };
    body.lines().map(line).collect()
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
