//! What is refused, and in which words.

use crate::common::labels::{Pair, Reversed};
use crate::common::{scrape, text};
use std::panic;
use std::sync::{Arc, OnceLock};
use streamgauge::{
    Buckets, Counter, DurationCounter, Error, Family, Format, Gauge, Histogram, LabelSet, LabelVisitor, Registry,
    Scraper, Unit, UpDownCounter, stats,
};

#[derive(LabelSet)]
struct Left<'a> {
    left: &'a str,
}

/// Sets written by hand may have any names; the derive checks its own.
macro_rules! set_by_hand {
    ($name:ident, $names:expr) => {
        struct $name;
        impl LabelSet for $name {
            type Family = Self;
            const NAMES: &'static [&'static str] = $names;
            fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
                Self::NAMES.iter().for_each(|name| visitor.value(name));
            }
        }
    };
}

set_by_hand!(Nameless, &[""]);
set_by_hand!(Bound, &["le"]);
set_by_hand!(Twice, &["table", "table"]);

fn check(name: &str, outcome: Result<(), Error>, expected: &str) {
    match outcome {
        Ok(()) => panic!("{name} was accepted; expected: {expected}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{name}"),
    }
}

/// As [`refused`], by a rule of naming: such a name can be had all the same, and the message says how.
fn misnamed(name: &str, declare: impl Fn(&Registry) -> Result<(), Error>, expected: &str) {
    refused(name, declare, &format!("{expected}; with `.verbatim()` the name is taken as it is"));
}

const EMPTY: &str = "a name has at least one character";
const EMPTY_LABEL: &str = "a label name has at least one character";
const RESERVED: &str = "le, quantile and names that start with two underscores are reserved";
const GIVEN_TWICE: &str =
    "the name is given twice; a constant label and a label of the set, or two constant labels, share it";

/// Runs every case against an empty registry and a disabled one: what can be said of a declaration on its own is
/// checked either way.
fn refused(case: &str, declare: impl Fn(&Registry) -> Result<(), Error>, expected: &str) {
    let registry = Registry::new();
    check(case, declare(&registry), expected);
    check(&format!("{case}, disabled"), declare(&Registry::disabled()), expected);
    assert_eq!(scrape(&mut Scraper::new(&registry)).series(), 0, "{case} left something behind");
}

#[test]
fn names_are_refused_with_a_reason() {
    let expected = format!("metric name \"\": {EMPTY}");
    refused("no name", |registry| registry.gauge("", "Help.").register().map(drop), &expected);
    // Verbatim lifts the naming rules, never the syntax.
    refused("no name, verbatim", |registry| registry.counter("", "Help.").verbatim().register().map(drop), &expected);
    misnamed(
        "a counter without _total",
        |registry| registry.counter("events", "Help.").register().map(drop),
        "metric name \"events\": the name of a counter ends in `_total`",
    );
    misnamed(
        "a gauge with _total",
        |registry| registry.gauge("events_total", "Help.").register().map(drop),
        "metric name \"events_total\": only counters end in `_total`, and this is a gauge",
    );
    misnamed(
        "an up-down counter with _total",
        |registry| registry.up_down_counter("events_total", "Help.").register().map(drop),
        "metric name \"events_total\": only counters end in `_total`, and this is an up-down counter",
    );
    misnamed(
        "a duration counter without seconds",
        |registry| registry.duration_counter("busy_total", "Help.").register().map(drop),
        "metric name \"busy_total\": the name of a duration counter ends in `_seconds_total`",
    );
    misnamed(
        "colons",
        |registry| registry.gauge("job:lag:max", "Help.").register().map(drop),
        "metric name \"job:lag:max\": colons are for recording rules",
    );
    for suffix in ["_bucket", "_sum", "_count", "_created", "_info"] {
        let name = format!("events{suffix}");
        let problem = format!("`{suffix}` is the suffix of samples that formats make themselves");
        misnamed(
            suffix,
            |registry| registry.gauge(&name, "Help.").register().map(drop),
            &format!("metric name {name:?}: {problem}"),
        );
        let total = format!("{name}_total");
        misnamed(
            suffix,
            |registry| registry.counter(&total, "Help.").register().map(drop),
            &format!("metric name {total:?}: {problem}"),
        );
    }
}

