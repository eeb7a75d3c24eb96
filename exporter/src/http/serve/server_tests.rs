//! Crowds, over in-memory pipes: the cap is larger than the file descriptors that a test may count on.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc;
use std::time::Duration;

use streamgauge::Registry;
use streamgauge::{Exposition, Filter};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::http::limits::NEWCOMERS;
use crate::http::render::renderer::Renderer;
use crate::http::render::wanted::Render;
use crate::self_metrics::SelfMetrics;

/// Begins when the test lets it.
struct Gated(mpsc::Receiver<()>);

impl Render for Gated {
    fn collect(&mut self) {}

    fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
        // Open for ever once the test has dropped its end.
        let _ = self.0.recv();
        body.extend_from_slice(b"done\n");
    }
}

impl client::Client for DuplexStream {}

struct Crowded {
    connections: Connections,
    registry: Registry,
    gate: mpsc::Sender<()>,
}

impl Crowded {
    fn new() -> Crowded {
        Crowded::with(Networks::default())
    }

    fn with(networks: Networks) -> Crowded {
        let registry = Registry::new();
        let (gate, gated) = mpsc::channel();
        let renderer = Renderer::new(Gated(gated));
        let service =
            MetricsService::new(Some("/metrics".to_owned()), Vec::new(), renderer, SelfMetrics::register(&registry));
        Crowded { connections: Connections::new(service, networks), registry, gate }
    }

    /// Connects, and lets the server see what has happened.
    async fn connect(&self) -> DuplexStream {
        self.connect_from(None).await
    }

    async fn connect_from(&self, peer: Peer) -> DuplexStream {
        let (client, server) = duplex(4096);
        self.connections.client.serve(server, peer);
        tokio::task::yield_now().await;
        client
    }

    fn refused(&self) -> Option<f64> {
        self.registry.sample_value("streamgauge_exporter_connections_refused_total", &[])
    }
}

/// Lets every task do all it can do now: a paused clock goes on only when none has anything to do.
async fn settle() {
    tokio::time::pause();
    tokio::time::sleep(Duration::from_millis(1)).await;
    tokio::time::resume();
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
    // As many as can be served, and as many as can wait.
    for _ in 0..CONNECTIONS + NEWCOMERS {
        let mut client = crowded.connect().await;
        ask(&mut client).await;
        busy.push(client);
    }
    settle().await;
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
    connections.client.serve(next.1, None);
    ask(&mut next.0).await;
    assert!(hear(&mut next.0).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn clients_that_keep_their_connections_shut_nobody_out() {
    let crowded = Crowded::new();
    let mut kept = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = crowded.connect().await;
        client.write_all(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        kept.push(client);
    }
    settle().await;
    crowded.gate.send(()).unwrap();
    let mut scraper = crowded.connect().await;
    ask(&mut scraper).await;
    assert!(hear(&mut scraper).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(crowded.refused(), Some(1.0));
    // The one that asked longest ago had to leave, with its answer.
    assert!(hear(&mut kept[0]).await.starts_with("HTTP/1.1 404 "));
    let mut byte = [0];
    kept[1].read_exact(&mut byte).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), hear(&mut kept[1])).await.is_err());
}

/// 10.0.0.0/8 is allowed, and these come from there or not.
const INSIDE: Peer = Some(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)));
const OUTSIDE: Peer = Some(IpAddr::V4(Ipv4Addr::new(11, 1, 2, 3)));

fn with_list() -> Crowded {
    Crowded::with(Networks::parse(&["10.0.0.0/8".to_owned()]).unwrap())
}

#[tokio::test]
async fn clients_from_elsewhere_are_refused_before_anything_is_rendered() {
    let crowded = with_list();
    // The gate is shut: a rendering would not end.
    let mut outsider = crowded.connect_from(OUTSIDE).await;
    ask(&mut outsider).await;
    assert!(hear(&mut outsider).await.starts_with("HTTP/1.1 403 "));
    for peer in [INSIDE, None, Some(IpAddr::V6(Ipv4Addr::new(10, 1, 2, 3).to_ipv6_mapped()))] {
        crowded.gate.send(()).unwrap();
        let mut client = crowded.connect_from(peer).await;
        ask(&mut client).await;
        assert!(hear(&mut client).await.starts_with("HTTP/1.1 200 "), "{peer:?}");
    }
}

#[tokio::test]
async fn clients_from_elsewhere_take_no_place_from_others() {
    let crowded = with_list();
    crowded.gate.send(()).unwrap();
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        // The answer does not fit into the pipe and is never taken, so the connection stays.
        let (mut outsider, server) = duplex(64);
        crowded.connections.client.serve(server, OUTSIDE);
        ask(&mut outsider).await;
        tokio::task::yield_now().await;
        crowd.push(outsider);
    }
    let mut scraper = crowded.connect_from(INSIDE).await;
    ask(&mut scraper).await;
    assert!(hear(&mut scraper).await.starts_with("HTTP/1.1 200 "));
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
