//! Random registries, with names, labels and texts of any characters, whose families come, go and change: whatever was
//! not refused is exposed in bodies that strict readers take, in every format and escaping scheme.

mod bodies;
mod open;
mod text;

use arbitrary::Arbitrary;
use bodies::read_all;
use open::{Record, Series};
use streamgauge::bridge::{DynamicSettings, PreferredName};
use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorId, CollectorOutput, Counter, Error, Family, Gauge, Histogram,
    Instrument, LabelSet, MetricBuilder, MetricSet, Registry, Scope, Scraper, StateSet, Unit,
};
pub use text::Text;

/// What is done to a registry.
#[derive(Arbitrary, Debug)]
pub struct Program {
    /// In which all is read in the end.
    scheme: u8,
    #[arbitrary(with = crate::many)]
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    /// Registers one metric with constant labels, and records.
    Register(Declaration, Labels),
    /// Declares a family whose series have names of their own, and records.
    Open(Declaration, Labels),
    /// Records in a series of such a family.
    Record(u8, Labels, f64),
    /// Removes a series of it, or all.
    Remove(u8, Labels, bool),
    /// Gives it another name.
    Rename(u8, Text),
    /// Gives it another help and unit.
    Describe(u8, Text, u8),
    /// Registers a family with fixed label names, and records.
    Fixed(Declaration, Text, Text),
    /// Registers a family of sets, and looks one up.
    Sets(Text, Labels, Text, Text),
    /// Registers a collector of two families.
    Collect(Collected, Collected),
    /// Ends one.
    Uncollect(u8),
    /// Scrapes in the middle.
    Scrape(u8),
    /// Declares such a family that gives its name up to others: the parts of the name, and who goes first.
    PreferredName(Declaration, Labels, [Text; 3], u8),
}

type Labels = Vec<(Text, Text)>;

#[derive(Arbitrary, Debug)]
struct Declaration {
    kind: Kind,
    name: Text,
    help: Text,
    unit: u8,
    verbatim: bool,
    states: Vec<Text>,
    number: f64,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Counter,
    DurationCounter,
    Gauge,
    UpDownCounter,
    Histogram,
    Summary,
    Info,
    StateSet,
}

/// A family of a collector, and its samples.
#[derive(Arbitrary, Clone, Debug)]
struct Collected {
    kind: u8,
    name: Text,
    verbatim: bool,
    labels: Vec<Text>,
    samples: Vec<(Vec<Text>, f64)>,
}

struct Collects([Collected; 2]);

impl Collector for Collects {
    fn describe(&self) -> Vec<CollectedFamily> {
        let families = self.0.iter().map(|family| {
            let name = family.name.as_str();
            let declared = match family.kind % 3 {
                0 => CollectedFamily::counter(name, "C."),
                1 => CollectedFamily::gauge(name, "G."),
                _ => CollectedFamily::unknown(name, "U."),
            };
            let declared = declared.labels(family.labels.iter().map(Text::as_str));
            if family.verbatim { declared.verbatim() } else { declared }
        });
        families.collect()
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        for family in &self.0 {
            let mut samples = out.family(family.name.as_str());
            for (values, number) in &family.samples {
                let mut values: Vec<&str> = values.iter().map(Text::as_str).collect();
                // As many as there are labels, nearly always: what is rejected is counted, and tested elsewhere.
                values.resize(family.labels.len(), "");
                samples.sample(&values, *number);
            }
        }
    }
}

#[derive(LabelSet)]
struct Odd<'a> {
    table: &'a str,
    #[label(rename = "http.method")]
    method: &'a str,
}

#[derive(MetricSet)]
struct Set {
    /// Events.
    events_total: Counter,
    /// Depth.
    depth: Gauge,
    /// The phase.
    #[metric(states = ["a", "b"])]
    phase: StateSet,
    /// Times.
    times: Histogram,
}

/// A registry, and what a program holds of it.
struct World {
    registry: Registry,
    open: Vec<Box<dyn Series>>,
    collectors: Vec<CollectorId>,
    /// From before the first step, so that it is shown the last values of what is removed.
    scraper: Scraper,
}

const UNITS: [Option<Unit>; 4] = [None, None, Some(Unit::Seconds), Some(Unit::Bytes)];

impl Declaration {
    /// Declares a builder of the kind, and does with it what `end` says.
    fn declare<E: End>(&self, scope: &Scope, end: E) -> Result<(), Error> {
        let (name, help) = (self.name.as_str(), self.help.as_str());
        macro_rules! ended {
            ($builder:expr) => {{
                let builder = $builder;
                let builder = if self.verbatim { builder.verbatim() } else { builder };
                let unit = UNITS[usize::from(self.unit) % UNITS.len()];
                end.end(if let Some(unit) = unit { builder.unit(unit) } else { builder }, self.number)
            }};
        }
        match self.kind {
            Kind::Counter => ended!(scope.counter(name, help)),
            Kind::DurationCounter => ended!(scope.duration_counter(name, help)),
            Kind::Gauge => ended!(scope.gauge(name, help)),
            Kind::UpDownCounter => ended!(scope.up_down_counter(name, help)),
            Kind::Histogram => ended!(scope.histogram(name, help).buckets(Buckets::explicit([-1.0, 0.5, 1e9]))),
            Kind::Summary => ended!(scope.summary(name, help).quantiles(&[0.0, 0.5, 1.0])),
            Kind::Info => ended!(scope.info(name, help)),
            Kind::StateSet => ended!(scope.state_set(name, help).states(self.states.iter().map(Text::as_str))),
        }
    }
}