#[test]
fn units_are_refused_with_a_reason() {
    let units = [
        (Unit::Seconds, "seconds"),
        (Unit::Bytes, "bytes"),
        (Unit::Ratio, "ratio"),
        (Unit::Celsius, "celsius"),
        (Unit::Meters, "meters"),
        (Unit::Volts, "volts"),
        (Unit::Amperes, "amperes"),
        (Unit::Joules, "joules"),
        (Unit::Grams, "grams"),
    ];
    for (unit, text) in units {
        misnamed(
            text,
            |registry| registry.gauge("lag", "Help.").unit(unit).register().map(drop),
            &format!("metric name \"lag\": with the unit {text} the name ends in `_{text}`"),
        );
        misnamed(
            text,
            |registry| registry.counter("work_total", "Help.").unit(unit).register().map(drop),
            &format!("metric name \"work_total\": with the unit {text} the name ends in `_{text}_total`"),
        );
        // The unit alone is no name with a unit.
        misnamed(
            text,
            |registry| registry.gauge(text, "Help.").unit(unit).register().map(drop),
            &format!("metric name {text:?}: with the unit {text} the name ends in `_{text}`"),
        );
        let (registry, fitting) = (Registry::new(), format!("size_{text}"));
        registry.gauge(&fitting, "Help.").unit(unit).register().expect("the name ends in the unit").set(1.0);
        registry.gauge("lag", "Help.").unit(unit).verbatim().register().expect("verbatim lifts the rule").set(1.0);
    }
}

#[test]
fn help_texts_are_refused_with_a_reason() {
    for help in ["", " ", "\n\t"] {
        refused(
            help,
            |registry| registry.counter("events_total", help).register().map(drop),
            "metric \"events_total\" has no help text; one sentence that says what it counts is needed",
        );
    }
}

#[test]
fn labels_are_refused_with_a_reason() {
    let expected = format!("metric \"lag\", label \"\": {EMPTY_LABEL}");
    refused("no label name", |registry| registry.label("", "x").gauge("lag", "Help.").register().map(drop), &expected);
    refused("of a callback", |registry| registry.gauge("lag", "Help.").label("", "x").callback(|| 1.0), &expected);
    for label in ["le", "quantile", "__name__", "__", "__overflow__"] {
        refused(
            label,
            |registry| registry.histogram("size", "Help.").label(label, "x").register().map(drop),
            &format!("metric \"size\", label {label:?}: {RESERVED}"),
        );
    }
    refused(
        "two constant labels",
        |registry| registry.label("table", "a").label("table", "b").gauge("lag", "Help.").register().map(drop),
        &format!("metric \"lag\", label \"table\": {GIVEN_TWICE}"),
    );
    refused(
        "a constant label and one of the set",
        |registry| {
            let scope = registry.label("left", "a");
            scope.gauge("lag", "Help.").family::<Pair<'static>>().map(drop)
        },
        &format!("metric \"lag\", label \"left\": {GIVEN_TWICE}"),
    );
    refused(
        "a set by hand with an empty name",
        |registry| registry.gauge("lag", "Help.").family::<Nameless>().map(drop),
        &format!(
            "metric \"lag\", label \"\": {EMPTY_LABEL}; arrays and tuples have no names, so a family of them is declared \
             with `family_by`"
        ),
    );
    refused(
        "a set by hand with a reserved name",
        |registry| registry.gauge("lag", "Help.").family::<Bound>().map(drop),
        &format!("metric \"lag\", label \"le\": {RESERVED}"),
    );
    refused(
        "a set by hand with one name twice",
        |registry| registry.gauge("lag", "Help.").family::<Twice>().map(drop),
        &format!("metric \"lag\", label \"table\": {GIVEN_TWICE}"),
    );
}

