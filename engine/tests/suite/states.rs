//! Infos and state sets.

use crate::common::labels::Source;
use crate::common::text;
use streamgauge::{
    Counter, Family, Format, Info, Kind, LabelValue, MetricSet, MetricValue, Registry, Scraper, StateSet, Unit,
};

#[derive(LabelValue)]
enum Phase {
    Snapshot,
    Streaming,
    #[label(rename = "a \"quoted\" one")]
    Quoted,
}

fn body(registry: &Registry) -> String {
    let mut body = Vec::new();
    Scraper::new(registry).encode(Format::Text, &mut body);
    text::parse(&body).expect("a legal body");
    String::from_utf8(body).expect("UTF-8")
}

#[test]
fn an_info_is_a_gauge_of_one() {
    let registry = Registry::new();
    let scope = registry.scope("app").label("pipeline", "orders");
    let declare = || scope.info("build", "What runs.").label("version", "1.4.2");
    declare().register().expect("legal");
    drop(declare().register().expect("the same again"));
    let sources: Family<Source<'static>, Info> = registry.info("source_info", "Sources.").family().expect("legal");
    sources.init(&Source { source: "mysql" });
    assert_eq!(
        body(&registry),
        "# HELP app_build_info What runs.\n# TYPE app_build_info gauge\n\
         app_build_info{pipeline=\"orders\",version=\"1.4.2\"} 1\n\
         # HELP source_info Sources.\n# TYPE source_info gauge\nsource_info{source=\"mysql\"} 1\n"
    );
    assert_eq!(registry.sample_value("source_info", &[("source", "mysql")]), Some(1.0));
    Scraper::new(&registry).visit(|sample| {
        assert_eq!((sample.kind(), sample.value()), (Kind::Info, MetricValue::Info));
    });
    let unit = registry.info("size_bytes", "S.").unit(Unit::Bytes).register();
    assert!(unit.is_err_and(|error| error.to_string().contains("an info has no unit")));
    let gauge = registry.gauge("source_info", "Sources.").register();
    assert!(gauge.is_err(), "the suffix stays reserved for infos");
    drop((Info::noop(), Info::default()));
    Registry::disabled().info("build", "B.").register().expect("a disabled registry checks only");
}

