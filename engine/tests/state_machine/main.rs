//! Random programs of one registry, step by step against a model: series are made, recorded into from threads that
//! come and go, held, removed, expired, crowded out, born again and scraped.
//!
//! Each step runs to its end on a worker thread before the next begins, so the model says exactly what a scrape shows.
//! `PROPTEST_CASES` sets the number of programs.

#[path = "../common/mod.rs"]
mod common;

use common::labels::Table;
mod model;

use common::scrape;
use model::{
    FAMILY_LIMIT, KINDS, Kind, Label, Model, REGISTRY_LIMIT, SCRAPERS, Slot, Step, Total, Way, churned, counts_up,
};
use proptest::prelude::ProptestConfig;
use proptest_state_machine::{StateMachineTest, prop_state_machine};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use streamgauge::{
    Buckets, Counter, Family, Gauge, HandleCache, Histogram, Instrument, MetricValue, Registry, Scraper, UpDownCounter,
    stats,
};

type Tables<M> = Family<Table<'static>, M>;
type Cache<M> = HandleCache<usize, Table<'static>, M>;

/// A metric that takes what the model records.
trait Metric: Instrument {
    fn record(&self, n: i64);
}

impl Metric for Counter {
    fn record(&self, n: i64) {
        self.add(n.unsigned_abs());
    }
}

impl Metric for Gauge {
    fn record(&self, n: i64) {
        self.set(n as f64);
    }
}

impl Metric for Histogram {
    fn record(&self, n: i64) {
        self.observe(n as f64);
    }
}

impl Metric for UpDownCounter {
    fn record(&self, n: i64) {
        self.add(n);
    }
}

/// The families, in the order of their registration.
#[derive(Clone)]
struct Families {
    counter: Tables<Counter>,
    gauge: Tables<Gauge>,
    histogram: Tables<Histogram>,
    depth: Tables<UpDownCounter>,
}

/// Runs an expression with `$family` as the family of a kind; `$kept` names its field of another struct.
macro_rules! of_kind {
    ($kind:expr, $families:expr, $family:ident => $run:expr) => {
        match $kind {
            Kind::Counter => {
                let $family = &$families.counter;
                $run
            }
            Kind::Gauge => {
                let $family = &$families.gauge;
                $run
            }
            Kind::Histogram => {
                let $family = &$families.histogram;
                $run
            }
            Kind::Depth => {
                let $family = &$families.depth;
                $run
            }
        }
    };
}

const NAMES: [&str; 4] = ["events_total", "level", "size", "depth"];

fn name(kind: Kind) -> &'static str {
    NAMES[kind as usize]
}

impl Families {
    fn register(registry: &Registry) -> Result<Self, streamgauge::Error> {
        // Two looks for idle series are further apart than that.
        let idle = Duration::from_nanos(1);
        registry.set_series_limit(REGISTRY_LIMIT);
        let bounds = Buckets::explicit([1.0, 3.0]);
        Ok(Self {
            counter: registry.counter(NAMES[0], "C.").limit(FAMILY_LIMIT).family()?,
            gauge: registry.gauge(NAMES[1], "G.").limit(FAMILY_LIMIT).idle_timeout(idle).family()?,
            histogram: registry
                .histogram(NAMES[2], "H.")
                .buckets(bounds)
                .limit(FAMILY_LIMIT)
                .idle_timeout(idle)
                .family()?,
            depth: registry.up_down_counter(NAMES[3], "D.").limit(FAMILY_LIMIT).idle_timeout(idle).family()?,
        })
    }

    fn record(&self, kind: Kind, label: &str, n: i64) {
        let table = Table { table: label };
        of_kind!(kind, self, family => family.with(&table, |metric| metric.record(n)));
    }

    fn hold(&self, kind: Kind, label: &str) -> Held {
        of_kind!(kind, self, family => {
            let metric = family.get_or_create(&Table { table: label });
            Box::new(move |n| metric.record(n))
        })
    }

    fn remove(&self, kind: Kind, label: &str) -> bool {
        of_kind!(kind, self, family => family.remove(&Table { table: label }))
    }

    fn retain(&self, kind: Kind, keep: &BTreeSet<Label>) -> usize {
        let keeps = |labels: streamgauge::Labels<'_>| labels.get("table").is_some_and(|table| keep.contains(&*table));
        of_kind!(kind, self, family => family.retain(keeps))
    }
}

/// Records through a handle that is kept, of any kind.
type Held = Box<dyn Fn(i64) + Send>;

/// What a worker has of its own.
struct Caches {
    families: Families,
    counter: Cache<Counter>,
    gauge: Cache<Gauge>,
    histogram: Cache<Histogram>,
    depth: Cache<UpDownCounter>,
}

