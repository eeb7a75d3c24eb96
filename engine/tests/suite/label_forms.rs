//! Label sets of every form: arrays and tuples without a type of their own, options, sets within sets.

use std::collections::BTreeSet;
use streamgauge::{Counter, Error, Family, Gauge, LabelSet, LabelValue, LabelVisitor, MetricSet, Registry};

#[derive(LabelSet)]
struct Source<'a> {
    source: &'a str,
    shard: Option<u16>,
}

#[derive(LabelValue, Clone, Copy)]
enum Op {
    Insert,
    Delete,
}

#[derive(LabelSet)]
struct Applied<'a> {
    op: Op,
    #[label(flatten)]
    from: Source<'a>,
    ok: bool,
}

#[derive(LabelSet)]
struct Outcome {
    op: Op,
    ok: bool,
}

#[derive(LabelSet)]
struct Enumerated {
    final_try: bool,
    #[label(flatten)]
    outcome: Outcome,
}

/// Shows fewer values than it has names.
struct Short;

impl LabelSet for Short {
    type Family = Self;
    const NAMES: &'static [&'static str] = &["a", "b"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value("one");
    }
}

#[derive(LabelSet)]
struct AroundShort {
    #[label(flatten)]
    short: Short,
    last: &'static str,
}

fn series(registry: &Registry) -> BTreeSet<String> {
    let text = registry.render_text();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn values_by_their_places_are_those_of_the_names() {
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").family_by(["source", "table"]).expect("legal");
    let table = String::from("orders");
    events.with(&["mysql", &table], Counter::inc);
    events.with(&(table.clone(), 7u8), Counter::inc);
    events.with(&[String::from("mysql"), table], Counter::inc);
    let handle: Counter = events.get_or_create(&("mysql", "orders"));
    assert_eq!(handle.get(), 2);
    // The same family by a type of its own, with the labels in another order.
    #[derive(LabelSet)]
    struct Typed<'a> {
        table: &'a str,
        source: &'a str,
    }
    let typed: Family<Typed<'_>, Counter> = registry.counter("events_total", "E.").family().expect("the same");
    typed.with(&Typed { table: "orders", source: "mysql" }, Counter::inc);
    assert_eq!(
        series(&registry),
        BTreeSet::from([
            "events_total{source=\"mysql\",table=\"orders\"} 3".to_owned(),
            "events_total{source=\"orders\",table=\"7\"} 1".to_owned()
        ])
    );
    assert!(events.remove(&["orders", "7"]) && !events.remove(&["orders", "8"]));
    let none = registry.counter("rows_total", "R.").family_by([]).expect("legal");
    none.with(&[""; 0], Counter::inc);
    assert_eq!(registry.sample_value("rows_total", &[]), Some(1.0));
}

#[test]
fn values_by_their_places_overflow_and_have_constant_labels_as_others() {
    let registry = Registry::new();
    let scope = registry.scope("app").label("pipeline", "p");
    let events = scope.counter("events_total", "E.").limit(1).family_by(["table"]).expect("legal");
    ["a", "b", "c"].iter().for_each(|table| events.with(&[table], Counter::inc));
    let overflow = [("pipeline", "p"), ("table", "__overflow__")];
    assert_eq!(registry.sample_value("app_events_total", &overflow), Some(2.0));
    let mut cache = events.handle_cache::<u32>();
    cache.get_or_insert_with(1, |family| family.get_or_create(&["a"])).inc();
    assert_eq!(events.get(&["a"]).map(|counter| counter.get()), Some(2));
}

