//! Crowds, over in-memory pipes: the cap is larger than the file descriptors that a test may count on.

use std::sync::mpsc;
use std::time::Duration;

use streamgauge::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use streamgauge::{Exposition, Filter};

use super::*;
use crate::http::render::{Render, Renderer};
use crate::self_metrics::SelfMetrics;

/// Begins when the test lets it.
struct Gated(mpsc::Receiver<()>);

impl Render for Gated {
    fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
        // Open for ever once the test has dropped its end.
        let _ = self.0.recv();
        body.extend_from_slice(b"done\n");
    }
}

struct Crowded {
    connections: Connections,
    registry: Registry,
    gate: mpsc::Sender<()>,
}

impl Crowded {
    fn new() -> Crowded {
        let registry = Registry::new();
        let (gate, gated) = mpsc::channel();
        let renderer = Renderer::new(Gated(gated));
        let service = MetricsService::new("/metrics".to_owned(), renderer, SelfMetrics::register(&registry));
        Crowded { connections: Connections::new(service), registry, gate }
    }

    /// Connects, and lets the server see what has happened.
    async fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(4096);
        self.connections.client.serve(server);
        tokio::task::yield_now().await;
        client
    }

    fn refused(&self) -> Option<f64> {
        self.registry.sample_value("streamgauge_exporter_connections_refused_total", &[])
    }
}

async fn ask(client: &mut DuplexStream) {
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
}

async fn hear(client: &mut DuplexStream) -> String {
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_crowd_of_silent_clients_shuts_nobody_out() {
    let crowded = Crowded::new();
    crowded.gate.send(()).unwrap();
    let mut crowd = Vec::new();
    for _ in 0..2000 {
        crowd.push(crowded.connect().await);
    }
    let mut scraper = crowded.connect().await;
    ask(&mut scraper).await;
    assert!(hear(&mut scraper).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(crowded.refused(), Some((2001 - CONNECTIONS) as f64));
    // The longest silent were the ones that had to leave.
    assert_eq!(hear(&mut crowd[0]).await, "");
}

#[tokio::test]
async fn a_client_for_which_there_is_no_room_is_told_so() {
    let crowded = Crowded::new();
    let mut busy = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = crowded.connect().await;
        ask(&mut client).await;
        busy.push(client);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut one_more = crowded.connect().await;
    ask(&mut one_more).await;
    assert!(hear(&mut one_more).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(crowded.refused(), Some(1.0));
    let Crowded { connections, gate, .. } = crowded;
    drop(gate);
    for client in &mut busy {
        assert!(hear(client).await.starts_with("HTTP/1.1 200 "));
    }
    let mut next = duplex(4096);
    connections.client.serve(next.1);
    ask(&mut next.0).await;
    assert!(hear(&mut next.0).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_every_connection_and_no_longer() {
    let crowded = Crowded::new();
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(crowded.connect().await);
    }
    let start = tokio::time::Instant::now();
    crowded.connections.drain().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    for client in &mut silent {
        assert_eq!(hear(client).await, "");
    }
}
