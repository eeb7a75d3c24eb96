//! What bridges from other metrics interfaces use: dynamic families, totals that were counted elsewhere, and values that
//! one thread owns and others visit.

use crate::proto;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use streamgauge::bridge::{DynamicFamily, ThreadOwned};
use streamgauge::{
    Buckets, Counter, Error, Escaping, Exposition, Filter, Format, Gauge, Histogram, Info, MetricValue, Registry,
    Scraper, Unit,
};

fn text(registry: &Registry, exposition: impl Into<Exposition>) -> String {
    let mut body = Vec::new();
    Scraper::new(registry).encode(exposition, &mut body);
    String::from_utf8(body).expect("expositions are UTF-8")
}

fn open(registry: &Registry, name: &str) -> DynamicFamily<Counter> {
    registry.counter(name, "").verbatim().dynamic_family().expect("a legal declaration")
}

#[test]
fn series_of_one_family_have_labels_of_their_own() {
    let registry = Registry::new();
    let requests = open(&registry, "requests");
    requests.get_or_create(&[]).unwrap().inc();
    requests.get_or_create(&[("path", "/"), ("code", "200")]).unwrap().add(2);
    requests.get_or_create(&[("code", "200"), ("path", "/")]).unwrap().add(3);
    requests.get_or_create(&[("kind", "a\"b\\c\nd")]).unwrap().add(4);
    assert_eq!(
        text(&registry, Format::Text),
        "# TYPE requests counter\nrequests 1\nrequests{code=\"200\",path=\"/\"} 5\nrequests{kind=\"a\\\"b\\\\c\\nd\"} 4\n"
    );
    assert_eq!(registry.sample_value("requests", &[("path", "/"), ("code", "200")]), Some(5.0));
    assert_eq!(registry.sample_value("requests", &[("kind", "a\"b\\c\nd")]), Some(4.0));
    assert_eq!(registry.sample_value("requests", &[("path", "/")]), None);
    let mut seen = Vec::new();
    Scraper::new(&registry).visit(|sample| {
        let labels: Vec<String> = sample.labels().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let MetricValue::Counter(total) = sample.value() else { panic!("a counter") };
        seen.push(format!("{} {total}", labels.join(",")));
    });
    assert_eq!(seen, [" 1", "code=200,path=/ 5", "kind=a\"b\\c\nd 4"]);
}

/// To every reader of the formats a label without a value is none.
#[test]
fn labels_with_empty_values_are_as_if_they_were_not_given() {
    let registry = Registry::new();
    let family = open(&registry, "x");
    family.get_or_create(&[]).unwrap().inc();
    family.get_or_create(&[("a", "")]).unwrap().add(10);
    family.get_or_create(&[("b", ""), ("a", "")]).unwrap().add(100);
    family.get_or_create(&[("b", ""), ("a", "1")]).unwrap().add(1000);
    assert_eq!(text(&registry, Format::Text), "# TYPE x counter\nx 111\nx{a=\"1\"} 1000\n");
    assert_eq!(family.get(&[("c", "")]).map(|counter| counter.get()), Some(111));
    assert_eq!(registry.sample_value("x", &[("c", "")]), Some(111.0));
    assert!(family.remove(&[("c", ""), ("a", "1")]) && !family.remove(&[("a", "1")]));
    let sixteen: Vec<(&str, &str)> = vec![("a", ""); 17];
    family.get_or_create(&sixteen).unwrap().inc();
    assert_eq!(registry.sample_value("x", &[]), Some(112.0));
}

/// A limit may leave nothing of a value.
#[test]
fn labels_whose_values_are_cut_to_nothing_are_as_if_they_were_not_given() {
    let registry = Registry::new();
    let family: DynamicFamily<Counter> = registry.counter("x", "").verbatim().value_limit(2).dynamic_family().unwrap();
    family.get_or_create(&[]).unwrap().inc();
    family.get_or_create(&[("a", "\u{82b1}")]).unwrap().add(10);
    family.get_or_create(&[("b", "\u{82b1}"), ("c", "1")]).unwrap().add(100);
    assert_eq!(text(&registry, Format::Text), "# TYPE x counter\nx 11\nx{c=\"1\"} 100\n");
    assert_eq!(family.get(&[("a", "\u{82b1}")]).map(|counter| counter.get()), Some(11));
    assert!(family.get_or_create(&[("a b", "\u{82b1}")]).is_err(), "the name is looked at all the same");
}

