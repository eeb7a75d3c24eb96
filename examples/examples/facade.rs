//! Instrumentation that knows nothing of streamgauge, in its scrape: a web service with `axum-prometheus` and
//! `metrics-process`, which record through the `metrics` facade, beside a pipeline that uses the engine's own handles.
//!
//! ```text
//! cargo run --release -p streamgauge-examples --example facade
//! curl http://127.0.0.1:9000/metrics
//! ```

use axum::extract::Path;
use axum::{Router, routing::get};
use axum_prometheus::BaseMetricLayer;
use clap::Parser;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use streamgauge::{Counter, Registry};
use streamgauge_exporter::recorder::{Matcher, Recorder};
use tokio::net::TcpListener;

/// A web service and a pipeline, in one scrape
#[derive(Parser)]
struct Args {
    /// Where the metrics are served
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Where the service answers
    #[arg(long, default_value = "127.0.0.1:8080")]
    app: SocketAddr,
    /// Requests the example sends to its service
    #[arg(long, default_value_t = 100)]
    requests: u32,
    /// Serve OpenMetrics and protobuf too, to those who ask for them
    #[arg(long)]
    all_formats: bool,
    /// Print the metrics and end, instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example talks to its user")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let registry = Registry::new();

    // The one line that changes when the stock exporter is replaced: it was `PrometheusBuilder::new()`.
    let handle = Recorder::builder()
        .registry(&registry)
        .with_http_listener(args.listen)
        .set_buckets_for_metric(
            Matcher::Full("axum_http_requests_duration_seconds".into()),
            &[0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0],
        )?
        // Unless told otherwise the recorder serves text 0.0.4 alone, as the stock one does.
        .with_exporter(|exporter| if args.all_formats { exporter.formats([]) } else { exporter })
        .install()?;

    // What the service's libraries do, as they do it everywhere.
    #[cfg(target_os = "linux")]
    metrics_process::Collector::default().describe();
    let app = Router::new().route("/orders/{id}", get(order)).layer(BaseMetricLayer::new());
    let listener = TcpListener::bind(args.app).await?;
    let service = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    // What the pipeline does: the engine's own handles, in the same registry.
    let events: Counter = registry.counter("pipeline_events_total", "Events the pipeline has moved.").register()?;

    println!("service on http://{service}/orders/7");
    println!("metrics on http://{}/metrics", handle.local_addrs()[0]);
    let sent = tokio::task::spawn_blocking(move || (0..args.requests).try_for_each(|id| request(service, id)));
    sent.await??;
    (0..1_000_000).for_each(|_| events.inc());
    read_process();
    if args.once {
        print!("{}", handle.render());
        return Ok(());
    }
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = second.tick() => read_process(),
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
        }
    }
}

/// Has the process looked at: `metrics-process` reads when it is told to.
fn read_process() {
    #[cfg(target_os = "linux")]
    metrics_process::Collector::default().collect();
}

async fn order(Path(id): Path<u32>) -> String {
    metrics::counter!("orders.read", "parity" => if id.is_multiple_of(2) { "even" } else { "odd" }).increment(1);
    format!("order {id}\n")
}

fn request(service: SocketAddr, id: u32) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(service)?;
    write!(stream, "GET /orders/{id} HTTP/1.1\r\nhost: {service}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(())
}
