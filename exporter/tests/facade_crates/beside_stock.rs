//! What published crates record, through this recorder and the stock one: the same text, byte for byte, but for one
//! difference, the order. Stock writes families and series in the order of hash tables, with a blank line behind each
//! family, and labels as they were given, global ones first; here families and series come by creation, and labels by name.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use metrics::{Counter, Gauge, Histogram, Key, Unit, counter, describe_counter, describe_histogram, histogram};
use metrics::{set_default_local_recorder, with_local_recorder};
use metrics_derive::Metrics;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_tracing_context::{MetricsLayer, TracingContextLayer};
use metrics_util::layers::{Fanout, FanoutBuilder, FilterLayer, Layer, PrefixLayer};
use std::collections::BTreeMap;
use streamgauge_exporter::recorder::{Handle, Recorder};
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

/// Some whose text has an exponent elsewhere.
const BOUNDS: [f64; 6] = [0.00001, 0.001, 0.25, 1.0, 1024.0, 1_048_576.0];

/// What both recorders were told.
struct Both {
    ours: Handle,
    stock: PrometheusHandle,
}

/// Gives a recorder that tells both, and what reads them.
fn both() -> (Fanout, Both) {
    let ours = Recorder::builder().set_buckets(&BOUNDS).unwrap().add_global_label("zone", "a").build_recorder();
    let stock = PrometheusBuilder::new().set_buckets(&BOUNDS).unwrap().add_global_label("zone", "a").build_recorder();
    let both = Both { ours: ours.handle(), stock: stock.handle() };
    (FanoutBuilder::default().add_recorder(ours).add_recorder(stock).build(), both)
}

impl Both {
    /// Compares the texts, of which there must be so many families.
    fn are_the_same(&self, families: usize) {
        let texts = [self.ours.render(), self.stock.render()].map(|text| in_order(&text));
        assert_eq!(texts[0], texts[1]);
        assert_eq!(texts[0].matches("# TYPE ").count(), families, "{}", texts[0]);
    }
}

/// Puts families, series and labels in the order of their names. The lines of a series stay in theirs.
fn in_order(text: &str) -> String {
    let mut families: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    let mut metadata = String::new();
    let mut family = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next()) {
            None if line.starts_with('#') => metadata = format!("{line}\n"),
            Some(name) => {
                family = name.to_owned();
                let place = families.entry(family.clone()).or_default();
                place.0 = format!("{}{line}\n", std::mem::take(&mut metadata));
            }
            None => families.get_mut(&family).expect("its TYPE came").1.push(labels_in_order(line)),
        }
    }
    let mut ordered = String::new();
    for (metadata, mut samples) in families.into_values() {
        samples.sort_by_key(|line| series_of(line));
        ordered.extend([metadata, samples.join("\n"), "\n".to_owned()]);
    }
    ordered
}

/// The values here have neither commas nor braces in them.
fn labels_in_order(line: &str) -> String {
    let Some((name, rest)) = line.split_once('{') else { return line.to_owned() };
    let (labels, value) = rest.rsplit_once('}').expect("labels end");
    let mut labels: Vec<_> = labels.split(',').collect();
    labels.sort_by_key(|label| (label.starts_with("le="), *label));
    format!("{name}{{{}}}{value}", labels.join(","))
}

/// Gives the labels of a line but for the bound of its bucket.
fn series_of(line: &str) -> Vec<String> {
    let labels = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
    labels.split(',').filter(|label| !label.starts_with("le=")).map(str::to_owned).collect()
}

#[test]
fn what_differs_is_not_put_in_order() {
    assert_eq!(in_order("# TYPE b gauge\nb{y=\"1\",x=\"2\"} 1\n\n# HELP a A\n# TYPE a gauge\na 1\n\n"), {
        "# HELP a A\n# TYPE a gauge\na 1\n# TYPE b gauge\nb{x=\"2\",y=\"1\"} 1\n"
    });
    let wrong = [
        "# TYPE a gauge\na 1\n",
        "# TYPE a gauge\na 1.0\n",
        "# TYPE a counter\na 1\n",
        "# HELP a A\n# TYPE a gauge\na 1\n",
    ];
    for (index, text) in wrong.iter().enumerate() {
        assert!(wrong[index + 1..].iter().all(|other| in_order(other) != in_order(text)), "{text}");
    }
    let buckets = ["h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\n", "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n"];
    let [first, second] = buckets.map(|lines| in_order(&format!("# TYPE h histogram\n{lines}")));
    assert_ne!(first, second, "the order of the lines of a series is compared");
}

