//! Walks: what one scrape shows of series that come and go while it is under way.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use streamgauge::{Counter, Family, Format, LabelSet, MetricValue, Registry, Scraper};

#[derive(LabelSet)]
struct Table {
    table: usize,
}

type Events = Family<Table, Counter>;

fn events(registry: &Registry, name: &str) -> Events {
    registry.counter(name, "Events.").family().expect("legal")
}

fn add(events: &Events, table: usize, n: u64) {
    events.with(&Table { table }, |counter| counter.add(n));
}

/// Gives what one scrape shows, in its order; `meanwhile` is called with the place of each sample.
fn shown(scraper: &mut Scraper, mut meanwhile: impl FnMut(usize)) -> Vec<(String, u64)> {
    let mut shown = Vec::new();
    scraper.visit(|sample| {
        let MetricValue::Counter(count) = sample.value() else { return };
        let table = sample.labels().get("table").unwrap_or_default().into_owned();
        shown.push((format!("{} {table}", sample.name()), count));
        meanwhile(shown.len() - 1);
    });
    shown
}

fn twice(shown: &[(String, u64)]) -> Vec<&(String, u64)> {
    let mut seen = BTreeSet::new();
    shown.iter().filter(|(name, _)| !seen.insert(name)).collect()
}

#[test]
fn labels_that_are_removed_twice_during_a_walk_are_shown_once() {
    let registry = Registry::new();
    let (first, second) = (events(&registry, "a_total"), events(&registry, "b_total"));
    add(&first, 0, 1);
    add(&second, 1, 3);
    let mut scraper = Scraper::new(&registry);
    // Before the walk comes to the second family.
    let seen = shown(&mut scraper, |place| {
        if place == 0 {
            second.remove(&Table { table: 1 });
            add(&second, 1, 100);
            second.remove(&Table { table: 1 });
        }
    });
    assert_eq!(seen, [("a_total 0".to_owned(), 1), ("b_total 1".to_owned(), 100)]);
}

#[test]
fn labels_that_were_reborn_before_a_walk_and_go_during_it_are_shown_once() {
    let registry = Registry::new();
    let events = events(&registry, "events_total");
    let mut scraper = Scraper::new(&registry);
    add(&events, 1, 3);
    events.remove(&Table { table: 1 });
    add(&events, 0, 1);
    add(&events, 1, 100);
    let first = shown(&mut scraper, |place| {
        if place == 1 {
            events.remove(&Table { table: 1 });
        }
    });
    assert_eq!(first, [("events_total 0".to_owned(), 1), ("events_total 1".to_owned(), 100)]);
    let second = shown(&mut scraper, |_| {});
    assert_eq!(second, [("events_total 0".to_owned(), 1), ("events_total 1".to_owned(), 100)], "its final value");
    assert_eq!(shown(&mut scraper, |_| {}).len(), 1);
}

#[test]
fn labels_that_are_made_anew_during_a_walk_are_not_left_out() {
    let registry = Registry::new();
    let events = events(&registry, "events_total");
    for table in 0..50 {
        add(&events, table, 1);
    }
    let mut scraper = Scraper::new(&registry);
    let shown = shown(&mut scraper, |place| {
        if place == 0 {
            for table in 1..50 {
                events.remove(&Table { table });
                add(&events, table, 0);
            }
        }
    });
    assert_eq!(twice(&shown), [] as [&(String, u64); 0]);
    assert_eq!(shown.len(), 50, "{shown:?}");
}

/// Threads that make and remove label sets while others encode.
#[test]
fn bodies_beside_churn_show_each_label_set_once() {
    let registry = Registry::new();
    let events = events(&registry, "events_total");
    // These live all the time.
    for table in 100..200 {
        add(&events, table, 1);
    }
    let (scrapes, threads) = if cfg!(miri) { (5, 1) } else { (300, 2) };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (events, done) = (&events, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    for table in 0..20 {
                        add(events, thread * 20 + table, 1);
                    }
                    for table in 0..20 {
                        events.remove(&Table { table: thread * 20 + table });
                    }
                }
            });
        }
        let mut scraper = Scraper::new(&registry);
        let mut body = Vec::new();
        let check = |body: &[u8]| {
            let body = std::str::from_utf8(body).expect("UTF-8");
            let (mut seen, mut steady) = (BTreeSet::new(), 0);
            for line in body.lines().filter(|line| !line.starts_with('#')) {
                let (series, _) = line.rsplit_once(' ').expect("a sample");
                assert!(seen.insert(series), "{series} is there twice");
                steady +=
                    usize::from(series.contains("table=\"1") && series.len() == "events_total{table=\"100\"}".len());
            }
            assert_eq!(steady, 100, "label sets that live all the time");
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..scrapes {
                body.clear();
                scraper.encode(Format::Text, &mut body);
                check(&body);
            }
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(failed) = result {
            std::panic::resume_unwind(failed);
        }
    });
}

