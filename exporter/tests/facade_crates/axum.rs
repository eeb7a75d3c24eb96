//! axum-prometheus: the requests of a router.

use crate::facade::{exposed, recorder, scraped};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum_prometheus::{
    AXUM_HTTP_REQUESTS_DURATION_SECONDS, BaseMetricLayer, GenericMetricLayer, MakeDefaultHandle,
    utils::SECONDS_DURATION_BUCKETS,
};
use metrics::set_default_local_recorder;
use streamgauge_exporter::recorder::{Handle, Matcher, Recorder};
use tower::ServiceExt;

fn router() -> Router {
    Router::new()
        .route("/users/{id}", get(async || "a user"))
        .route("/fails", get(async || StatusCode::INTERNAL_SERVER_ERROR))
}

async fn request(app: &Router, path: &str) -> StatusCode {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    // The gauge of requests in flight goes down when the body has been sent.
    http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    status
}

#[tokio::test]
async fn its_layer_records_into_whatever_recorder_there_is() {
    let recorder = recorder();
    let _local = set_default_local_recorder(&recorder);
    let app = router().layer(BaseMetricLayer::with_response_body_size());
    for path in ["/users/1", "/users/2", "/fails", "/missing"] {
        request(&app, path).await;
    }
    let exposed = exposed(&recorder);
    let total = |endpoint: &str, status: u16| {
        exposed.get(&format!("axum_http_requests_total{{endpoint={endpoint:?},method=\"GET\",status=\"{status}\"}}"))
    };
    assert_eq!(total("/users/{id}", 200), Some(2.0), "{exposed:?}");
    assert_eq!((total("/fails", 500), total("/missing", 404)), (Some(1.0), Some(1.0)));
    let labels = "{endpoint=\"/users/{id}\",method=\"GET\",status=\"200\"}";
    assert_eq!(exposed.get(&format!("axum_http_requests_duration_seconds_count{labels}")), Some(2.0));
    assert_eq!(exposed.get("axum_http_requests_pending{endpoint=\"/users/{id}\",method=\"GET\"}"), Some(0.0));
    let bytes: f64 =
        exposed.samples.iter().filter(|(id, _)| id.contains("body_size_sum")).map(|(_, value)| value).sum();
    assert_eq!(bytes, 12.0, "{exposed:?}");
}

/// What a program implements to use axum-prometheus with another recorder.
struct Installs;

impl MakeDefaultHandle for Installs {
    type Out = Handle;

    fn make_default_handle(self) -> Handle {
        let matcher = Matcher::Full(AXUM_HTTP_REQUESTS_DURATION_SECONDS.to_string());
        let builder = Recorder::builder().set_buckets_for_metric(matcher, SECONDS_DURATION_BUCKETS).unwrap();
        builder.install_recorder().expect("the only test that installs one")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_pair_of_layer_and_handle_serves_metrics_from_the_router() {
    let (layer, handle) = GenericMetricLayer::pair_from(Installs);
    let shown = handle.clone();
    let app = router().route("/metrics", get(async move || shown.render())).layer(layer);
    let requests = (0..20).map(|id| {
        let app = app.clone();
        tokio::spawn(async move { request(&app, &format!("/users/{id}")).await })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), StatusCode::OK);
    }
    let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let body = std::str::from_utf8(&body).unwrap();
    let total = "axum_http_requests_total{endpoint=\"/users/{id}\",method=\"GET\",status=\"200\"} 20\n";
    assert!(body.contains(total), "{body}");
    assert!(body.contains("axum_http_requests_pending{endpoint=\"/metrics\",method=\"GET\"} 1\n"), "{body}");
    let seen = scraped(&handle);
    let buckets = seen.samples.keys().filter(|id| id.contains("_bucket{endpoint=\"/users/{id}\"")).count();
    assert_eq!(buckets, SECONDS_DURATION_BUCKETS.len() + 1);
}