#[test]
fn the_label_of_the_overflow_series_is_never_cut() {
    let registry = Registry::new();
    for bytes in [0, 4] {
        let name = format!("x_{bytes}");
        let builder = registry.counter(&name, "").verbatim().value_limit(bytes).limit(1);
        let family: DynamicFamily<Counter> = builder.dynamic_family().unwrap();
        family.get_or_create(&[]).unwrap().inc();
        family.get_or_create(&[("a", "1"), ("overflow", "x")]).unwrap().add(10);
        let expected = if bytes == 0 { (Some(11.0), None) } else { (Some(1.0), Some(10.0)) };
        let overflow = [("overflow", "__overflow__")];
        assert_eq!((registry.sample_value(&name, &[]), registry.sample_value(&name, &overflow)), expected);
        family.get_or_create(&overflow).unwrap().add(100);
        assert_eq!(family.get(&overflow).unwrap().get() as f64, expected.1.unwrap_or(0.0) + 100.0);
        assert!(family.remove(&overflow) && !family.remove(&overflow));
    }
}

/// `a="1"` and a value that looks like the end of it and another label are two sets.
#[test]
fn values_cannot_be_taken_for_labels() {
    let registry = Registry::new();
    let family = open(&registry, "x");
    family.get_or_create(&[("a", "1"), ("b", "2")]).unwrap().inc();
    family.get_or_create(&[("a", "1\",b=\"2")]).unwrap().add(7);
    assert_eq!(registry.sample_value("x", &[("a", "1"), ("b", "2")]), Some(1.0));
    assert_eq!(registry.sample_value("x", &[("a", "1\",b=\"2")]), Some(7.0));
}

#[test]
fn an_info_that_lost_its_suffix_has_one_name_in_every_format() {
    let registry = Registry::new();
    let infos: DynamicFamily<Info> = registry.info("build", "B.").dynamic_family().unwrap();
    drop(infos.get_or_create(&[("version", "1")]).unwrap());
    assert!(text(&registry, Format::OpenMetrics).ends_with("# TYPE build info\nbuild_info{version=\"1\"} 1\n# EOF\n"));
    infos.rename("version").unwrap();
    assert!(text(&registry, Format::Text).ends_with("\nversion{version=\"1\"} 1\n"));
    let open_metrics = text(&registry, Format::OpenMetrics);
    assert!(open_metrics.ends_with("# TYPE version unknown\nversion{version=\"1\"} 1\n# EOF\n"), "{open_metrics}");
    registry.gauge("version_info", "V.").verbatim().register().unwrap().set(1.0);
}

