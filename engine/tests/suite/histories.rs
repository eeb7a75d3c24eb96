//! Random histories of names: families that are declared and renamed, collectors that come and go. After each step every
//! body can be read, strictly, and it is that of a fresh registry in which the same is declared in another order: who has
//! a name, and who gives way, does not depend on what was before.
//!
//! `PROPTEST_CASES` sets the number of histories.

use proptest::prelude::*;
use std::cell::Cell;
use streamgauge::bridge::DynamicFamily;
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{
    CollectedFamily, Collector, CollectorId, CollectorOutput, Counter, DurationCounter, Error, Escaping, Exposition,
    Format, Gauge, Histogram, Info, Instrument, Registry, Scope, Scraper, StateSet, Summary,
};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// Names that meet: by the suffixes of samples, by what OpenMetrics takes away, and by what the schemes make of them.
const NAMES: &[&str] = &[
    "a",
    "a_",
    "a__",
    "_",
    "a_total",
    "a__total",
    "a.total",
    "a_dot_total",
    "U__a_2e_total",
    "__total",
    "a_total_total",
    "a_created",
    "a.created",
    "a_created_total",
    "a_total_created",
    "a_created_created_total",
    "a_sum",
    "a_sum_total",
    "a_bucket_total",
    "a_info",
    "a.info",
    "a_total_info",
    "a_created_info",
    "a_info_total",
    "a_count_info",
    "é",
    "é_total",
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Counter,
    Duration,
    Gauge,
    Histogram,
    Summary,
    Info,
    States,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Declare(Kind, &'static str),
    /// The family at this place, of those that are there.
    Rename(usize, &'static str),
    /// A collector of a counter or a gauge.
    Register(&'static str, bool),
    Unregister(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(NAMES);
    const KINDS: &[Kind] =
        &[Kind::Counter, Kind::Duration, Kind::Gauge, Kind::Histogram, Kind::Summary, Kind::Info, Kind::States];
    // Counters and infos are those that give way.
    let kind = prop_oneof![2 => Just(Kind::Counter), 1 => Just(Kind::Info), 3 => prop::sample::select(KINDS)];
    prop_oneof![
        (kind, name()).prop_map(|(kind, name)| Step::Declare(kind, name)),
        (any::<usize>(), name()).prop_map(|(place, name)| Step::Rename(place, name)),
        (name(), any::<bool>()).prop_map(|(name, is_counter)| Step::Register(name, is_counter)),
        any::<usize>().prop_map(Step::Unregister),
    ]
}

struct One(&'static str, bool);

impl Collector for One {
    fn describe(&self) -> Vec<CollectedFamily> {
        let Self(name, is_counter) = *self;
        let family = if is_counter { CollectedFamily::counter(name, "C.") } else { CollectedFamily::gauge(name, "G.") };
        vec![family.verbatim()]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family(self.0).sample(&[], 1u64);
    }
}

type Rename = Box<dyn Fn(&str) -> Result<(), Error>>;

/// A family with one series.
struct Declared {
    kind: Kind,
    name: String,
    rename: Rename,
}

/// Keeps a family as what renames it, with the handle of its series.
fn keep<M: Instrument>(family: Result<DynamicFamily<M>, Error>, touch: impl Fn(&M)) -> Result<Rename, Error> {
    let family = family?;
    let metric = family.get_or_create(&[("l", "1")])?;
    touch(&metric);
    Ok(Box::new(move |name| {
        let _held = &metric;
        family.rename(name)
    }))
}

impl Declared {
    fn new(scope: &Scope, kind: Kind, name: &str) -> Result<Self, Error> {
        let rename = match kind {
            Kind::Counter => keep(scope.counter(name, "H.").verbatim().dynamic_family(), Counter::inc),
            Kind::Duration => {
                keep(scope.duration_counter(name, "H.").verbatim().dynamic_family(), |_: &DurationCounter| {})
            }
            Kind::Gauge => keep(scope.gauge(name, "H.").verbatim().dynamic_family(), |gauge: &Gauge| gauge.set(1.0)),
            Kind::Histogram => {
                keep(scope.histogram(name, "H.").verbatim().dynamic_family(), |sizes: &Histogram| sizes.observe(1.0))
            }
            Kind::Summary => {
                keep(scope.summary(name, "H.").verbatim().dynamic_family(), |times: &Summary| times.observe(1.0))
            }
            Kind::Info => keep(scope.info(name, "H.").verbatim().dynamic_family(), |_: &Info| {}),
            Kind::States => {
                keep(scope.state_set(name, "H.").states(["p", "q"]).verbatim().dynamic_family(), |_: &StateSet| {})
            }
        }?;
        // An info gets its suffix where it is declared, and may lose it by another name.
        let suffix = if kind == Kind::Info && !name.ends_with("_info") { "_info" } else { "" };
        Ok(Self { kind, name: format!("{name}{suffix}"), rename })
    }

    /// Declares the same elsewhere.
    fn again(&self, registry: &Registry) -> Result<Self, Error> {
        if self.kind == Kind::Info && !self.name.ends_with("_info") {
            let info = Self::new(registry, self.kind, "another")?;
            (info.rename)(&self.name)?;
            return Ok(info);
        }
        Self::new(registry, self.kind, &self.name)
    }
}

/// Scrapes, reads the body back, strictly, and gives its TYPE lines in the order of the names.
fn types(scraper: &mut Scraper, syntax: Syntax, escaping: Escaping, created: bool) -> Result<Vec<String>, String> {
    let format = if syntax == Syntax::Text { Format::Text } else { Format::OpenMetrics };
    let mut body = Vec::new();
    scraper.encode(Exposition::from(format).with_escaping(escaping).with_created_samples(created), &mut body);
    let text = String::from_utf8_lossy(&body);
    let read = families(Parser::new(syntax, &body)).map_err(|error| format!("{escaping:?} {error}\n{text}"))?;
    match lint(syntax, &read).into_iter().find(|found| found.severity == Severity::Error) {
        Some(found) => Err(format!("{escaping:?} {found}\n{text}")),
        None => {
            let mut types: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).map(str::to_owned).collect();
            types.sort_unstable();
            Ok(types)
        }
    }
}

/// What a history has come to.
struct World {
    registry: Registry,
    scraper: Scraper,
    declared: Vec<Declared>,
    collectors: Vec<(&'static str, bool, CollectorId)>,
}

impl World {
    fn new() -> Self {
        let registry = Registry::new();
        Self { scraper: Scraper::new(&registry), registry, declared: Vec::new(), collectors: Vec::new() }
    }

    /// Takes a step; tells whether it was one.
    fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Declare(kind, name) => {
                let Ok(declared) = Declared::new(&self.registry, kind, name) else { return false };
                // Declared twice it is the same family.
                self.declared.retain(|known| known.name != declared.name);
                self.declared.push(declared);
                true
            }
            Step::Rename(place, name) => {
                let count = self.declared.len().max(1);
                let Some(declared) = self.declared.get_mut(place % count) else { return false };
                let is_renamed = (declared.rename)(name).is_ok();
                if is_renamed {
                    declared.name = name.to_owned();
                }
                is_renamed
            }
            Step::Register(name, is_counter) => {
                let id = self.registry.register_collector(One(name, is_counter));
                id.map(|id| self.collectors.push((name, is_counter, id))).is_ok()
            }
            Step::Unregister(_) if self.collectors.is_empty() => false,
            Step::Unregister(place) => {
                let (_, _, id) = self.collectors.swap_remove(place % self.collectors.len());
                self.registry.unregister_collector(id)
            }
        }
    }

    /// Makes a registry of what there is now, the last first.
    fn afresh(&self) -> Result<Registry, String> {
        let registry = Registry::new();
        for (name, is_counter, _) in self.collectors.iter().rev() {
            registry.register_collector(One(name, *is_counter)).map_err(|error| error.to_string())?;
        }
        for declared in self.declared.iter().rev() {
            declared.again(&registry).map_err(|error| error.to_string())?;
        }
        Ok(registry)
    }

    /// Compares with a fresh registry; gives how many families give way.
    fn check(&mut self) -> Result<usize, String> {
        let mut other = Scraper::new(&self.afresh()?);
        let mut giving_way = 0;
        for escaping in SCHEMES {
            types(&mut self.scraper, Syntax::Text, escaping, false)?;
            for created in [false, true] {
                let shown = types(&mut self.scraper, Syntax::OpenMetrics, escaping, created)?;
                let fresh = types(&mut other, Syntax::OpenMetrics, escaping, created)?;
                if shown != fresh {
                    return Err(format!("{escaping:?} shows {shown:?}, but a fresh registry {fresh:?}"));
                }
                giving_way += shown.iter().filter(|line| line.ends_with(" unknown")).count();
            }
        }
        Ok(giving_way)
    }
}

#[test]
fn who_has_a_name_and_who_gives_way_does_not_depend_on_what_was_before() {
    let (taken, refused, giving_way) = (Cell::new(0), Cell::new(0), Cell::new(0));
    // Unless PROPTEST_CASES says otherwise: a second of a debug build.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 48 };
    let config = ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: None, ..Default::default() };
    let mut runner = prop::test_runner::TestRunner::new(config);
    let ran = runner.run(&prop::collection::vec(step(), 1..24), |history| {
        let mut world = World::new();
        for step in history {
            let counted = if world.take(step) { &taken } else { &refused };
            counted.set(counted.get() + 1);
            let ways = world.check().map_err(TestCaseError::fail)?;
            giving_way.set(giving_way.get() + ways);
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    // Else the histories would show nothing; of a few only, all may.
    let seen = (taken.get(), refused.get(), giving_way.get());
    assert!(cases < 48 || (seen.0 > 0 && seen.1 > 0 && seen.2 > 0), "{seen:?}");
}