#[test]
fn buckets_are_refused_with_a_reason() {
    let cases = [
        (Buckets::explicit([]), "no bucket bound was given; at least one finite bound is needed"),
        (Buckets::explicit([f64::INFINITY]), "no bucket bound was given; at least one finite bound is needed"),
        (Buckets::exponential(1.0, 2.0, 0), "no bucket bound was given; at least one finite bound is needed"),
        (Buckets::linear(0.0, 1.0, 2047), "more than 2046 bucket bounds were given"),
        (Buckets::linear(0.0, 1.0, usize::MAX), "more than 2046 bucket bounds were given"),
        (Buckets::explicit([f64::NAN]), "bucket bound 0 is NaN; bounds must be finite, +Inf is implied"),
        (Buckets::explicit([f64::NEG_INFINITY, 1.0]), "bucket bound 0 is -inf; bounds must be finite, +Inf is implied"),
        (Buckets::exponential(1.0, 1e200, 4), "bucket bound 2 is inf; bounds must be finite, +Inf is implied"),
        (Buckets::exponential(1e300, 1e5, 3), "bucket bound 2 is inf; bounds must be finite, +Inf is implied"),
        (Buckets::linear(1e308, 1e308, 2), "bucket bound 1 is inf; bounds must be finite, +Inf is implied"),
        (Buckets::explicit([1.0, 2.0, 2.0]), "bucket bound 2 (2) does not lie above bound 1 (2); bounds must ascend"),
        (Buckets::linear(5.0, -1.0, 2), "bucket bound 1 (4) does not lie above bound 0 (5); bounds must ascend"),
        (Buckets::exponential(0.0, 2.0, 2), "bucket bound 1 (0) does not lie above bound 0 (0); bounds must ascend"),
        (Buckets::explicit([-0.0, 0.0]), "bucket bound 1 (0) does not lie above bound 0 (-0); bounds must ascend"),
    ];
    for (buckets, problem) in cases {
        refused(
            problem,
            |registry| registry.histogram("size", "Help.").buckets(buckets.clone()).register().map(drop),
            &format!("histogram \"size\": {problem}"),
        );
    }
    Registry::new()
        .histogram("size", "Help.")
        .buckets(Buckets::linear(0.0, 1.0, 2046))
        .register()
        .expect("2046 bounds are allowed")
        .observe(1.0);
}

#[test]
fn conflicts_name_both_sides() {
    let registry = Registry::new();
    let histogram = |name: &str, buckets| registry.histogram(name, "Sizes.").buckets(buckets);
    registry
        .gauge("lag_seconds", "Lag.")
        .unit(Unit::Seconds)
        .label("stage", "sink")
        .register()
        .expect("legal")
        .set(1.0);
    histogram("size", Buckets::explicit([1.0, 2.0])).register().expect("legal").observe(1.0);
    let conflict = |name: &str, registered: &str, requested: &str| {
        format!(
            "metric {name:?} is registered as {registered}, but was requested as {requested}; both must be the same"
        )
    };
    let lag = "a gauge with help \"Lag.\", unit seconds, labels [stage]";
    let lag_builder = || registry.gauge("lag_seconds", "Lag.").unit(Unit::Seconds);
    check(
        "another kind",
        registry.up_down_counter("lag_seconds", "Lag.").unit(Unit::Seconds).label("stage", "sink").register().map(drop),
        &conflict("lag_seconds", lag, "an up-down counter with help \"Lag.\", unit seconds, labels [stage]"),
    );
    check(
        "another help text",
        registry.gauge("lag_seconds", "Age.").unit(Unit::Seconds).label("stage", "sink").register().map(drop),
        &conflict("lag_seconds", lag, "a gauge with help \"Age.\", unit seconds, labels [stage]"),
    );
    check(
        "no unit",
        registry.gauge("lag_seconds", "Lag.").label("stage", "sink").register().map(drop),
        &conflict("lag_seconds", lag, "a gauge with help \"Lag.\", labels [stage]"),
    );
    check(
        "no label",
        lag_builder().register().map(drop),
        &conflict("lag_seconds", lag, "a gauge with help \"Lag.\", unit seconds, labels []"),
    );
    check(
        "other labels",
        lag_builder().label("stage", "sink").family::<Left<'static>>().map(drop),
        &conflict("lag_seconds", lag, "a gauge with help \"Lag.\", unit seconds, labels [stage, left]"),
    );
    check(
        "other buckets",
        histogram("size", Buckets::explicit([1.0, 3.0])).register().map(drop),
        &conflict(
            "size",
            "a histogram with help \"Sizes.\", labels [], buckets [1.0, 2.0]",
            "a histogram with help \"Sizes.\", labels [], buckets [1.0, 3.0]",
        ),
    );
    // The same once more is no conflict, and neither is another value of a constant label.
    let same = lag_builder().label("stage", "sink").register().expect("identical");
    assert_eq!(same.get(), 1.0, "the same series");
    assert_eq!(lag_builder().label("stage", "source").register().expect("same names").get(), 0.0);
    let parsed = scrape(&mut Scraper::new(&registry));
    assert_eq!(parsed.series(), 3, "what was refused left nothing behind");
}

