//! Names that only OpenMetrics takes for one: a counter `x_total` is the family `x` there. With `STREAMGAUGE_BODIES` set
//! to a folder the bodies are left there, for `scripts/open-metrics-check.sh` to give to foreign readers.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use streamgauge::bridge::DynamicFamily;
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Counter, Error, Escaping, Exposition, Format, Gauge, Registry, Scraper,
};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// A declaration, and a record of one so that there is something to expose.
type Declare = fn(&Registry) -> Result<(), Error>;

fn gauge(registry: &Registry, name: &str) -> Result<(), Error> {
    registry.gauge(name, "G.").verbatim().register().map(|gauge| gauge.set(2.0))
}

fn counter(registry: &Registry, name: &str) -> Result<(), Error> {
    registry.counter(name, "C.").verbatim().register().map(|counter| counter.add(3))
}

fn histogram(registry: &Registry, name: &str) -> Result<(), Error> {
    registry.histogram(name, "H.").verbatim().register().map(|histogram| histogram.observe(1.0))
}

fn info(registry: &Registry, name: &str) -> Result<(), Error> {
    registry.info(name, "I.").verbatim().label("version", "1").register().map(drop)
}

fn encode(scraper: &mut Scraper, exposition: impl Into<Exposition>) -> String {
    let mut body = Vec::new();
    scraper.encode(exposition, &mut body);
    String::from_utf8(body).expect("UTF-8")
}

/// Reads a body back, strictly, and gives the families in the order of their names.
fn read(syntax: Syntax, body: &str) -> Vec<String> {
    let read = families(Parser::new(syntax, body.as_bytes())).unwrap_or_else(|error| panic!("{error}\n{body}"));
    let found = lint(syntax, &read).into_iter().find(|found| found.severity == Severity::Error);
    assert!(found.is_none(), "{found:?}\n{body}");
    let samples = |family: &streamgauge::parse::OwnedFamily| {
        let mut names: Vec<&str> = family.samples.iter().map(|sample| sample.name.as_str()).collect();
        names.dedup();
        names.join(" ")
    };
    let mut families: Vec<_> =
        read.iter().map(|family| format!("{} {}: {}", family.kind, family.name, samples(family))).collect();
    families.sort_unstable();
    families
}

/// Scrapes every format in every scheme, with created samples and without.
fn scrape(scraper: &mut Scraper, name: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for escaping in SCHEMES {
        for created in [false, true] {
            let style = |format| Exposition::from(format).with_escaping(escaping).with_created_samples(created);
            for (format, syntax) in [(Format::Text, Syntax::Text), (Format::OpenMetrics, Syntax::OpenMetrics)] {
                let body = encode(scraper, style(format));
                if let Some(folder) = std::env::var_os("STREAMGAUGE_BODIES") {
                    let file = format!("clashes-{name}-{}-{created}-{format:?}.txt", escaping.as_str());
                    std::fs::write(PathBuf::from(folder).join(file), &body).expect("the folder is there");
                }
                all.push(read(syntax, &body));
            }
        }
    }
    all
}

/// Declares in both orders and gives what OpenMetrics with underscores shows, which has to be the same.
fn both_orders(name: &str, one: Declare, other: Declare) -> Vec<String> {
    let show = |first: Declare, second: Declare| {
        let registry = Registry::new();
        first(&registry).unwrap_or_else(|error| panic!("{name}: {error}"));
        second(&registry).unwrap_or_else(|error| panic!("{name}: {error}"));
        scrape(&mut Scraper::new(&registry), name)
    };
    let (shown, turned) = (show(one, other), show(other, one));
    assert_eq!(shown, turned, "{name}: it depends on the order");
    shown[5].clone()
}

