//! OpenMetrics 1.0 text, byte for byte. With `STREAMGAUGE_BODIES` set to a folder the bodies are left there, for
//! `scripts/open-metrics-check.sh` to give to the strict reference parser.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorOutput, Counter, Escaping, Exposition, Family, Filter, Format,
    LabelSet, Registry, Scraper, Unit,
};

/// Encodes, and leaves the body where the script looks for it.
fn encode(registry: &Registry, exposition: impl Into<Exposition>, name: &str) -> String {
    let mut body = Vec::new();
    Scraper::new(registry).encode(exposition, &mut body);
    if let Some(folder) = std::env::var_os("STREAMGAUGE_BODIES") {
        std::fs::write(PathBuf::from(folder).join(name), &body).expect("the folder is there");
    }
    String::from_utf8(body).expect("UTF-8")
}

struct Scraped;

impl Collector for Scraped {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![
            CollectedFamily::unknown("peer_offset", "Who knows.").labels(["peer"]),
            CollectedFamily::counter("peer_reads_total", "Reads.").labels(["peer"]),
        ]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("peer_offset").sample(&["a"], 2.5);
        out.family("peer_reads_total").sample(&["a"], 3u64).sample(&["b"], 0.5);
    }
}

/// One metric of each kind.
fn registry() -> Registry {
    let registry = Registry::new();
    let scope = registry.scope("app").label("pipeline", "or\"ders\\\n");
    scope.counter("events_total", "Events \"read\",\n\\ and counted.").register().expect("legal").add(3);
    let busy = scope.duration_counter("busy_seconds_total", "B.").unit(Unit::Seconds).register().expect("legal");
    busy.add(Duration::from_millis(1500));
    scope.gauge("lag_seconds", "L.").unit(Unit::Seconds).register().expect("legal").set(2.0);
    scope.gauge("nothing", "N.").register().expect("legal").set(f64::NAN);
    scope.up_down_counter("depth", "D.").register().expect("legal").dec();
    let sizes = scope.histogram("size_bytes", "S.").unit(Unit::Bytes).buckets(Buckets::explicit([1.0, 2.5, 1e6]));
    let sizes = sizes.register().expect("legal");
    [0.5, 2.0, 3e6].into_iter().for_each(|size| sizes.observe(size));
    let below = scope.histogram("drift", "Below zero too.").buckets(Buckets::explicit([-1.0, 1.0]));
    below.register().expect("legal").observe(-3.0);
    drop(scope.info("build", "What runs.").label("version", "1.4.2").register().expect("legal"));
    scope.state_set("phase", "P.").states(["snapshot", "streaming"]).register().expect("legal").set("streaming");
    let times = scope.summary("time_seconds", "T.").unit(Unit::Seconds).quantiles(&[0.0, 1.0]);
    let times = times.register().expect("legal");
    [2.0, 0.5, 1e6].into_iter().for_each(|time| times.observe(time));
    scope.summary("offset", "Below zero too.").quantiles(&[0.0, 1.0]).register().expect("legal").observe(-3.0);
    drop(scope.summary("unused", "U.").quantiles(&[0.5]).register().expect("legal"));
    registry.register_collector(Scraped).expect("legal");
    registry
}