#[test]
fn sample_names_do_not_clash() {
    let taken = |name: &str, sample: &str, by: &str| {
        format!("metric {name:?} would expose the sample {sample:?}, which {by:?} exposes; choose another name")
    };
    for suffix in ["_bucket", "_sum", "_count"] {
        let sample = format!("size{suffix}");
        let registry = Registry::new();
        registry.histogram("size", "S.").register().expect("legal").observe(1.0);
        check(
            "beside a histogram",
            registry.gauge(&sample, "G.").verbatim().register().map(drop),
            &taken(&sample, &sample, "size"),
        );
        let registry = Registry::new();
        registry.gauge(&sample, "G.").verbatim().register().expect("legal").set(1.0);
        check(
            "a histogram beside a gauge",
            registry.histogram("size", "S.").register().map(drop),
            &taken("size", &sample, &sample),
        );
        registry.histogram("length", "L.").register().expect("the refusal left nothing behind").observe(1.0);
    }
    // A reader would file the sum of `size` under the family `size_sum`, whatever its kind.
    let registry = Registry::new();
    let histogram = |name| registry.histogram(name, "H.").verbatim().register().map(drop);
    histogram("size").expect("legal");
    check("a histogram named like a sample", histogram("size_sum"), &taken("size_sum", "size_sum", "size"));
    let registry = Registry::new();
    let histogram = |name| registry.histogram(name, "H.").verbatim().register().map(drop);
    histogram("size_sum").expect("legal");
    check("a sample named like a histogram", histogram("size"), &taken("size", "size_sum", "size_sum"));
}

#[test]
fn a_disabled_registry_takes_everything_and_shows_nothing() {
    let registry = Registry::disabled();
    let counter = registry.counter("events_total", "E.").register().expect("legal");
    let again = registry.gauge("events", "E.").register().expect("nothing is registered, so nothing conflicts");
    let sizes = registry.scope("a").label("b", "c").histogram("size", "S.").register().expect("legal");
    let family: Family<Pair<'static>, Counter> = registry.counter("pairs_total", "P.").family().expect("legal");
    registry.gauge("age", "A.").callback(|| panic!("never called")).expect("legal");
    counter.add(3);
    again.set(1.0);
    sizes.observe(1.0);
    family.with(&Pair { left: "a", right: "b" }, Counter::inc);
    let owned = family.get_or_create(&Pair { left: "a", right: "b" });
    owned.inc();
    assert_eq!((counter.get(), owned.get(), sizes.snapshot().count(), again.get()), (0, 0, 0, 0.0));
    assert_eq!(registry.sample_value("events_total", &[]), None);
    let mut body = b"kept".to_vec();
    let report = Scraper::new(&registry).encode(Format::Text, &mut body);
    assert_eq!((body.as_slice(), report.series(), report.bytes()), (b"kept".as_slice(), 0, 0));
    Scraper::new(&registry).visit(|sample| panic!("shown: {sample:?}"));
    // Noops behave as the handles of a disabled registry.
    Counter::noop().inc();
    DurationCounter::noop().add_nanos(1);
    UpDownCounter::noop().dec();
    Gauge::noop().add(1.0);
    Histogram::noop().observe(1.0);
    Family::<Pair<'static>, Gauge>::noop().with(&Pair { left: "", right: "" }, |gauge| gauge.set(1.0));
    assert_eq!(UpDownCounter::noop().get(), 0);
    assert_eq!(Histogram::noop().snapshot().quantile(0.5), None);
}