#[test]
fn a_counter_gives_way_to_what_openmetrics_calls_alike_in_every_order() {
    let shown = both_orders("gauge", |r| gauge(r, "connections"), |r| counter(r, "connections_total"));
    assert_eq!(shown, ["gauge connections: connections", "unknown connections_total: connections_total"]);
    let shown = both_orders("histogram", |r| histogram(r, "jobs"), |r| counter(r, "jobs_total"));
    assert_eq!(shown, ["histogram jobs: jobs_bucket jobs_sum jobs_count", "unknown jobs_total: jobs_total"]);
    let shown = both_orders("sample", |r| histogram(r, "jobs"), |r| counter(r, "jobs_count_total"));
    assert_eq!(shown[1], "unknown jobs_count_total: jobs_count_total");
    let shown = both_orders("created", |r| gauge(r, "jobs_created"), |r| counter(r, "jobs_total"));
    assert_eq!(shown, ["gauge jobs_created: jobs_created", "unknown jobs_total: jobs_total"]);
    let shown = both_orders("plain", |r| counter(r, "jobs"), |r| counter(r, "jobs_total"));
    assert_eq!(shown, ["unknown jobs: jobs", "unknown jobs_total: jobs_total"]);
    let shown = both_orders("total", |r| counter(r, "jobs"), |r| gauge(r, "jobs_total"));
    assert_eq!(shown, ["gauge jobs_total: jobs_total", "unknown jobs: jobs"]);
    let shown = both_orders("counters", |r| counter(r, "a_created_total"), |r| counter(r, "a_total"));
    assert_eq!(shown, ["unknown a_created_total: a_created_total", "unknown a_total: a_total"]);
}

#[test]
fn an_info_gives_way_to_counters_as_well() {
    let shown = both_orders("info-gauge", |r| info(r, "build"), |r| gauge(r, "build"));
    assert_eq!(shown, ["gauge build: build", "unknown build_info: build_info"]);
    let shown = both_orders("info-counter", |r| info(r, "build"), |r| counter(r, "build_total"));
    assert_eq!(shown, ["counter build: build_total", "unknown build_info: build_info"]);
    let shown = both_orders("info-created", |r| info(r, "build_created"), |r| counter(r, "build_total"));
    assert_eq!(shown, ["counter build: build_total", "unknown build_created_info: build_created_info"]);
    let shown = both_orders("info-info", |r| info(r, "build_info"), |r| info(r, "built"));
    assert_eq!(shown, ["info build: build_info", "info built: built_info"]);
}

#[test]
fn a_scheme_may_make_the_clash() {
    let registry = Registry::new();
    gauge(&registry, "a.b").expect("legal");
    counter(&registry, "a_b_total").expect("legal");
    scrape(&mut Scraper::new(&registry), "schemes");
    let kind = |escaping| {
        let body = encode(&mut Scraper::new(&registry), Exposition::from(Format::OpenMetrics).with_escaping(escaping));
        read(Syntax::OpenMetrics, &body).into_iter().find(|family| family.contains("total")).expect("it is there")
    };
    assert_eq!(kind(Escaping::Underscores), "unknown a_b_total: a_b_total");
    assert_eq!(kind(Escaping::AllowUtf8), "counter a_b: a_b_total");
    assert_eq!(kind(Escaping::Dots), "counter a__b_: a__b__total");
}

#[test]
fn what_is_one_sample_name_twice_is_refused() {
    let pairs: [(Declare, Declare, &str); 5] = [
        (|r| histogram(r, "h"), |r| gauge(r, "h_sum"), "h_sum"),
        (|r| histogram(r, "h"), |r| counter(r, "h_count"), "h_count"),
        (|r| histogram(r, "h"), |r| gauge(r, "h_created"), "h_created"),
        (|r| counter(r, "a.b_total"), |r| counter(r, "a_b_total"), "a_b_total"),
        (|r| info(r, "a.b"), |r| gauge(r, "a_b_info"), "a_b_info"),
    ];
    for (one, other, sample) in pairs {
        for (first, second) in [(one, other), (other, one)] {
            let registry = Registry::new();
            first(&registry).expect("legal");
            let error = second(&registry).expect_err(sample);
            assert!(matches!(&error, Error::SampleNameTaken { sample: taken, .. } if taken == sample), "{error}");
        }
    }
}

struct Depth;

impl Collector for Depth {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![CollectedFamily::gauge("jobs", "J."), CollectedFamily::counter("runs_total", "R.")]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("jobs").sample(&[], 1.0);
        out.family("runs_total").sample(&[], 1u64);
    }
}