fn router() -> Router {
    Router::new()
        .route("/users/{id}", get(async || "a user"))
        .route("/fails", get(async || StatusCode::INTERNAL_SERVER_ERROR))
}

async fn requests(app: &Router) {
    for path in ["/users/1", "/fails", "/users/2", "/missing"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    }
}

#[tokio::test]
async fn axum_prometheus() {
    let (recorder, both) = both();
    let _local = set_default_local_recorder(&recorder);
    requests(&router().layer(axum_prometheus::BaseMetricLayer::with_response_body_size())).await;
    both.are_the_same(4);
}

#[tokio::test]
async fn axum_metrics() {
    let (recorder, both) = both();
    let _local = set_default_local_recorder(&recorder);
    requests(&router().layer(axum_metrics::MetricLayer::default())).await;
    both.are_the_same(5);
}

#[derive(Metrics)]
#[metrics(scope = "beside")]
struct Beside {
    /// Events read, from "orders" and others.
    events: Counter,
    /// Events that wait.
    depth: Gauge,
    /// How long a commit takes.
    commit_seconds: Histogram,
}

#[test]
fn metrics_derive() {
    let (recorder, both) = both();
    with_local_recorder(&recorder, || {
        Beside::force_describe();
        for (index, table) in ["orders", "users"].into_iter().enumerate() {
            let beside = Beside::new_with_labels(&[("table", table)]);
            beside.events.increment(1 << (40 * index));
            beside.depth.set(1.5e9 * index as f64);
            [0.000_003, 0.25, 5e6].into_iter().for_each(|seconds| beside.commit_seconds.record(seconds));
        }
    });
    both.are_the_same(3);
}

#[test]
fn metrics_util() {
    let (recorder, both) = both();
    let layered = PrefixLayer::new("app").layer(FilterLayer::from_patterns(["secret"]).layer(recorder));
    with_local_recorder(&layered, || {
        describe_counter!("rows", Unit::Count, "Rows.");
        counter!("rows", "table" => "orders").increment(3);
        counter!("rows", "table" => "orders").increment(0);
        counter!("secret.rows").increment(1);
        // Described when it is there already.
        histogram!("lap.time").record_many(0.5, 3);
        describe_histogram!("lap.time", Unit::Seconds, "");
    });
    both.are_the_same(2);
}

#[cfg(target_os = "linux")]
#[test]
fn metrics_process() {
    let (recorder, both) = both();
    with_local_recorder(&recorder, || {
        let collector = metrics_process::Collector::default();
        collector.describe();
        collector.collect();
    });
    both.are_the_same(8);
}

#[test]
fn metrics_tracing_context() {
    let (recorder, both) = both();
    let layered = TracingContextLayer::all().layer(recorder);
    let subscriber = tracing_subscriber::Registry::default().with(MetricsLayer::new());
    tracing::dispatcher::with_default(&tracing::dispatcher::Dispatch::new(subscriber), || {
        with_local_recorder(&layered, || {
            for shard in 0..3_u64 {
                let span = tracing::span!(tracing::Level::INFO, "pipeline", pipeline.name = "orders", shard);
                let _entered = span.enter();
                counter!("events", "op" => "insert").increment(shard);
                histogram!("size").record(1e6 * shard as f64);
            }
        });
    });
    both.are_the_same(2);
}

#[tokio::test(start_paused = true)]
async fn tokio_metrics() {
    let (recorder, both) = both();
    let monitor = tokio_metrics::TaskMonitor::new();
    let builder = tokio_metrics::TaskMetricsReporterBuilder::new(|name| {
        Key::from_parts(name.replacen("tokio_", "tokio.", 1), &[("runtime", "main")])
    });
    let mut tasks = with_local_recorder(&recorder, || builder.describe().build_with_monitor(monitor.clone()));
    let builder = tokio_metrics::RuntimeMetricsReporterBuilder::default();
    let mut runtime = with_local_recorder(&recorder, || builder.describe().build());
    for _ in 0..3 {
        monitor.instrument(tokio::task::yield_now()).await;
        tasks.run_once();
        runtime.run_once();
    }
    let families = both.ours.render().matches("# TYPE ").count();
    assert!(families > 20, "{families}");
    both.are_the_same(families);
}