#[test]
fn label_order_makes_no_second_series() {
    let registry = Registry::new();
    let pairs: Family<Pair<'static>, Counter> = registry.counter("pairs_total", "P.").family().expect("legal");
    let reversed: Family<Reversed<'static>, Counter> = registry.counter("pairs_total", "P.").family().expect("same");
    // Values that another pairing of names and values, or another cut between values, would confuse.
    for (left, right) in
        [("a", "b"), ("b", "a"), ("", "ab"), ("ab", ""), ("a", "a"), ("\\", "\""), ("a\",right=\"b", "")]
    {
        pairs.with(&Pair { left, right }, Counter::inc);
        reversed.with(&Reversed { right, left }, |counter| counter.add(10));
        let rest: Family<Left<'static>, Counter> =
            registry.label("right", right).counter("pairs_total", "P.").family().expect("split otherwise");
        rest.with(&Left { left }, |counter| counter.add(100));
        let all = registry.label("right", right).label("left", left).counter("pairs_total", "P.");
        let all = all.register().expect("all labels constant");
        all.add(1000);
        assert_eq!(all.get(), 1111, "{left:?} {right:?}");
        assert_eq!(registry.sample_value("pairs_total", &[("right", right), ("left", left)]), Some(1111.0));
    }
    let parsed = scrape(&mut Scraper::new(&registry));
    assert_eq!(parsed.series(), 7);
    assert!(parsed.samples().values().all(|value| value == "1111"), "{parsed:?}");
}

#[test]
fn a_callback_that_panics_is_left_out_and_counted() {
    let registry = Registry::new();
    registry.gauge("good", "G.").callback(|| 1.5).expect("legal");
    registry
        .gauge("bad", "B.")
        .callback(|| {
            // Without the panic hook's text on the terminal.
            panic::resume_unwind(Box::new("a callback that fails"))
        })
        .expect("legal");
    registry.counter("events_total", "E.").register().expect("legal").inc();
    let mut scraper = Scraper::new(&registry);
    for _ in 0..2 {
        let mut body = Vec::new();
        let report = scraper.encode(Format::Text, &mut body);
        assert_eq!((report.failed_callbacks(), report.series()), (1, 2));
        let parsed = text::parse(&body).expect("a body of what is left");
        assert_eq!(parsed.get("good", &[]), Some("1.5"));
        assert_eq!((parsed.get("bad", &[]), parsed.families.contains_key("bad")), (None, false));
        assert_eq!(parsed.integer("events_total", &[]), 1);
    }
    assert_eq!(registry.sample_value("bad", &[]), None);
    assert_eq!(registry.sample_value("good", &[]), Some(1.5));
}

#[test]
fn a_value_has_one_source() {
    let registry = Registry::new();
    let exists = |name: &str, labels: &str| {
        format!("metric {name:?} with the labels {{{labels}}} exists; a callback needs a name and labels of its own")
    };
    let edge = |value: &str| registry.gauge("depth", "D.").label("edge", value);
    edge("a").callback(|| 1.0).expect("legal");
    check("a second callback", edge("a").callback(|| 2.0), &exists("depth", "edge=\"a\""));
    check("a gauge over a callback", edge("a").register().map(drop), &exists("depth", "edge=\"a\""));
    edge("b").register().expect("legal").set(3.0);
    check("a callback over a gauge", edge("b").callback(|| 4.0), &exists("depth", "edge=\"b\""));
    let parsed = scrape(&mut Scraper::new(&registry));
    assert_eq!((parsed.get("depth", &[("edge", "a")]), parsed.get("depth", &[("edge", "b")])), (Some("1"), Some("3")));
}