#[test]
fn families_that_come_and_go_are_seen_by_every_scraper_at_once() {
    let registry = Registry::new();
    let (mut early, mut other) = (Scraper::new(&registry), Scraper::new(&registry));
    counter(&registry, "jobs_total").expect("legal");
    let shows = |scraper: &mut Scraper| read(Syntax::OpenMetrics, &encode(scraper, Format::OpenMetrics));
    assert_eq!(shows(&mut early), ["counter jobs: jobs_total"]);
    let id = registry.register_collector(Depth).expect("legal");
    let with = ["counter runs: runs_total", "gauge jobs: jobs", "unknown jobs_total: jobs_total"];
    assert_eq!(shows(&mut early), with);
    assert_eq!(shows(&mut other), with);
    gauge(&registry, "runs").expect("legal");
    let all =
        ["gauge jobs: jobs", "gauge runs: runs", "unknown jobs_total: jobs_total", "unknown runs_total: runs_total"];
    assert_eq!(shows(&mut early), all);
    scrape(&mut other, "collectors");
    assert!(registry.unregister_collector(id));
    let without = ["counter jobs: jobs_total", "gauge runs: runs"];
    assert_eq!(shows(&mut early), without);
    assert_eq!(shows(&mut other), without);
    registry.register_collector(Depth).expect("the names are free again");
    assert_eq!(shows(&mut early), all);
}

#[test]
fn renamed_families_give_way_and_come_back() {
    let registry = Registry::new();
    let jobs: DynamicFamily<Counter> = registry.counter("jobs_total", "J.").dynamic_family().expect("legal");
    jobs.get_or_create(&[]).expect("legal").inc();
    let depth: DynamicFamily<Gauge> = registry.gauge("depth", "D.").verbatim().dynamic_family().expect("legal");
    depth.get_or_create(&[]).expect("legal").set(1.0);
    let mut scraper = Scraper::new(&registry);
    let mut shows = || read(Syntax::OpenMetrics, &encode(&mut scraper, Format::OpenMetrics));
    let apart = ["counter jobs: jobs_total", "gauge depth: depth"];
    assert_eq!(shows(), apart);
    depth.rename("jobs").expect("only OpenMetrics takes it for another's");
    assert_eq!(shows(), ["gauge jobs: jobs", "unknown jobs_total: jobs_total"]);
    jobs.rename("runs_total").expect("free");
    assert_eq!(shows(), ["counter runs: runs_total", "gauge jobs: jobs"]);
    jobs.rename("jobs_total").expect("free");
    depth.rename("depth").expect("free");
    assert_eq!(shows(), apart);
    assert!(depth.rename("jobs_total").is_err(), "that is a sample's name");
    assert_eq!(shows(), apart);
}

/// Two families have one name by turns: no scrape sees both under it, or a counter that does not give way.
#[test]
fn a_scrape_sees_all_names_at_one_moment() {
    let registry = Registry::new();
    let open = |name: &str| -> DynamicFamily<Gauge> {
        let family = registry.gauge(name, "G.").verbatim().dynamic_family().expect("legal");
        family.get_or_create(&[]).expect("legal").set(1.0);
        family
    };
    let one = open("left");
    // Between them, so that a scrape takes a while from the one to the other.
    (0..2000).for_each(|number| drop(open(&format!("between_{number}"))));
    let last = open("unused");
    counter(&registry, "left_total").expect("legal");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turned = [&one, &last];
            while !is_over.load(Ordering::Relaxed) {
                let [left, unused] = turned;
                left.rename("spare").expect("free");
                unused.rename("left").expect("free");
                left.rename("unused").expect("free");
                turned = [unused, left];
            }
        });
        let mut scraper = Scraper::new(&registry);
        for _ in 0..40 {
            let body = encode(&mut scraper, Format::OpenMetrics);
            let mut of_left: Vec<&str> = body.lines().filter(|line| line.starts_with("# TYPE left")).collect();
            // For a moment nothing has the name, and then the counter has its type.
            let expected = [["# TYPE left gauge", "# TYPE left_total unknown"].as_slice(), &["# TYPE left counter"]];
            of_left.sort_unstable();
            if !expected.contains(&of_left.as_slice()) {
                is_over.store(true, Ordering::Relaxed);
                panic!("{of_left:?}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