impl Caches {
    fn new(families: Families) -> Self {
        Self {
            counter: families.counter.handle_cache(),
            gauge: families.gauge.handle_cache(),
            histogram: families.histogram.handle_cache(),
            depth: families.depth.handle_cache(),
            families,
        }
    }

    fn record(&mut self, kind: Kind, label: &str, n: i64, way: Way) {
        fn through<M: Metric>(cache: &mut Cache<M>, label: &str, n: i64) {
            // A label is its own key here: its place in the list.
            let key = Model::labels().position(|known| known == label).unwrap_or(usize::MAX);
            cache.get_or_insert_with(key, |family| family.get_or_create(&Table { table: label })).record(n);
        }
        match (way, kind) {
            (Way::With, _) => self.families.record(kind, label, n),
            (Way::Handle, _) => self.families.hold(kind, label)(n),
            (Way::Cache, Kind::Counter) => through(&mut self.counter, label, n),
            (Way::Cache, Kind::Gauge) => through(&mut self.gauge, label, n),
            (Way::Cache, Kind::Histogram) => through(&mut self.histogram, label, n),
            (Way::Cache, Kind::Depth) => through(&mut self.depth, label, n),
        }
    }
}

/// What a thread records when its thread-locals go, after the engine's: it was there first.
struct LastWords(Option<(Families, Kind, Label, i64)>);

impl Drop for LastWords {
    fn drop(&mut self) {
        if let Some((families, kind, label, n)) = self.0.take() {
            families.record(kind, &label, n);
        }
    }
}

std::thread_local! {
    static LAST_WORDS: RefCell<LastWords> = const { RefCell::new(LastWords(None)) };
}

type Job = Box<dyn FnOnce(&mut Caches) + Send>;

/// A thread that does what it is sent, one job after the other.
struct Worker {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start(families: Families) -> Self {
        let (jobs, received) = sync_channel::<Job>(0);
        let thread = std::thread::spawn(move || {
            LAST_WORDS.with_borrow(|_| ());
            let mut caches = Caches::new(families);
            received.into_iter().for_each(|job| job(&mut caches));
        });
        Self { jobs, thread }
    }
}

struct World {
    registry: Registry,
    families: Families,
    workers: BTreeMap<usize, Worker>,
    held: BTreeMap<Slot, Held>,
    scrapers: [Scraper; SCRAPERS],
    /// The series that was last seen under a name and labels, and when it was made.
    created: BTreeMap<(Kind, Label), (usize, SystemTime)>,
}

impl World {
    /// Runs a job on a worker's thread, which is started where there is none, and waits for its result.
    fn on<R: Send + 'static>(&mut self, worker: usize, job: impl FnOnce(&mut Caches) -> R + Send + 'static) -> R {
        let families = &self.families;
        let worker = self.workers.entry(worker).or_insert_with(|| Worker::start(families.clone()));
        let (sender, receiver) = sync_channel(1);
        let job = move |caches: &mut Caches| sender.send(job(caches)).expect("the machine waits");
        worker.jobs.send(Box::new(job)).expect("the worker lives");
        receiver.recv().expect("the job runs through")
    }

    fn end_thread(&mut self, worker: usize) {
        if let Some(Worker { jobs, thread }) = self.workers.remove(&worker) {
            drop(jobs);
            thread.join().expect("neither the thread nor its destructors panic");
        }
    }

    /// Scrapes through `visit`: each label set once, and each new series of known labels later than the old one.
    fn visit(&mut self, model: &Model) -> BTreeMap<(Kind, Label), Total> {
        let mut shown = BTreeMap::new();
        let created = &mut self.created;
        self.scrapers[0].visit(|sample| {
            let kind = KINDS.into_iter().find(|kind| name(*kind) == sample.name()).expect("a family of the machine");
            let key = (kind, sample.labels().get("table").expect("its label").into_owned());
            let total = match sample.value() {
                MetricValue::Counter(total) => Total { count: 0, sum: total as i64 },
                MetricValue::Gauge(value) => Total { count: 0, sum: value as i64 },
                MetricValue::UpDownCounter(depth) => Total { count: 0, sum: depth },
                MetricValue::Histogram(value) => Total { count: value.count(), sum: value.sum() as i64 },
                other => panic!("{other:?} is of no kind of the machine"),
            };
            let made = sample.created().expect("every series of a family has a time of creation");
            let series = model.shown.get(&key).map_or(usize::MAX, |(series, _)| *series);
            match created.insert(key.clone(), (series, made)) {
                Some((before, then)) if before == series => assert_eq!(then, made, "{key:?} moved in time"),
                Some((_, then)) => assert!(made > then, "{key:?} was born again at {made:?}, before at {then:?}"),
                None => {}
            }
            assert_eq!(shown.insert(key.clone(), total), None, "{key:?} is shown twice");
        });
        shown
    }

    /// Scrapes through the text, which the parser refuses where a series comes twice.
    fn read_text(&mut self) -> BTreeMap<(Kind, Label), Total> {
        let parsed = scrape(&mut self.scrapers[1]);
        let mut shown: BTreeMap<(Kind, Label), Total> = BTreeMap::new();
        for ((sample, labels), value) in parsed.samples() {
            let owner =
                KINDS.into_iter().find(|kind| sample.starts_with(name(*kind))).expect("a family of the machine");
            let total = shown.entry((owner, labels["table"].clone())).or_default();
            match sample.strip_prefix(name(owner)) {
                Some("_bucket") => {}
                Some("_count") => total.count = value.parse().expect("an integer"),
                _ => total.sum = value.parse::<f64>().expect("a number") as i64,
            }
        }
        shown
    }
}