/// What a declaration ends in.
trait End {
    fn end<M: Instrument + Record>(self, builder: MetricBuilder<M>, number: f64) -> Result<(), Error>;
}

struct One;

impl End for One {
    fn end<M: Instrument + Record>(self, builder: MetricBuilder<M>, number: f64) -> Result<(), Error> {
        builder.register().map(|metric| metric.record(number))
    }
}

struct Opened<'w>(&'w mut Vec<Box<dyn Series>>, &'w Labels, DynamicSettings<'w>);

impl End for Opened<'_> {
    fn end<M: Instrument + Record>(self, builder: MetricBuilder<M>, number: f64) -> Result<(), Error> {
        let family = builder.dynamic_family_with(self.2)?;
        family.record(&text::pairs(self.1), number);
        self.0.push(Box::new(family));
        Ok(())
    }
}

struct WithLabels<'t>(&'t str, &'t str);

impl End for WithLabels<'_> {
    fn end<M: Instrument + Record>(self, builder: MetricBuilder<M>, number: f64) -> Result<(), Error> {
        let family: Family<Odd<'static>, M> = builder.family()?;
        family.with(&Odd { table: self.0, method: self.1 }, |metric| metric.record(number));
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let registry = Registry::new();
        let scraper = Scraper::new(&registry);
        Self { registry, open: Vec::new(), collectors: Vec::new(), scraper }
    }

    /// Does one step; what is refused is no matter.
    fn step(&mut self, step: &Step) {
        let Self { registry, open, collectors, scraper } = self;
        let labelled = |labels: &Labels| {
            let scope = Scope::clone(registry);
            labels.iter().fold(scope, |scope, (name, value)| scope.label(name.as_str(), value.as_str()))
        };
        let chosen = |index: u8| open.get(usize::from(index) % open.len().max(1));
        let _refused = match step {
            Step::Register(declaration, labels) => declaration.declare(&labelled(labels), One),
            Step::Open(declaration, labels) => {
                declaration.declare(registry, Opened(open, labels, DynamicSettings::new()))
            }
            Step::PreferredName(declaration, labels, [stem, suffix, word], rank) => {
                let wish =
                    PreferredName { stem: stem.as_str(), suffix: suffix.as_str(), word: word.as_str(), rank: rank % 3 };
                let settings =
                    DynamicSettings::new().preferred_name(wish).plain_numbers(rank & 4 != 0).help_line(rank & 8 != 0);
                declaration.declare(registry, Opened(open, labels, settings))
            }
            Step::Fixed(declaration, table, method) => {
                declaration.declare(registry, WithLabels(table.as_str(), method.as_str()))
            }
            Step::Record(index, labels, number) => {
                chosen(*index).map(|family| family.record(&text::pairs(labels), *number)).map_or(Ok(()), Ok)
            }
            Step::Remove(index, labels, all) => {
                chosen(*index).map(|family| family.remove(&text::pairs(labels), *all)).map_or(Ok(()), Ok)
            }
            Step::Rename(index, name) => chosen(*index).map_or(Ok(()), |family| family.rename(name.as_str())),
            Step::Describe(index, help, unit) => {
                let unit = UNITS[usize::from(*unit) % UNITS.len()];
                chosen(*index).map_or(Ok(()), |family| family.describe(help.as_str(), unit))
            }
            Step::Sets(prefix, labels, table, method) => {
                let scope = labelled(labels).scope(prefix.as_str());
                Family::<Odd<'static>, Set>::register(&scope).map(|family| {
                    family.with(&Odd { table: table.as_str(), method: method.as_str() }, |set| {
                        set.events_total.inc();
                        set.depth.set(1.0);
                        set.phase.set("b");
                        set.times.observe(0.1);
                    });
                })
            }
            Step::Collect(one, other) => {
                registry.register_collector(Collects([one.clone(), other.clone()])).map(|id| collectors.push(id))
            }
            Step::Uncollect(index) => {
                if !collectors.is_empty() {
                    let id = collectors.swap_remove(usize::from(*index) % collectors.len());
                    assert!(registry.unregister_collector(id));
                }
                Ok(())
            }
            Step::Scrape(which) => {
                read_all(scraper, Some(*which), &mut |_, _| ());
                Ok(())
            }
        };
    }
}

/// Runs the program, and reads every body of what is there in the end in one scheme. Gives the number of samples.
///
/// # Panics
/// Where a body is refused, names a label twice, or differs from another one.
pub fn check(program: &Program) -> u64 {
    run(program, Some(program.scheme), &mut |_, _| ())
}

/// As [`check`], in every scheme, and shows each body, with a name that says how it is written.
///
/// # Panics
/// As [`check`].
pub fn bodies_of(program: &Program, mut show: impl FnMut(&str, &[u8])) -> u64 {
    run(program, None, &mut show)
}

fn run(program: &Program, scheme: Option<u8>, show: &mut dyn FnMut(&str, &[u8])) -> u64 {
    let mut world = World::new();
    program.steps.iter().take(24).for_each(|step| world.step(step));
    read_all(&mut world.scraper, scheme, show)
}