/// One step of a random program, on one of two families.
#[derive(Clone, Debug)]
enum Step {
    Add(bool, usize),
    Remove(bool, usize),
    Clear(bool),
}

#[derive(Clone, Debug)]
enum Turn {
    Step(Step),
    /// A scrape by one of two scrapers, by `visit` with steps at some of its samples, or by `encode`.
    Visit(bool, Vec<(usize, Vec<Step>)>),
    Encode(bool),
    /// The same, with a scrape of the other scraper in the midst.
    Nested(bool, usize),
}

const TABLES: usize = 6;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<bool>(), 0..TABLES).prop_map(|(family, table)| Step::Add(family, table)),
        5 => (any::<bool>(), 0..TABLES).prop_map(|(family, table)| Step::Remove(family, table)),
        1 => any::<bool>().prop_map(Step::Clear),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    let meanwhile = prop::collection::vec((0..2 * TABLES, prop::collection::vec(step(), 1..8)), 0..4);
    prop_oneof![
        12 => step().prop_map(Turn::Step),
        2 => (any::<bool>(), meanwhile).prop_map(|(scraper, steps)| Turn::Visit(scraper, steps)),
        1 => any::<bool>().prop_map(Turn::Encode),
        1 => (any::<bool>(), 0..2 * TABLES).prop_map(|(scraper, place)| Turn::Nested(scraper, place)),
    ]
}

/// What there is: the value of each live label set; and all values that each label set had since some moment.
#[derive(Clone, Debug, Default)]
struct Model {
    live: BTreeMap<String, u64>,
    had: BTreeMap<String, BTreeSet<u64>>,
    next: u64,
}

impl Model {
    fn apply(&mut self, families: &[Events; 2], step: &Step) {
        let name = |family: bool, table: usize| format!("{}_total {table}", if family { "b" } else { "a" });
        match *step {
            Step::Add(family, table) => {
                self.next += 1;
                add(&families[usize::from(family)], table, self.next);
                let value = self.live.entry(name(family, table)).or_default();
                *value += self.next;
                let value = *value;
                self.had.entry(name(family, table)).or_default().insert(value);
            }
            Step::Remove(family, table) => {
                let removed = families[usize::from(family)].remove(&Table { table });
                assert_eq!(removed, self.live.remove(&name(family, table)).is_some());
            }
            Step::Clear(family) => {
                let before = self.live.len();
                self.live.retain(|known, _| !known.starts_with(&name(family, 0)[..1]));
                assert_eq!(families[usize::from(family)].clear(), before - self.live.len());
            }
        }
    }
}

fn check(before: &BTreeMap<String, u64>, model: &Model, shown: &[(String, u64)]) {
    assert!(twice(shown).is_empty(), "twice in {shown:?}");
    for (name, value) in shown {
        assert!(model.had[name].contains(value), "{name} never was {value}");
    }
    for name in before.keys().filter(|name| model.live.contains_key(*name)) {
        assert!(shown.iter().any(|(known, _)| known == name), "{name} is not in {shown:?}");
    }
}

fn parsed(body: &[u8]) -> Vec<(String, u64)> {
    let body = std::str::from_utf8(body).expect("UTF-8");
    let lines = body.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a sample");
        let (name, table) = series.trim_end_matches("\"}").split_once("{table=\"").expect("one label");
        (format!("{name} {table}"), value.parse().expect("a count"))
    };
    lines.map(sample).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 256 }, ..ProptestConfig::default() })]

    /// Each scrape shows each label set once that lives before it and after it, whatever happens meanwhile, and none
    /// twice.
    #[test]
    fn scrapes_show_each_label_set_once(program in prop::collection::vec(turn(), 1..if cfg!(miri) { 40 } else { 400 })) {
        let registry = Registry::new();
        let families = [events(&registry, "a_total"), events(&registry, "b_total")];
        let mut scrapers = [Scraper::new(&registry), Scraper::new(&registry)];
        let mut model = Model::default();
        for turn in program {
            let before = model.live.clone();
            match turn {
                Turn::Step(step) => model.apply(&families, &step),
                Turn::Visit(by, meanwhile) => {
                    let seen = shown(&mut scrapers[usize::from(by)], |place| {
                        for (_, steps) in meanwhile.iter().filter(|(at, _)| *at == place) {
                            steps.iter().for_each(|step| model.apply(&families, step));
                        }
                    });
                    check(&before, &model, &seen);
                }
                Turn::Encode(by) => {
                    let mut body = Vec::new();
                    scrapers[usize::from(by)].encode(Format::Text, &mut body);
                    check(&before, &model, &parsed(&body));
                }
                Turn::Nested(by, at) => {
                    let [first, second] = &mut scrapers;
                    let (outer, inner) = if by { (first, second) } else { (second, first) };
                    let seen = shown(outer, |place| {
                        if place == at {
                            let mut body = Vec::new();
                            inner.encode(Format::Text, &mut body);
                            check(&before, &model, &parsed(&body));
                        }
                    });
                    check(&before, &model, &seen);
                }
            }
        }
    }
}