#[test]
fn a_callback_may_scrape_register_and_record() {
    // A static, because a callback that owned its registry would keep it alive for ever.
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(Registry::new);
    let family: Family<Pair<'static>, Counter> = registry.counter("pairs_total", "P.").family().expect("legal");
    let runs = registry.counter("runs_total", "R.").register().expect("legal");
    registry
        .gauge("busy", "B.")
        .callback(move || {
            runs.inc();
            let mut body = Vec::new();
            let inner = Scraper::new(registry).encode(Format::Text, &mut body);
            assert_eq!(inner.failed_callbacks(), 0);
            text::parse(&body).expect("a nested scrape is a scrape");
            Scraper::new(registry).visit(|sample| assert!(!sample.name().is_empty()));
            registry.counter("late_total", "L.").register().expect("registering is fine in a callback").inc();
            registry.gauge("later", "L.").label("run", runs.get().to_string()).callback(|| 7.0).expect("new labels");
            family.with(&Pair { left: &runs.get().to_string(), right: "x" }, Counter::inc);
            stats().slabs as f64
        })
        .expect("legal");
    for run in 1..=3u64 {
        let parsed = scrape(&mut Scraper::new(registry));
        // What a callback records is in the scrape that runs it: callbacks run first.
        assert_eq!(parsed.integer("runs_total", &[]), run);
        assert_eq!(parsed.integer("late_total", &[]), run);
        assert_eq!(parsed.integer("pairs_total", &[("left", &run.to_string()), ("right", "x")]), 1);
        assert!(parsed.get("busy", &[]).is_some());
        // A callback that was registered by a callback runs from the next scrape on.
        assert_eq!(parsed.get("later", &[("run", &(run - 1).to_string())]), (run > 1).then_some("7"));
    }
}

#[test]
fn a_callback_does_not_read_itself() {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(Registry::new);
    // Each reads the other, which would go on until the stack ends; inside a callback there are no callbacks.
    registry.gauge("left", "L.").callback(|| registry.sample_value("right", &[]).unwrap_or(1.0)).expect("legal");
    registry.gauge("right", "R.").callback(|| registry.sample_value("left", &[]).unwrap_or(2.0)).expect("legal");
    assert_eq!((registry.sample_value("left", &[]), registry.sample_value("right", &[])), (Some(1.0), Some(2.0)));
    let parsed = scrape(&mut Scraper::new(registry));
    assert_eq!((parsed.get("left", &[]), parsed.get("right", &[])), (Some("1"), Some("2")));
}

#[test]
fn counts_that_wrap_are_read_back_as_they_are_scraped() {
    let registry = Registry::new();
    let sizes = registry.histogram("size", "S.").buckets(Buckets::explicit([1.0, 2.0])).register().expect("legal");
    sizes.observe_n(1.0, u64::MAX);
    sizes.observe_n(2.0, 3);
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    assert!(body.ends_with(b"size_count 2\n"), "{}", String::from_utf8_lossy(&body));
    assert_eq!(registry.sample_value("size_bucket", &[("le", "2")]), Some(2.0));
    assert_eq!(registry.sample_value("size_count", &[]), Some(2.0));
}

#[test]
fn a_histogram_is_debugged_in_a_line() {
    let registry = Registry::new();
    let sizes = registry.histogram("size", "S.").buckets(Buckets::linear(1.0, 1.0, 2000)).register().expect("legal");
    for text in [format!("{sizes:?}"), format!("{sizes:#?}"), format!("{:?}", Histogram::noop())] {
        assert!(text.starts_with("Histogram {") && text.len() < 200, "{text}");
    }
    assert!(format!("{sizes:?}").contains("2000"), "how many bounds it has");
}

