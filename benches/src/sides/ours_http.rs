//! Our endpoint, called without a socket: what a scrape costs with and without compression.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Mutex;

use http_body_util::BodyExt;
use hyper::header::ACCEPT_ENCODING;
use hyper::{Request, Response};
use streamgauge_exporter::{Body, Exporter, MetricsService};
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use super::ours::counters;
use crate::inputs::{COUNTER_SERIES, SLABS};
use crate::runner::Side;

/// The body of 10,000 counters, compressed.
pub fn gzip_scrape() -> Side {
    serving("gzip")
}

/// The same body as it is.
pub fn plain_scrape() -> Side {
    serving("identity")
}

/// Requests one after the other, on a runtime that waits for the render thread.
fn serving(coding: &'static str) -> Side {
    let (registry, parked) = counters(COUNTER_SERIES, SLABS);
    let service = Exporter::builder(&registry).service();
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let kept = Mutex::new((runtime, service));
    Side::ours(move |n| {
        let mut kept = kept.lock().expect("one client");
        let (runtime, service) = &mut *kept;
        for _ in 0..n {
            black_box(get(runtime, service, coding));
        }
    })
    .between(move || {
        let _alive = &parked;
    })
}

/// Returns the bytes of the answer.
fn get(runtime: &Runtime, service: &mut MetricsService, coding: &str) -> usize {
    runtime.block_on(async {
        let request = Request::get("/metrics").header(ACCEPT_ENCODING, coding).body(()).expect("a request");
        let response: Result<Response<Body>, Infallible> = service.call(request).await;
        let Ok(response) = response;
        assert!(response.status().is_success(), "{}", response.status());
        assert_eq!(response.headers().contains_key("content-encoding"), coding == "gzip");
        let body = response.into_body().collect().await;
        body.map(|body| body.to_bytes().len()).unwrap_or_default()
    })
}
