//! The example `service`, started and used: its metrics have the values of what was done to it.

#[path = "../examples/service.rs"]
#[allow(dead_code, reason = "its main is not run")]
mod service;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use streamgauge::Registry;
use tokio::net::TcpListener;

fn ask(addr: SocketAddr, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    // Only keeps a broken program from hanging.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let length = body.len();
    write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_metrics_tell_what_was_done() {
    let registry = Registry::new();
    let (app, workers) = service::start(&registry).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) }).await.unwrap();
    });
    let sent = tokio::task::spawn_blocking(move || {
        for (region, orders) in [("eu", 5), ("us", 3)] {
            for _ in 0..orders {
                let answer = ask(addr, &format!("POST /orders/{region}"), "two apples");
                assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
            }
        }
        ask(addr, "GET /metrics", "")
    });
    let page = sent.await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("\norders_queue_depth "), "{page}");
    // The process, by the facade's recorder in the same registry.
    #[cfg(target_os = "linux")]
    assert!(page.contains("\nprocess_open_fds ") && page.contains("\nprocess_cpu_seconds_total "), "{page}");

    stop.send(()).unwrap();
    serving.await.unwrap();
    tokio::task::spawn_blocking(|| workers.into_iter().for_each(|worker| worker.join().unwrap())).await.unwrap();
    let value = |name: &str, labels: &[(&str, &str)]| registry.read_sample(name, labels).unwrap();
    assert_eq!(value("orders_requests_total", &[("region", "eu"), ("status", "202")]), 5.0);
    assert_eq!(value("orders_processed_total", &[("region", "us")]), 3.0);
    assert_eq!(value("orders_latency_seconds_count", &[]), 8.0);
    assert_eq!((value("orders_in_flight", &[]), value("orders_queue_depth", &[])), (0.0, 0.0));
    // Eight orders of half a millisecond each, at least.
    assert!(value("orders_busy_seconds_total", &[]) >= 0.004);
    assert!(value("orders_latency_seconds_sum", &[]) >= value("orders_busy_seconds_total", &[]));
}

#[test]
fn a_full_queue_is_an_answer() {
    let start = Instant::now();
    let (queue, orders) = crossbeam_channel::bounded(1);
    let registry = Registry::new();
    let metrics = std::sync::Arc::new(<service::Metrics as streamgauge::MetricSet>::register(&registry).unwrap());
    let service = std::sync::Arc::new(service::Service { queue, metrics });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for expected in [202, 503, 503] {
        let (state, region) = (axum::extract::State(service.clone()), axum::extract::Path("eu".to_owned()));
        let status = runtime.block_on(service::take(state, region, "one pear".to_owned()));
        assert_eq!(status.as_u16(), expected);
    }
    assert_eq!(registry.read_sample("requests_total", &[("region", "eu"), ("status", "503")]), Ok(2.0));
    assert_eq!(registry.read_sample("in_flight", &[]), Ok(1.0));
    assert_eq!(orders.len(), 1);
    assert!(start.elapsed() < Duration::from_secs(60), "nothing waits");
}