#[test]
fn a_sum_stays_finite() {
    let registry = Registry::new();
    let sizes = registry.histogram("size", "S.").register().expect("legal");
    let skews = registry.histogram("skew", "S.").buckets(Buckets::explicit([-1.0, 1.0])).register().expect("legal");
    sizes.observe_n(f64::MAX, 1000);
    sizes.observe_n(f64::MAX, 1000);
    skews.observe_n(f64::MAX, 1000);
    skews.observe_n(f64::MIN, 1000);
    std::thread::scope(|scope| scope.spawn(|| skews.observe_n(f64::MIN, 1000)).join().expect("no panic"));
    assert_eq!(sizes.snapshot().sum(), f64::MAX);
    assert!(skews.snapshot().sum().is_finite(), "{}", skews.snapshot().sum());
    let parsed = scrape(&mut Scraper::new(&registry));
    for sum in ["size_sum", "skew_sum"] {
        let shown = parsed.get(sum, &[]).map(text::float);
        assert!(shown.as_ref().is_some_and(|shown| shown.as_ref().is_ok_and(|shown| shown.is_finite())), "{shown:?}");
    }
}

#[test]
fn errors_are_values() {
    fn is_error<E: std::error::Error + Clone + Eq + Send + Sync + 'static>() {}
    is_error::<Error>();
    let error = Registry::new().counter("events", "E.").register().expect_err("no _total");
    assert!(matches!(&error, Error::InvalidName { name, .. } if name == "events"));
    // It boxes like any other, so `?` works in a main.
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.clone().into();
    assert_eq!(boxed.to_string(), error.to_string());
    assert_eq!(Arc::new(error.clone()).as_ref(), &error);
}

#[test]
fn names_of_any_characters_are_legal() {
    let registry = Registry::new();
    let names = ["9lives_total", "a-b_total", "b.c_total", "a b.c_total", "ä_total", "a\n\n_total", "a} 1\nevil_total"];
    for name in names {
        registry.counter(name, "Help.").label("a.\"b", "x").register().expect("legal").inc();
        assert_eq!(registry.sample_value(name, &[("a.\"b", "x")]), Some(1.0));
    }
    assert_eq!(scrape(&mut Scraper::new(&registry)).series(), names.len());
}

#[test]
fn names_that_one_reader_could_not_tell_apart_are_refused() {
    let clash = |first: &str, second: &str| {
        let registry = Registry::new();
        registry.gauge(first, "First.").verbatim().register().expect("legal").set(1.0);
        registry.gauge(second, "Second.").verbatim().register().map(drop).map_err(|error| error.to_string())
    };
    assert!(
        clash("a.b", "a_b")
            .is_err_and(|error| error.contains("would expose the sample \"a_b\", which \"a.b\" exposes"))
    );
    assert!(clash("a-b", "a+b").is_err());
    assert!(clash("U__a_2e_b", "a.b").is_err_and(|error| error.contains("U__a_2e_b")), "with values");
    assert!(clash("a.b", "a.c").is_ok());
    let registry = Registry::new();
    let error = registry.label("a.b", "1").label("a_b", "2").gauge("lag", "L.").register().expect_err("one label");
    assert!(
        error.to_string().contains("readers that want names escaped with underscores would see \"a_b\" twice"),
        "{error}"
    );
}

/// What the fuzzer found: OpenMetrics would call the family by nothing.
#[test]
fn a_name_is_more_than_its_suffix() {
    let registry = Registry::new();
    for name in ["_total", ".total"] {
        let error = registry.counter(name, "C.").verbatim().register().expect_err("no name is left").to_string();
        assert!(error.contains("a name is more than the suffix `_total`"), "{error}");
    }
    assert!(registry.info("", "I.").register().is_err());
    assert!(registry.gauge("_total", "G.").verbatim().register().is_ok(), "a gauge has no suffix");
}
