//! Families of bridges that give their names up: what each is called follows from which there are, not from their order.

use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use streamgauge::bridge::{DynamicFamily, DynamicSettings, PreferredName};
use streamgauge::parse::{Parser, Severity, Syntax, families as read_families, lint};
use streamgauge::{
    CollectedFamily, Collector, CollectorId, CollectorOutput, Counter, Error, Escaping, Exposition, Format, Gauge,
    Histogram, Registry, Scraper,
};

fn settings<'n>(stem: &'n str, suffix: &'n str, word: &'n str, rank: u8) -> DynamicSettings<'n> {
    DynamicSettings::new().preferred_name(PreferredName { stem, suffix, word, rank })
}

fn counter(registry: &Registry, name: &str) -> DynamicFamily<Counter> {
    registry.counter(name, "").verbatim().dynamic_family_with(settings(name, "", "counter", 1)).unwrap()
}

fn gauge(registry: &Registry, name: &str) -> DynamicFamily<Gauge> {
    registry.gauge(name, "").verbatim().dynamic_family_with(settings(name, "", "gauge", 2)).unwrap()
}

fn histogram(registry: &Registry, name: &str) -> DynamicFamily<Histogram> {
    registry.histogram(name, "").verbatim().dynamic_family_with(settings(name, "", "histogram", 0)).unwrap()
}

fn scrape(registry: &Registry) -> String {
    let mut body = Vec::new();
    Scraper::new(registry).encode(Format::Text, &mut body);
    String::from_utf8(body).expect("UTF-8")
}

#[test]
fn the_rank_decides_whoever_comes_first() {
    for is_reversed in [false, true] {
        let registry = Registry::new();
        let mut make: [fn(&Registry); 3] = [
            |registry| gauge(registry, "x").get_or_create(&[]).expect("legal").set(1.0),
            |registry| counter(registry, "x_count").get_or_create(&[]).expect("legal").add(2),
            |registry| histogram(registry, "x").get_or_create(&[]).expect("legal").observe(4.0),
        ];
        if is_reversed {
            make.reverse();
        }
        make.iter().for_each(|make| make(&registry));
        let body = scrape(&registry);
        for line in ["x_gauge 1\n", "x_count_counter 2\n", "x_sum 4\n", "x_count 1\n"] {
            assert!(body.contains(line), "{line} {body}");
        }
    }
}

