//! The endpoint inside somebody else's server.

mod common;

use axum::Router;
use axum::body::HttpBody;
use axum::routing::get;
use common::{Client, scrape};
use streamgauge::{Format, Registry};
use streamgauge_exporter::{Body, Exporter, MetricsService};
use tower_service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axum_mounts_it_beside_its_own_routes() {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(7);
    let app = Router::new()
        .route("/", get(async || "the application"))
        .route_service("/metrics", Exporter::builder(&registry).service());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    let checks = tokio::task::spawn_blocking(move || {
        let response = scrape(addr);
        assert!(response.body.contains("\nevents_total 7\n"));
        assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        let mut client = Client::connect(addr);
        client.send(b"HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_ne!(client.receive(false).header("content-length"), "0");
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(client.receive(true).body, "the application");
        client.send(b"POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(client.receive(true).status, 405);
    });
    checks.await.unwrap();
}

#[tokio::test]
async fn it_serves_metrics_wherever_it_is_mounted() {
    use tower::ServiceExt;
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(7);
    let mounts: [(Router, &str); 4] = [
        (Router::new().nest_service("/metrics", Exporter::builder(&registry).service()), "/metrics"),
        (Router::new().route_service("/internal/metrics", Exporter::builder(&registry).service()), "/internal/metrics"),
        (Router::new().fallback_service(Exporter::builder(&registry).service()), "/"),
        (Router::new().route_service("/m", Exporter::builder(&registry).path("/m").service()), "/m"),
    ];
    for (app, path) in mounts {
        let request = hyper::Request::builder().uri(path).body(axum::body::Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("\nevents_total 7\n"), "{path}: {body:?}");
    }
}

#[tokio::test]
async fn formats_that_are_pinned_are_the_only_ones() {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().inc();
    for (formats, expected) in [
        (&[][..], "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
        (&[Format::Text], "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"),
    ] {
        let mut service = Exporter::builder(&registry).formats(formats.iter().copied()).service();
        let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let request = hyper::Request::builder().header("accept", prometheus).body(()).unwrap();
        let response = service.call(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], expected);
    }
}

#[tokio::test]
async fn it_can_be_called_without_a_server() {
    let registry = Registry::new();
    let mut service = Exporter::builder(&registry).path("/m").service();
    // No `Host`, and a body type that is no body at all.
    let request = hyper::Request::builder().uri("/m").body(()).unwrap();
    let response = service.call(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let length = response.headers()["content-length"].clone();
    assert_eq!(response.body().size_hint().exact().unwrap().to_string(), length);

    let request = hyper::Request::builder().method("HEAD").uri("/m").body(()).unwrap();
    let response = service.call(request).await.unwrap();
    assert_eq!(response.headers()["content-length"].len(), length.len());
    assert!(response.body().is_end_stream());
}

#[test]
fn it_fits_where_services_are_wanted() {
    fn mountable<S, B>(_: &S)
    where
        S: Service<hyper::Request<B>, Response = hyper::Response<Body>, Error = std::convert::Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
    }
    fn serves_in_hyper<S: hyper::service::Service<hyper::Request<hyper::body::Incoming>> + Clone>(_: &S) {}
    let service: MetricsService = Exporter::builder(&Registry::new()).service();
    mountable::<_, axum::body::Body>(&service);
    mountable::<_, hyper::body::Incoming>(&service);
    serves_in_hyper(&service);
}

#[test]
#[should_panic(expected = "cannot serve the path `metrics`")]
fn a_wrong_path_is_found_at_the_start() {
    let _ = Exporter::builder(&Registry::new()).path("metrics").service();
}

#[tokio::test]
async fn created_samples_are_there_where_they_were_asked_for() {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().inc();
    for wanted in [false, true] {
        let mut service = Exporter::builder(&registry).created_samples(wanted).self_metrics(false).service();
        let request = hyper::Request::builder().uri("/metrics");
        let request = request.header("accept", "application/openmetrics-text;version=1.0.0").body(()).unwrap();
        let response = service.call(request).await.unwrap();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(text.contains("events_created "), wanted, "{text}");
        assert!(text.contains("events_total 1\n") && text.ends_with("# EOF\n"), "{text}");
    }
}