#[derive(MetricSet)]
struct Rows {
    /// Rows.
    #[metric(by = ["source", "table"], limit = 2)]
    rows_total: Family<[&'static str; 2], Counter>,
}

#[test]
fn a_set_has_families_by_places() {
    let registry = Registry::new();
    let rows = Rows::register(&registry.scope("a")).expect("legal");
    ["x", "y", "z"].iter().for_each(|table| rows.rows_total.with(&["pg", table], Counter::inc));
    // And in a family of sets, with the labels of both.
    let sets = Family::<Source<'_>, Rows>::register(&registry.scope("b").label("env", "test")).expect_err("twice");
    assert!(sets.to_string().contains("\"source\": the name is given twice"), "{sets}");
    #[derive(LabelSet)]
    struct Shard {
        shard: u8,
    }
    let sets = Family::<Shard, Rows>::register(&registry.scope("b")).expect("legal");
    sets.with(&Shard { shard: 1 }, |set| set.rows_total.with(&("pg", 2u8), Counter::inc));
    assert_eq!(
        series(&registry),
        BTreeSet::from([
            "a_rows_total{source=\"__overflow__\",table=\"__overflow__\"} 1".to_owned(),
            "a_rows_total{source=\"pg\",table=\"x\"} 1".to_owned(),
            "a_rows_total{source=\"pg\",table=\"y\"} 1".to_owned(),
            "b_rows_total{shard=\"1\",source=\"pg\",table=\"2\"} 1".to_owned(),
        ])
    );
}

#[test]
fn arrays_without_names_are_refused_with_the_way_out() {
    let registry = Registry::new();
    let error = registry.gauge("lag", "L.").family::<[&str; 2]>().expect_err("no names");
    assert!(matches!(&error, Error::InvalidLabel { name, .. } if name == "lag"), "{error}");
    assert!(error.to_string().contains("family_by"), "{error}");
    let error = registry.gauge("lag", "L.").family_by(["a", "a"]).map(drop).expect_err("twice");
    assert!(error.to_string().contains("given twice"), "{error}");
    let error = registry.gauge("lag", "L.").family_by([""]).map(drop).expect_err("no name");
    assert!(error.to_string().contains("at least one character"), "{error}");
}

#[test]
fn an_option_without_a_value_is_an_empty_one() {
    let registry = Registry::new();
    let lag: Family<Source<'_>, Gauge> = registry.gauge("lag", "L.").family().expect("legal");
    lag.with(&Source { source: "a", shard: Some(3) }, |gauge| gauge.set(1.0));
    lag.with(&Source { source: "a", shard: None }, |gauge| gauge.set(2.0));
    assert_eq!(
        series(&registry),
        BTreeSet::from(["lag{source=\"a\",shard=\"3\"} 1".to_owned(), "lag{source=\"a\",shard=\"\"} 2".to_owned()])
    );
    assert_eq!(Option::<&str>::None.with_text(str::to_owned), "");
}

#[test]
fn a_flattened_set_stands_in_the_place_of_its_field() {
    assert_eq!(Applied::NAMES, ["op", "source", "shard", "ok"]);
    let registry = Registry::new();
    let applied: Family<Applied<'_>, Counter> = registry.counter("applied_total", "A.").family().expect("legal");
    let name = String::from("pg");
    let from = Source { source: &name, shard: Some(1) };
    applied.with(&Applied { op: Op::Delete, from, ok: true }, Counter::inc);
    let line = "applied_total{op=\"delete\",source=\"pg\",shard=\"1\",ok=\"true\"} 1";
    assert_eq!(series(&registry), BTreeSet::from([line.to_owned()]));
}

#[test]
fn a_flattened_set_that_can_be_listed_is_found_by_its_number() {
    assert_eq!(Enumerated::VALUES, [&["false", "true"][..], &["insert", "delete"], &["false", "true"]]);
    let registry = Registry::new();
    let tries: Family<Enumerated, Counter> = registry.counter("tries_total", "T.").family().expect("legal");
    tries.init_all();
    let mut ordinals = BTreeSet::new();
    for final_try in [false, true] {
        for op in [Op::Insert, Op::Delete] {
            for ok in [false, true] {
                let labels = Enumerated { final_try, outcome: Outcome { op, ok } };
                ordinals.insert(labels.ordinal());
                tries.with(&labels, |counter| counter.add(labels.ordinal() as u64 + 1));
                let value = |value: bool| if value { "true" } else { "false" };
                let op = op.with_text(str::to_owned);
                let labels_of = [("final_try", value(final_try)), ("op", op.as_str()), ("ok", value(ok))];
                assert_eq!(registry.sample_value("tries_total", &labels_of), Some(labels.ordinal() as f64 + 1.0));
            }
        }
    }
    assert_eq!(ordinals, (0..8).collect());
}

#[test]
fn a_set_that_shows_too_few_values_moves_none_of_the_others() {
    let registry = Registry::new();
    let family: Family<AroundShort, Counter> = registry.counter("x_total", "X.").family().expect("legal");
    family.with(&AroundShort { short: Short, last: "z" }, Counter::inc);
    assert_eq!(series(&registry), BTreeSet::from(["x_total{a=\"one\",b=\"\",last=\"z\"} 1".to_owned()]));
}

#[test]
fn each_series_of_a_family_is_shown() {
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").limit(2).family_by(["table"]).expect("legal");
    for (index, table) in ["a", "b", "c"].iter().enumerate() {
        events.with(&[table], |counter| counter.add(index as u64 + 1));
    }
    let mut seen = Vec::new();
    events.for_each(|labels, counter| {
        // Without a lock: it may look up, record and remove.
        events.with(&["b"], Counter::inc);
        seen.push((labels.get("table").map(std::borrow::Cow::into_owned), counter.get()));
    });
    let named = |name: &str, value| (Some(name.to_owned()), value);
    assert_eq!(seen, [named("a", 1), named("b", 4), named("__overflow__", 3)]);
    Family::<[&str; 1], Counter>::noop().for_each(|_, _| panic!("it has none"));
}