#[test]
fn a_declared_name_is_never_given_up_and_a_wish_waits_for_it() {
    struct Late;
    impl Collector for Late {
        fn describe(&self) -> Vec<CollectedFamily> {
            vec![CollectedFamily::gauge("depth", "Depth.")]
        }
        fn collect(&self, _: &mut CollectorOutput<'_>) {}
    }
    let registry = Registry::new();
    let depth = gauge(&registry, "depth");
    let other = gauge(&registry, "depth_gauge");
    let id = registry.register_collector(Late).unwrap();
    assert_eq!((depth.name(), other.name()), ("depth_gauge_2".to_owned(), "depth_gauge".to_owned()));
    assert!(registry.unregister_collector(id));
    assert_eq!(depth.name(), "depth", "it has it back");
    registry.gauge("depth", "Depth.").register().unwrap().set(1.0);
    assert_eq!(depth.name(), "depth_gauge_2");
    let refused = registry.counter("depth", "Not a gauge.").verbatim().register().unwrap_err();
    assert!(matches!(refused, Error::Conflict { .. }), "{refused}");
    // A collector whose second family is refused leaves everything as it was.
    struct Half;
    impl Collector for Half {
        fn describe(&self) -> Vec<CollectedFamily> {
            vec![CollectedFamily::gauge("depth_gauge", "D."), CollectedFamily::gauge("depth", "D.")]
        }
        fn collect(&self, _: &mut CollectorOutput<'_>) {}
    }
    assert!(matches!(registry.register_collector(Half), Err(Error::SampleNameTaken { .. })));
    assert_eq!((depth.name(), other.name()), ("depth_gauge_2".to_owned(), "depth_gauge".to_owned()));
}

#[test]
fn a_name_that_frees_only_a_sample_is_found_by_who_waits_for_it() {
    let registry = Registry::new();
    let (count, times) = (gauge(&registry, "x_count"), histogram(&registry, "x"));
    assert_eq!((count.name(), times.name()), ("x_count_gauge".to_owned(), "x".to_owned()));
    registry.gauge("x", "X.").register().unwrap().set(1.0);
    assert_eq!((count.name(), times.name()), ("x_count".to_owned(), "x_histogram".to_owned()));
}

#[test]
fn two_bridges_with_one_declaration_have_one_family() {
    let registry = Registry::new();
    let first = counter(&registry, "reads");
    first
        .describe_as("Bytes read.", None, PreferredName { stem: "reads", suffix: "_bytes", word: "counter", rank: 1 })
        .unwrap();
    let second = counter(&registry, "reads");
    assert_eq!((first.name(), second.name()), ("reads_bytes".to_owned(), "reads_bytes".to_owned()));
    first.get_or_create(&[]).unwrap().add(1);
    second.get_or_create(&[]).unwrap().add(2);
    let body = scrape(&registry);
    assert_eq!(body, "# HELP reads_bytes Bytes read.\n# TYPE reads_bytes counter\nreads_bytes 3\n");
    // The first description counts, whoever gives it.
    let third = registry.counter("reads", "Another text.").verbatim();
    let third = third.dynamic_family_with(settings("reads", "", "counter", 1)).unwrap();
    assert_eq!(third.name(), "reads_bytes");
    assert_eq!(scrape(&registry), body);
}

#[test]
fn an_open_family_without_a_wish_is_as_good_as_declared_and_may_be_renamed() {
    let registry = Registry::new();
    let wishing = gauge(&registry, "depth");
    let kept: DynamicFamily<Gauge> = registry.gauge("height", "").dynamic_family().unwrap();
    kept.rename("depth").unwrap();
    assert_eq!((kept.name(), wishing.name()), ("depth".to_owned(), "depth_gauge".to_owned()));
    let declared: Gauge = registry.gauge("width", "W.").register().unwrap();
    declared.set(1.0);
    assert!(matches!(kept.rename("width"), Err(Error::SampleNameTaken { .. })));
    assert_eq!((kept.name(), wishing.name()), ("depth".to_owned(), "depth_gauge".to_owned()));
    kept.rename("height").unwrap();
    assert_eq!((kept.name(), wishing.name()), ("height".to_owned(), "depth".to_owned()));
}

#[test]
fn a_wish_without_room_for_another_name_is_refused() {
    let registry = Registry::new();
    let name = "x".repeat(1536);
    let long = registry.gauge(&name, "").verbatim();
    let refused = long.dynamic_family_with(settings(&name, "", "gauge", 2)).unwrap_err();
    assert!(matches!(refused, Error::InvalidName { .. }), "{refused}");
    for word in ["nul\0", "\n"] {
        let refused = registry.gauge("y", "").dynamic_family_with(settings("y", "", word, 2));
        assert_eq!(refused.is_err(), word.contains('\0'), "{word:?}: {refused:?}");
    }
    let short = gauge(&registry, "x");
    assert!(matches!(short.rename(&name), Err(Error::InvalidName { .. })));
    assert_eq!(short.name(), "x");
    short.rename("z").unwrap();
    assert_eq!(short.name(), "z");
}

/// One kind of metric in the random programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Histogram,
    Counter,
    Gauge,
}

#[derive(Clone, Debug)]
enum Op {
    PreferredName(Kind, &'static str),
    /// Tells the unit of every kind of a name.
    Describe(&'static str),
    Declare(&'static str),
    Collect(&'static str),
    Forget(usize),
}

const NAMES: [&str; 10] =
    ["x", "x_count", "x_sum", "x_gauge", "x_counter", "x_count_counter", "x_bytes", "x_count_bytes", "x_total", "x_2"];

/// A collector of one family.
struct Collects(&'static str);

impl Collector for Collects {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![CollectedFamily::gauge(self.0, "C.").verbatim()]
    }
    fn collect(&self, _: &mut CollectorOutput<'_>) {}
}

enum Family {
    Histogram(DynamicFamily<Histogram>),
    Counter(DynamicFamily<Counter>),
    Gauge(DynamicFamily<Gauge>),
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }

    fn samples(self, name: &str) -> Vec<String> {
        let suffixes: &[&str] =
            if self == Self::Histogram { &["", "_bucket", "_sum", "_count", "_created"] } else { &[""] };
        suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect()
    }
}

/// Names everything at once: those without a wish, then each in its turn.
fn model(wishes: &BTreeMap<(Kind, &'static str), (usize, bool)>, kept: &BTreeSet<String>) -> Vec<String> {
    let mut taken = kept.clone();
    let mut turns: Vec<_> = wishes
        .iter()
        .map(|(&(kind, declared), &(serial, is_described))| {
            let suffix = if is_described { "_bytes" } else { "" };
            ((kind, is_described, format!("{declared}{suffix}"), serial), declared, suffix)
        })
        .collect();
    turns.sort();
    let mut named = Vec::new();
    let mut left = Vec::new();
    let mut take = |kind: Kind, name: &String| {
        let is_free = kind.samples(name).iter().all(|sample| !taken.contains(sample));
        if is_free {
            taken.extend(kind.samples(name));
        }
        is_free
    };
    for ((kind, ..), declared, suffix) in turns {
        let name = format!("{declared}{suffix}");
        match take(kind, &name) {
            true => named.push(format!("{kind:?} {declared}: {name}")),
            false => left.push((kind, declared, suffix)),
        }
    }
    for (kind, declared, suffix) in left {
        let word = kind.word();
        let others = (2..).map(|number| format!("{declared}_{word}_{number}{suffix}"));
        let mut names = [format!("{declared}_{word}{suffix}")].into_iter().chain(others);
        let name = names.find(|name| take(kind, name)).expect("endless");
        named.push(format!("{kind:?} {declared}: {name}"));
    }
    named.sort();
    named
}

fn ops() -> impl Strategy<Value = Op> {
    let kinds = select(vec![Kind::Histogram, Kind::Counter, Kind::Gauge]);
    prop_oneof![
        8 => (kinds, select(NAMES.to_vec())).prop_map(|(kind, name)| Op::PreferredName(kind, name)),
        2 => select(NAMES.to_vec()).prop_map(Op::Describe),
        1 => select(NAMES.to_vec()).prop_map(Op::Declare),
        2 => select(NAMES.to_vec()).prop_map(Op::Collect),
        2 => (0..4_usize).prop_map(Op::Forget),
    ]
}

/// Has every family expose something, and reads the bodies back in every format and scheme.
fn read_strictly(registry: &Registry, families: &BTreeMap<(Kind, &'static str), Family>) {
    for family in families.values() {
        match family {
            Family::Histogram(family) => family.get_or_create(&[]).expect("legal").observe(1.0),
            Family::Counter(family) => family.get_or_create(&[]).expect("legal").inc(),
            Family::Gauge(family) => family.get_or_create(&[]).expect("legal").set(1.0),
        }
    }
    let mut scraper = Scraper::new(registry);
    for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        for (format, syntax) in [(Format::Text, Syntax::Text), (Format::OpenMetrics, Syntax::OpenMetrics)] {
            let mut body = Vec::new();
            let exposition = Exposition::from(format).with_escaping(escaping).with_created_samples(true);
            scraper.encode(exposition, &mut body);
            let body = String::from_utf8(body).expect("UTF-8");
            let read = read_families(Parser::new(syntax, body.as_bytes())).unwrap_or_else(|it| panic!("{it}\n{body}"));
            let wrong = lint(syntax, &read).into_iter().find(|found| found.severity == Severity::Error);
            assert!(wrong.is_none(), "{wrong:?}\n{body}");
        }
    }
}

proptest! {
    #[test]
    fn names_are_those_of_naming_everything_at_once(ops in proptest::collection::vec(ops(), 1..30)) {
        let registry = Registry::new();
        let mut families: BTreeMap<(Kind, &'static str), Family> = BTreeMap::new();
        let mut wishes = BTreeMap::new();
        let mut kept = BTreeSet::new();
        let mut collectors: Vec<(CollectorId, &'static str)> = Vec::new();
        for op in ops {
            match op {
                Op::PreferredName(kind, name) => {
                    let serial = wishes.len();
                    wishes.entry((kind, name)).or_insert((serial, false));
                    families.insert((kind, name), match kind {
                        Kind::Histogram => Family::Histogram(histogram(&registry, name)),
                        Kind::Counter => Family::Counter(counter(&registry, name)),
                        Kind::Gauge => Family::Gauge(gauge(&registry, name)),
                    });
                }
                Op::Describe(name) => {
                    let wish = |word, rank| PreferredName { stem: name, suffix: "_bytes", word, rank };
                    for (&(kind, _), family) in families.iter().filter(|((_, known), _)| *known == name) {
                        wishes.entry((kind, name)).and_modify(|(_, is_described)| *is_described = true);
                        match family {
                            Family::Histogram(family) => family.describe_as("H.", None, wish("histogram", 0)).unwrap(),
                            Family::Counter(family) => family.describe_as("C.", None, wish("counter", 1)).unwrap(),
                            Family::Gauge(family) => family.describe_as("G.", None, wish("gauge", 2)).unwrap(),
                        }
                    }
                }
                Op::Declare(name) => {
                    if registry.counter(name, "D.").verbatim().register().is_ok() {
                        kept.insert(name.to_owned());
                    }
                }
                Op::Collect(name) => {
                    let registered = registry.register_collector(Collects(name));
                    prop_assert_eq!(registered.is_ok(), !kept.contains(name));
                    if let Ok(id) = registered {
                        collectors.push((id, name));
                        kept.insert(name.to_owned());
                    }
                }
                Op::Forget(index) => {
                    if index < collectors.len() {
                        let (id, name) = collectors.swap_remove(index);
                        registry.unregister_collector(id);
                        kept.remove(name);
                    }
                }
            }
        }
        let mut named: Vec<_> = families.iter().map(|((kind, declared), family)| {
            let name = match family {
                Family::Histogram(family) => family.name(),
                Family::Counter(family) => family.name(),
                Family::Gauge(family) => family.name(),
            };
            format!("{kind:?} {declared}: {name}")
        }).collect();
        named.sort();
        prop_assert_eq!(named, model(&wishes, &kept));
        read_strictly(&registry, &families);
    }
}