struct Machine;

impl StateMachineTest for Machine {
    type SystemUnderTest = World;
    type Reference = Model;

    fn init_test(_: &Model) -> World {
        let registry = Registry::new();
        let families = Families::register(&registry).expect("the declarations are legal");
        let scrapers = [(); SCRAPERS].map(|()| Scraper::new(&registry));
        let (workers, held, created) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        World { registry, families, workers, held, scrapers, created }
    }

    fn apply(mut world: World, model: &Model, step: Step) -> World {
        let removed = match step {
            Step::Record(worker, kind, label, n, way) => {
                world.on(worker, move |caches| caches.record(kind, &label, counts_up(kind, n), way));
                0
            }
            Step::Hold(worker, slot, kind, label) => {
                let handle = world.on(worker, move |caches| caches.families.hold(kind, &label));
                world.held.insert(slot, handle);
                0
            }
            Step::RecordHeld(worker, slot, n) => {
                if let Some(handle) = world.held.remove(&slot) {
                    // The handle goes to the thread and comes back.
                    let n = if model.held_counts_up(slot) { n.abs() } else { n };
                    let handle = world.on(worker, move |_| {
                        handle(n);
                        handle
                    });
                    world.held.insert(slot, handle);
                }
                0
            }
            Step::Release(worker, slot) => {
                let handle = world.held.remove(&slot);
                world.on(worker, move |_| drop(handle));
                0
            }
            Step::Remove(worker, kind, label) => {
                usize::from(world.on(worker, move |caches| caches.families.remove(kind, &label)))
            }
            Step::Retain(worker, kind, keep) => world.on(worker, move |caches| caches.families.retain(kind, &keep)),
            Step::Churn(worker, numbers) => world.on(worker, move |caches| {
                let churn = |number| {
                    caches.families.record(Kind::Counter, &churned(number), 1);
                    usize::from(caches.families.remove(Kind::Counter, &churned(number)))
                };
                (0..numbers).map(churn).sum()
            }),
            Step::Expire(worker) => {
                let registry = world.registry.clone();
                world.on(worker, move |_| registry.expire_idle())
            }
            Step::Scrape(scraper) => {
                let expected: BTreeMap<_, _> =
                    model.shown.iter().map(|(key, (_, total))| (key.clone(), *total)).collect();
                let shown = if scraper == 0 { world.visit(model) } else { world.read_text() };
                assert_eq!(shown, expected);
                0
            }
            Step::EndThread(worker, kind, label, n) => {
                let n = counts_up(kind, n);
                world.on(worker, move |caches| {
                    let last = (caches.families.clone(), kind, label, n);
                    LAST_WORDS.with_borrow_mut(|words| words.0 = Some(last));
                });
                world.end_thread(worker);
                0
            }
        };
        assert_eq!(removed, model.answer, "series removed");
        world
    }

    fn check_invariants(world: &World, model: &Model) {
        for (kind, label) in KINDS.into_iter().flat_map(|kind| Model::labels().map(move |label| (kind, label))) {
            let read =
                |suffix: &str| world.registry.sample_value(&format!("{}{suffix}", name(kind)), &[("table", label)]);
            let total = model.total(kind, label);
            let suffix = if kind == Kind::Histogram { "_sum" } else { "" };
            assert_eq!(read(suffix), total.map(|total| total.sum as f64), "{kind:?} of {label:?}");
            if kind == Kind::Histogram {
                assert_eq!(read("_count"), total.map(|total| total.count as f64), "observations of {label:?}");
            }
        }
    }

    fn teardown(mut world: World, _: Model) {
        let workers: Vec<_> = world.workers.keys().copied().collect();
        workers.into_iter().for_each(|worker| world.end_thread(worker));
        let stats = stats();
        assert_eq!((stats.lost_records, stats.internal_errors), (0, 0));
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        // Unless PROPTEST_CASES says otherwise: a few seconds of a debug build.
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 192 },
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_programs_do_what_the_model_says(sequential 1..120 => Machine);
}