#[test]
fn exactly_one_state_is_one() {
    let registry = Registry::new();
    let declare =
        |states: [Phase; 3]| registry.state_set("phase", "P.").label("pipeline", "orders").states(states).register();
    let phase = declare([Phase::Snapshot, Phase::Streaming, Phase::Quoted]).expect("legal");
    let health = registry.state_set("health", "H.").states(["up", "down"]).register().expect("legal");
    assert!(phase.set(&Phase::Quoted) && !phase.set("unknown") && !phase.set_index(3));
    assert_eq!((phase.get(), health.get()), (Some("a \"quoted\" one"), Some("up")));
    assert_eq!(
        body(&registry),
        "# HELP phase P.\n# TYPE phase gauge\nphase{pipeline=\"orders\",phase=\"snapshot\"} 0\n\
         phase{pipeline=\"orders\",phase=\"streaming\"} 0\n\
         phase{pipeline=\"orders\",phase=\"a \\\"quoted\\\" one\"} 1\n\
         # HELP health H.\n# TYPE health gauge\nhealth{health=\"up\"} 1\nhealth{health=\"down\"} 0\n"
    );
    // The same declaration is the same state set.
    let again = declare([Phase::Snapshot, Phase::Streaming, Phase::Quoted]).expect("the same");
    assert!(again.set("streaming") && health.set_index(1));
    let value = |phase: &str| registry.sample_value("phase", &[("phase", phase), ("pipeline", "orders")]);
    assert_eq!((value("streaming"), value("snapshot"), value("unknown")), (Some(1.0), Some(0.0), None));
    let mut seen = Vec::new();
    Scraper::new(&registry).visit(|sample| match sample.value() {
        MetricValue::StateSet(states) => {
            assert_eq!(sample.kind(), Kind::StateSet);
            seen.push(states.iter().map(|(state, holds)| format!("{state} {holds}")).collect::<Vec<_>>());
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(seen[1], ["up false", "down true"]);
    let parsed = text::parse(body(&registry).as_bytes()).expect("legal");
    assert_eq!(parsed.samples().values().filter(|value| *value == "1").count(), 2);
    let other = declare([Phase::Streaming, Phase::Snapshot, Phase::Quoted]);
    assert!(other.is_err_and(|error| error.to_string().contains("states [streaming, snapshot, ")));
}

#[test]
fn each_label_set_has_a_state_of_its_own() {
    let registry = Registry::new();
    let declare = || registry.state_set("phase", "P.").states([Phase::Snapshot, Phase::Streaming]);
    let phases: Family<Source<'static>, StateSet> = declare().family().expect("legal");
    phases.init(&Source { source: "mysql" });
    assert!(phases.with(&Source { source: "postgres" }, |phase| phase.set(&Phase::Streaming)));
    let held = phases.get_or_create(&Source { source: "postgres" });
    assert_eq!(held.get(), Some("streaming"));
    assert_eq!(
        body(&registry),
        "# HELP phase P.\n# TYPE phase gauge\n\
         phase{source=\"mysql\",phase=\"snapshot\"} 1\nphase{source=\"mysql\",phase=\"streaming\"} 0\n\
         phase{source=\"postgres\",phase=\"snapshot\"} 0\nphase{source=\"postgres\",phase=\"streaming\"} 1\n"
    );
    assert!(phases.remove(&Source { source: "postgres" }) && held.set_index(0));
    assert_eq!(registry.sample_value("phase", &[("source", "postgres"), ("phase", "streaming")]), None);
    let clash = declare().label("phase", "x").family::<Source<'static>>();
    assert!(clash.is_err_and(|error| error.to_string().contains("so is the label that names the state")));
}

#[derive(MetricSet)]
struct SourceMetrics {
    /// Rows.
    rows_total: Counter,
    /// What it does.
    #[metric(states = [Phase::Snapshot, Phase::Streaming])]
    phase: StateSet,
}

#[test]
fn a_set_may_have_a_state_set() {
    let registry = Registry::new();
    let sources = Family::<Source<'static>, SourceMetrics>::register(&registry.scope("source")).expect("legal");
    sources.with(&Source { source: "mysql" }, |source| source.phase.set(&Phase::Streaming));
    let labels = [("source", "mysql"), ("source_phase", "streaming")];
    assert_eq!(registry.sample_value("source_phase", &labels), Some(1.0));
    assert!(sources.remove(&Source { source: "mysql" }));
    assert_eq!(registry.sample_value("source_phase", &labels), None);
}

#[test]
fn a_state_set_that_nobody_sets_expires_and_an_info_never_does() {
    use std::time::{Duration, Instant};
    let timeout = Duration::from_millis(40);
    let registry = Registry::new();
    let phases: Family<Source<'static>, StateSet> =
        registry.state_set("phase", "P.").states(["a", "b"]).idle_timeout(timeout).family().expect("legal");
    let infos: Family<Source<'static>, Info> =
        registry.info("source", "S.").idle_timeout(timeout).family().expect("legal");
    for source in ["idle", "busy"] {
        phases.with(&Source { source }, |phase| phase.set("b"));
        infos.init(&Source { source });
    }
    let exists = |source: &str| registry.sample_value("phase", &[("source", source), ("phase", "b")]).is_some();
    // Only so that the test ends where nothing expires.
    let deadline = Instant::now() + Duration::from_secs(20);
    while exists("idle") {
        assert!(Instant::now() < deadline, "the idle one does not expire");
        phases.with(&Source { source: "busy" }, |phase| phase.set("b"));
        registry.expire_idle();
    }
    assert_eq!(registry.sample_value("source_info", &[("source", "idle")]), Some(1.0));
}

#[test]
fn states_that_are_not_usable_are_refused() {
    let registry = Registry::new();
    let declare = |name: &str, states: &[&str]| {
        let refused = registry.state_set(name, "S.").label("a", "1").states(states.iter().copied()).register();
        refused.map(drop).map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    assert!(declare("s", &[]).contains("needs states"));
    assert!(declare("s", &["x", "y", "x"]).contains("the state \"x\" is given twice"));
    assert!(declare("a", &["x"]).contains("so is the label that names the state"));
    assert!(declare("le", &["x"]).contains("reserved"));
    assert!(declare("a_total", &["x"]).contains("this is a state set"));
    assert!(declare("s", &["x"]).is_empty());
    let noop = StateSet::noop();
    assert!(!noop.set("x") && noop.get().is_none());
    assert!(Registry::disabled().state_set("s", "S.").states(["x"]).register().is_ok());
}