#[test]
fn names_that_are_not_allowed_are_refused_and_leave_nothing() {
    let registry = Registry::new();
    let family = open(&registry, "x");
    for (labels, expected) in [
        (&[("", "1")][..], "letter"),
        (&[("a.b", "1")], "letter"),
        (&[("9a", "1")], "letter"),
        (&[("le", "1")], "reserved"),
        (&[("quantile", "1")], "reserved"),
        (&[("__name__", "1")], "reserved"),
        (&[("a", "1"), ("b", "1"), ("a", "2")], "twice"),
        (&[(&"l".repeat(1025), "1")], "1025 bytes"),
    ] {
        match family.get_or_create(labels) {
            Err(Error::InvalidLabel { problem, .. }) => assert!(problem.contains(expected), "{labels:?}: {problem}"),
            other => panic!("{labels:?} gave {other:?}"),
        }
        assert!(family.get(labels).is_none() && !family.remove(labels));
    }
    let many: Vec<String> = (0..129).map(|index| format!("l{index}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
    assert!(family.get_or_create(&many).is_err());
    assert!(family.get_or_create(&many[..128]).is_ok(), "128 labels are allowed");
    assert_eq!(family.clear(), 1);
    assert!(matches!(
        registry.label("a", "b").counter("y", "").verbatim().dynamic_family(),
        Err(Error::InvalidLabel { .. })
    ));
    assert!(
        matches!(registry.counter("y", "").dynamic_family(), Err(Error::InvalidName { .. })),
        "the naming rules hold"
    );
}

#[test]
fn what_is_said_late_counts_from_the_next_scrape_on() {
    let registry = Registry::new();
    let mut scraper = Scraper::new(&registry);
    let family = open(&registry, "read");
    let held = family.get_or_create(&[("a", "1")]).unwrap();
    held.inc();
    let mut scrape = |exposition: Format| {
        let mut body = Vec::new();
        scraper.encode(exposition, &mut body);
        String::from_utf8(body).expect("UTF-8")
    };
    assert_eq!(scrape(Format::Text), "# TYPE read counter\nread{a=\"1\"} 1\n");
    family.describe("What was read.", None).unwrap();
    assert_eq!(scrape(Format::Text), "# HELP read What was read.\n# TYPE read counter\nread{a=\"1\"} 1\n");
    family.rename("read_bytes_total").unwrap();
    family.describe("What was read.", Some(Unit::Bytes)).unwrap();
    held.inc();
    assert_eq!(
        scrape(Format::Text),
        "# HELP read_bytes_total What was read.\n# TYPE read_bytes_total counter\nread_bytes_total{a=\"1\"} 2\n"
    );
    assert!(scrape(Format::OpenMetrics).contains("# TYPE read_bytes counter\n# UNIT read_bytes bytes\n"));
    assert_eq!(registry.sample_value("read_bytes_total", &[("a", "1")]), Some(2.0));
    assert_eq!(registry.sample_value("read", &[("a", "1")]), None);
    assert_eq!(registry.describe().iter().next().unwrap().name, "read_bytes_total");
    let mut body = Vec::new();
    scraper.encode_filtered(Format::Text, &Filter::names(["read"]), &mut body);
    assert!(body.is_empty());
    scraper.encode_filtered(Format::Text, &Filter::names(["read_bytes_total"]), &mut body);
    assert!(!body.is_empty());
    // The old name is free, the new one taken.
    open(&registry, "read").get_or_create(&[]).unwrap().inc();
    let other = open(&registry, "written");
    assert!(matches!(other.rename("read_bytes_total"), Err(Error::SampleNameTaken { .. })));
    other.get_or_create(&[]).unwrap().inc();
    assert_eq!(registry.sample_value("written", &[]), Some(1.0), "it keeps the name it had");
    assert!(matches!(registry.gauge("written", "W.").register(), Err(Error::Conflict { .. })));
}

#[test]
fn a_limit_holds_and_removal_makes_room() {
    let registry = Registry::new();
    let family: DynamicFamily<Counter> = registry.counter("x", "").verbatim().limit(2).dynamic_family().unwrap();
    for id in ["1", "2", "3", "4"] {
        family.get_or_create(&[("id", id)]).unwrap().inc();
    }
    assert_eq!(registry.sample_value("x", &[("overflow", "__overflow__")]), Some(2.0));
    family.get_or_create(&[("overflow", "__overflow__")]).unwrap().inc();
    assert_eq!(registry.sample_value("x", &[("overflow", "__overflow__")]), Some(3.0));
    assert!(family.remove(&[("id", "1")]));
    family.get_or_create(&[("id", "3")]).unwrap().inc();
    assert_eq!(registry.sample_value("x", &[("id", "3")]), Some(1.0));
    assert_eq!(family.retain(|labels| labels.get("id").as_deref() == Some("3")), 1);
    assert_eq!(registry.sample_value("x", &[("id", "2")]), None);
    let long = "v".repeat(5000);
    let family: DynamicFamily<Gauge> = registry.gauge("y", "").value_limit(10).dynamic_family().unwrap();
    family.get_or_create(&[("a", &long)]).unwrap().set(3.0);
    assert_eq!(registry.sample_value("y", &[("a", &long[..10])]), Some(3.0));
}

/// Many removals move the records to new pages, with labels of any number.
#[test]
fn series_that_come_and_go_keep_their_labels() {
    let registry = Registry::new();
    let family = open(&registry, "x");
    let names: Vec<String> = (0..9).map(|index| format!("label_{index}")).collect();
    let mut kept = Vec::new();
    for round in 0..if cfg!(miri) { 12 } else { 400usize } {
        let value = round.to_string();
        let labels: Vec<(&str, &str)> =
            names[..round % names.len()].iter().map(|name| (name.as_str(), value.as_str())).collect();
        let labels: Vec<(&str, &str)> = labels.into_iter().chain([("id", value.as_str())]).collect();
        family.get_or_create(&labels).unwrap().add(round as u64);
        if round % 7 == 0 {
            kept.push(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>());
        } else {
            assert!(family.remove(&labels));
        }
    }
    for labels in &kept {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let id: f64 = labels.iter().find(|(name, _)| *name == "id").unwrap().1.parse().unwrap();
        assert_eq!(registry.sample_value("x", &labels), Some(id));
    }
}

#[test]
fn idle_series_go_and_held_ones_stay() {
    let registry = Registry::new();
    let family: DynamicFamily<Counter> =
        registry.counter("x", "").verbatim().idle_timeout(Duration::from_millis(1)).dynamic_family().unwrap();
    family.get_or_create(&[("a", "1")]).unwrap().inc();
    let held = family.get_or_create(&[("a", "2")]).unwrap();
    let mut expired = 0;
    while expired == 0 {
        expired += registry.expire_idle();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(family.get(&[("a", "1")]).is_none() && family.get(&[("a", "2")]).is_some());
    drop(held);
}

/// Every escaping scheme writes the names of a dynamic family as it writes those of another.
#[test]
fn names_are_escaped_as_those_of_other_families() {
    let registry = Registry::new();
    let bounds = Buckets::explicit([1.0, 2.0]);
    let family: DynamicFamily<Histogram> =
        registry.histogram("h", "H.").buckets(bounds.clone()).dynamic_family().unwrap();
    family.get_or_create(&[("a_b", "1\"2"), ("c", "3")]).unwrap().observe(1.5);
    let fixed = Registry::new();
    let scope = fixed.label("a_b", "1\"2").label("c", "3");
    scope.histogram("h", "H.").buckets(bounds).register().unwrap().observe(1.5);
    for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            let exposition = Exposition::from(format).with_escaping(escaping);
            let mut bodies = [Vec::new(), Vec::new()];
            Scraper::new(&registry).encode(exposition, &mut bodies[0]);
            Scraper::new(&fixed).encode(exposition, &mut bodies[1]);
            if format == Format::Protobuf {
                // They differ in when they were made.
                let [open, fixed] = bodies.map(|body| {
                    let mut families = proto::decode(&body);
                    for metric in families.iter_mut().flat_map(|family| &mut family.metric) {
                        let histogram = metric.histogram.as_mut().expect("it is one");
                        assert!(histogram.created_timestamp.take().is_some());
                    }
                    families
                });
                assert_eq!(open, fixed, "{escaping:?}");
                let name = if escaping == Escaping::Dots { "a__b" } else { "a_b" };
                assert_eq!(open[0].metric[0].label[0].name.as_deref(), Some(name), "{escaping:?}");
            } else {
                assert_eq!(bodies[0], bodies[1], "{format:?} {escaping:?}");
            }
        }
    }
}

#[test]
fn a_total_from_elsewhere_is_raised_and_never_lowered() {
    let registry = Registry::new();
    let counter = registry.counter("x_total", "X.").register().unwrap();
    counter.add(3);
    counter.raise_to(10);
    counter.raise_to(4);
    assert_eq!(counter.get(), 10);
    counter.inc();
    counter.raise_to(11);
    assert_eq!(counter.get(), 11);
    Counter::noop().raise_to(5);
    assert_eq!(Counter::noop().get(), 0);
    // Many threads tell growing totals of one thing.
    let total = if cfg!(miri) { 60 } else { 20_000u64 };
    std::thread::scope(|scope| {
        for offset in 0..4 {
            let counter = &counter;
            scope.spawn(move || (0..=total).filter(|told| told % 4 == offset).for_each(|told| counter.raise_to(told)));
        }
    });
    assert_eq!(counter.get(), total);
}

#[test]
fn a_value_has_one_user_at_a_time() {
    let rounds = if cfg!(miri) { 200 } else { 200_000 };
    let (owner, visitor) = ThreadOwned::new(vec![0u64; 16]);
    let done = Arc::new(AtomicBool::new(false));
    let visiting = {
        let (visitor, done) = (visitor.clone(), done.clone());
        std::thread::spawn(move || {
            let mut visits = 0u64;
            while !done.load(Ordering::Acquire) {
                // All cells are the same when nobody is inside.
                visits += visitor
                    .visit(|cells| {
                        assert!(cells.iter().all(|cell| *cell == cells[0]), "{cells:?}");
                        cells.iter_mut().for_each(|cell| *cell += 1);
                        1
                    })
                    .unwrap_or(0);
            }
            visits
        })
    };
    let mut uses = 0u64;
    for _ in 0..rounds {
        uses += owner
            .with(|cells| {
                assert!(cells.iter().all(|cell| *cell == cells[0]), "{cells:?}");
                cells.iter_mut().for_each(|cell| *cell += 1);
                assert!(owner.with(|_| ()).is_none(), "it is inside already");
                1
            })
            .unwrap_or(0);
    }
    done.store(true, Ordering::Release);
    let visits = visiting.join().expect("the visitor saw whole values");
    assert_eq!(owner.with(|cells| cells[0]), Some(uses + visits));
    assert!(!visitor.is_gone());
    drop(owner);
    assert!(visitor.is_gone() && visitor.visit(|_| ()).is_none());
}

/// A panic inside leaves the value to others.
#[test]
fn a_panic_inside_lets_the_value_go() {
    let (owner, visitor) = ThreadOwned::new(1);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| owner.with(|_| panic!("inside"))));
    assert!(caught.is_err());
    assert_eq!(visitor.visit(|value| *value), Some(1));
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| visitor.visit(|_| panic!("inside"))));
    assert!(caught.is_err());
    assert_eq!(owner.with(|value| *value), Some(1));
}