#[test]
fn every_kind_is_written_as_the_standard_says() {
    let labels = "pipeline=\"or\\\"ders\\\\\\n\"";
    let expected = format!(
        "# HELP app_events Events \\\"read\\\",\\n\\\\ and counted.\n# TYPE app_events counter\napp_events_total{{{labels}}} 3\n\
         # HELP app_busy_seconds B.\n# TYPE app_busy_seconds counter\n# UNIT app_busy_seconds seconds\n\
         app_busy_seconds_total{{{labels}}} 1.5\n\
         # HELP app_lag_seconds L.\n# TYPE app_lag_seconds gauge\n# UNIT app_lag_seconds seconds\n\
         app_lag_seconds{{{labels}}} 2.0\n\
         # HELP app_nothing N.\n# TYPE app_nothing gauge\napp_nothing{{{labels}}} NaN\n\
         # HELP app_depth D.\n# TYPE app_depth gauge\napp_depth{{{labels}}} -1\n\
         # HELP app_size_bytes S.\n# TYPE app_size_bytes histogram\n# UNIT app_size_bytes bytes\n\
         app_size_bytes_bucket{{{labels},le=\"1.0\"}} 1\napp_size_bytes_bucket{{{labels},le=\"2.5\"}} 2\n\
         app_size_bytes_bucket{{{labels},le=\"1e+06\"}} 2\napp_size_bytes_bucket{{{labels},le=\"+Inf\"}} 3\n\
         app_size_bytes_sum{{{labels}}} 3.0000025e+06\napp_size_bytes_count{{{labels}}} 3\n\
         # HELP app_drift Below zero too.\n# TYPE app_drift histogram\n\
         app_drift_bucket{{{labels},le=\"-1.0\"}} 1\napp_drift_bucket{{{labels},le=\"1.0\"}} 1\n\
         app_drift_bucket{{{labels},le=\"+Inf\"}} 1\n\
         # HELP app_build What runs.\n# TYPE app_build info\napp_build_info{{{labels},version=\"1.4.2\"}} 1\n\
         # HELP app_phase P.\n# TYPE app_phase stateset\napp_phase{{{labels},app_phase=\"snapshot\"}} 0\n\
         app_phase{{{labels},app_phase=\"streaming\"}} 1\n\
         # HELP app_time_seconds T.\n# TYPE app_time_seconds summary\n# UNIT app_time_seconds seconds\n\
         app_time_seconds{{{labels},quantile=\"0.0\"}} 0.5\napp_time_seconds{{{labels},quantile=\"1.0\"}} 1e+06\n\
         app_time_seconds_sum{{{labels}}} 1.0000025e+06\napp_time_seconds_count{{{labels}}} 3\n\
         # HELP app_offset Below zero too.\n# TYPE app_offset summary\napp_offset_count{{{labels}}} 1\n\
         # HELP app_unused U.\n# TYPE app_unused summary\napp_unused{{{labels},quantile=\"0.5\"}} NaN\n\
         app_unused_sum{{{labels}}} 0.0\napp_unused_count{{{labels}}} 0\n\
         # HELP peer_offset Who knows.\n# TYPE peer_offset unknown\npeer_offset{{peer=\"a\"}} 2.5\n\
         # HELP peer_reads Reads.\n# TYPE peer_reads counter\npeer_reads_total{{peer=\"a\"}} 3\n\
         peer_reads_total{{peer=\"b\"}} 0.5\n# EOF\n"
    );
    assert_eq!(encode(&registry(), Format::OpenMetrics, "kinds.txt"), expected);
    assert_eq!(encode(&registry(), Format::OpenMetrics001, "kinds-0.0.1.txt"), expected);
    assert_eq!(encode(&Registry::new(), Format::OpenMetrics, "empty.txt"), "# EOF\n");
    assert_eq!(encode(&Registry::disabled(), Format::OpenMetrics, "disabled.txt"), "# EOF\n");
}

#[test]
fn created_samples_stand_beside_what_may_be_reset() {
    let registry = registry();
    let with = Exposition::from(Format::OpenMetrics).with_created_samples(true);
    let text = encode(&registry, with, "created.txt");
    let mut created = BTreeMap::new();
    Scraper::new(&registry).visit(|sample| {
        let since = sample.created().and_then(|created| created.duration_since(std::time::UNIX_EPOCH).ok());
        created.insert(sample.name().to_owned(), since);
    });
    for (family, stem) in [
        ("app_events_total", "app_events"),
        ("app_size_bytes", "app_size_bytes"),
        ("app_time_seconds", "app_time_seconds"),
        ("app_drift", "app_drift"),
    ] {
        let since = created[family].expect("it was made");
        let line = format!(
            "\n{stem}_created{{pipeline=\"or\\\"ders\\\\\\n\"}} {}.{:03}\n",
            since.as_secs(),
            since.subsec_millis()
        );
        assert!(text.contains(&line), "{line} is not in {text}");
    }
    assert_eq!(
        text.matches("_created{").count(),
        7,
        "counters, histograms and summaries, and nothing that a collector gave"
    );
    assert!(
        !encode(&registry, Exposition::from(Format::Text).with_created_samples(true), "text.txt").contains("_created")
    );
}

#[derive(LabelSet)]
struct Method<'a> {
    #[label(rename = "http.method")]
    method: &'a str,
    plain: bool,
}

