//! A service with a queue and workers that measures itself: axum, `/metrics` mounted beside its routes, native metrics,
//! and what the system knows of the process.
//!
//! ```text
//! cargo run --release -p streamgauge-examples --example service
//! curl -d 'two apples' http://127.0.0.1:8080/orders/eu
//! curl http://127.0.0.1:8080/metrics
//! ```

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use axum::{Router, response::Response};
use clap::Parser;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use streamgauge::{Counter, DurationCounter, Family, Histogram, MetricSet, Registry, Tick, UpDownCounter};
use streamgauge_exporter::{Exporter, recorder::Recorder};
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error>;

const WORKERS: usize = 4;
const QUEUE: usize = 64;

// Set-up: what is measured, and where it is read.

/// The metrics of the service.
#[derive(MetricSet)]
pub(crate) struct Metrics {
    /// Requests that were answered.
    #[metric(by = ["region", "status"])]
    requests_total: Family<[&'static str; 2], Counter>,
    /// Orders that a worker is done with.
    #[metric(by = ["region"])]
    processed_total: Family<[&'static str; 1], Counter>,
    /// From the request to the end of its order.
    latency_seconds: Histogram,
    /// Time that workers spent on orders.
    busy_seconds_total: DurationCounter,
    /// Orders that were taken on and are not done.
    in_flight: UpDownCounter,
}

fn measure(registry: &Registry, orders: Receiver<Order>) -> Result<(Metrics, Router), Failure> {
    let scope = registry.scope("orders");
    scope.gauge("queue_depth", "Orders that wait for a worker.").callback(move || orders.len() as f64)?;
    Recorder::builder().registry(registry).install_recorder()?;
    #[cfg(target_os = "linux")]
    metrics_process::Collector::default().describe();
    let endpoint = Router::new().route_service("/metrics", Exporter::builder(registry).service());
    Ok((Metrics::register(&scope)?, endpoint.layer(from_fn(read_process))))
}

/// Has the process looked at before each scrape: `metrics-process` reads when it is told to, and records in the facade.
async fn read_process(request: Request, next: Next) -> Response {
    #[cfg(target_os = "linux")]
    metrics_process::Collector::default().collect();
    next.run(request).await
}

// The service itself.

/// One order on its way.
pub(crate) struct Order {
    region: String,
    text: String,
    received: Tick,
}

pub(crate) struct Service {
    pub(crate) queue: Sender<Order>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Takes an order on, or refuses it where too many wait.
pub(crate) async fn take(State(service): State<Arc<Service>>, Path(region): Path<String>, text: String) -> StatusCode {
    let order = Order { region: region.clone(), text, received: Tick::now() };
    // Before it is sent: a worker may be done with it at once.
    service.metrics.in_flight.inc();
    let status = match service.queue.try_send(order) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
            service.metrics.in_flight.dec();
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    service.metrics.requests_total.with(&[&*region, status.as_str()], Counter::inc);
    status
}

/// Works on orders until nobody can send one any more.
fn work(orders: &Receiver<Order>, metrics: &Metrics) {
    for order in orders {
        let start = Tick::now();
        // What the service is for.
        thread::sleep(Duration::from_micros(50 * order.text.len() as u64));
        let end = metrics.latency_seconds.lap(order.received);
        metrics.busy_seconds_total.add_between(start, end);
        metrics.processed_total.with(&[&*order.region], Counter::inc);
        metrics.in_flight.dec();
    }
}

/// Starts the workers; returns the routes. Who drops them ends the workers, when the queue is empty.
pub(crate) fn start(registry: &Registry) -> Result<(Router, Vec<JoinHandle<()>>), Failure> {
    let (queue, orders) = bounded(QUEUE);
    let (metrics, endpoint) = measure(registry, orders.clone())?;
    let metrics = Arc::new(metrics);
    let worker = |_| {
        let (orders, metrics) = (orders.clone(), Arc::clone(&metrics));
        thread::spawn(move || work(&orders, &metrics))
    };
    let workers = (0..WORKERS).map(worker).collect();
    let service = Arc::new(Service { queue, metrics });
    Ok((Router::new().route("/orders/{region}", post(take)).with_state(service).merge(endpoint), workers))
}

/// A service that measures itself
#[derive(Parser)]
struct Args {
    /// Where it answers
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example talks to its user")]
async fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind(Args::parse().listen).await?;
    let (app, workers) = start(&Registry::new())?;
    println!("orders to http://{0}/orders/REGION, metrics on http://{0}/metrics", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    // What was taken on is done.
    workers.into_iter().for_each(|worker| drop(worker.join()));
    Ok(())
}