#[test]
fn names_that_a_reader_does_not_know_are_quoted_or_escaped() {
    let registry = Registry::new();
    let requests: Family<Method<'static>, Counter> =
        registry.counter("http.requests_total", "R.").family().expect("legal");
    requests.with(&Method { method: "G\"T", plain: true }, |requests| requests.add(2));
    registry.histogram("a b", "H.").buckets(Buckets::explicit([1.0])).register().expect("legal").observe(0.5);
    let as_text = |escaping: Escaping, format: Format| {
        let exposition = Exposition::from(format).with_escaping(escaping);
        encode(&registry, exposition, &format!("names-{}-{format:?}.txt", escaping.as_str()))
    };
    assert_eq!(
        as_text(Escaping::AllowUtf8, Format::OpenMetrics),
        "# HELP \"http.requests\" R.\n# TYPE \"http.requests\" counter\n\
         {\"http.requests_total\",\"http.method\"=\"G\\\"T\",plain=\"true\"} 2\n\
         # HELP \"a b\" H.\n# TYPE \"a b\" histogram\n{\"a b_bucket\",le=\"1.0\"} 1\n{\"a b_bucket\",le=\"+Inf\"} 1\n\
         {\"a b_sum\"} 0.5\n{\"a b_count\"} 1\n# EOF\n"
    );
    assert_eq!(
        as_text(Escaping::Underscores, Format::Text),
        "# HELP http_requests_total R.\n# TYPE http_requests_total counter\n\
         http_requests_total{http_method=\"G\\\"T\",plain=\"true\"} 2\n\
         # HELP a_b H.\n# TYPE a_b histogram\na_b_bucket{le=\"1\"} 1\na_b_bucket{le=\"+Inf\"} 1\na_b_sum 0.5\na_b_count 1\n"
    );
    let dots = as_text(Escaping::Dots, Format::OpenMetrics);
    assert!(dots.contains("\nhttp_dot_requests__total{http_dot_method=\"G\\\"T\",plain=\"true\"} 2\n"), "{dots}");
    let values = as_text(Escaping::Values, Format::OpenMetrics);
    assert!(
        values.contains("\nU__http_2e_requests__total{U__http_2e_method=\"G\\\"T\",plain=\"true\"} 2\n"),
        "{values}"
    );
    assert_eq!(registry.sample_value("http.requests_total", &[("http.method", "G\"T"), ("plain", "true")]), Some(2.0));
}

#[test]
fn a_filter_chooses_whole_families() {
    let registry = registry();
    let shown = |names: &[&str]| {
        let mut body = Vec::new();
        let filter = Filter::names(names.iter().copied());
        let report = Scraper::new(&registry).encode_filtered(Format::Text, &filter, &mut body);
        assert_eq!(report.bytes(), body.len());
        let text = String::from_utf8(body).expect("UTF-8");
        text.lines().filter_map(|line| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned())).collect()
    };
    let shown: &dyn Fn(&[&str]) -> Vec<String> = &shown;
    assert_eq!(
        shown(&["app_lag_seconds", "app_size_bytes_bucket", "peer_offset"]),
        ["app_lag_seconds", "app_size_bytes", "peer_offset"]
    );
    assert!(shown(&["app_size", "nothing_like_it"]).is_empty() && shown(&[]).is_empty());
    // Every name of every kind, in whatever format it is one.
    for (family, names) in [
        ("app_events_total", &["app_events_total", "app_events", "app_events_created"][..]),
        ("app_busy_seconds_total", &["app_busy_seconds_total", "app_busy_seconds", "app_busy_seconds_created"]),
        ("app_depth", &["app_depth"]),
        ("app_size_bytes", &["app_size_bytes", "app_size_bytes_sum", "app_size_bytes_count", "app_size_bytes_created"]),
        ("app_build_info", &["app_build_info", "app_build"]),
        ("app_phase", &["app_phase"]),
        ("app_offset", &["app_offset", "app_offset_sum", "app_offset_count", "app_offset_created"]),
        ("peer_offset", &["peer_offset"]),
        ("peer_reads_total", &["peer_reads_total", "peer_reads", "peer_reads_created"]),
    ] {
        for name in names {
            assert_eq!(shown(&[name]), [family], "{name}");
        }
    }
    for name in ["app_offset_bucket", "app_depth_sum", "app_lag_seconds_created", "app_build_created", "app_events_sum"]
    {
        assert!(shown(&[name]).is_empty(), "{name} is nobody's");
    }
}

/// A scrape of some families has not shown the others: what was removed of them is still to come.
#[test]
fn a_filtered_scrape_uses_up_no_final_value() {
    let registry = Registry::new();
    let family: Family<(), Counter> = registry.counter("events_total", "E.").family().expect("legal");
    family.with(&(), |events| events.add(7));
    let mut scraper = Scraper::new(&registry);
    assert!(family.remove(&()));
    let mut show = |filter: &Filter| {
        let mut body = Vec::new();
        scraper.encode_filtered(Format::Text, filter, &mut body);
        body.ends_with(b"events_total 7\n")
    };
    assert!(!show(&Filter::names(["other"])));
    assert!(show(&Filter::names(["events_total"])) && show(&Filter::all()));
    assert!(!show(&Filter::all()), "it was shown");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is hostile in one format is in the other, so the bodies of both are of the same samples.
    #[test]
    fn both_text_formats_show_the_same_samples(values in prop::collection::vec("[\\PC\\\\\"\n]{0,12}", 1..6), help in "[^\n]{1,20}x") {
        #[derive(LabelSet)]
        struct Value<'a> { value: &'a str }
        let registry = Registry::new();
        let family: Family<Value<'static>, Counter> = registry.counter("events_total", &help).family().expect("legal");
        for (count, value) in (1..).zip(&values) {
            family.with(&Value { value }, |events| events.add(count));
        }
        let samples = |format: Format| {
            let text = encode(&registry, format, &format!("random-{format:?}.txt"));
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
        };
        prop_assert_eq!(samples(Format::Text), samples(Format::OpenMetrics));
    }
}
