//! The deadlines of a connection, on a paused clock over an in-memory pipe.

use std::time::Duration;

use streamgauge::{Exposition, Filter};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;
use crate::http::cap::places::Places;
use crate::http::render::renderer::Renderer;
use crate::http::render::wanted::Render;
use crate::http::socket::client::Gone;
use crate::self_metrics::SelfMetrics;

const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";

/// Renders a body of a fixed size.
struct Sized(usize);

impl Render for Sized {
    fn collect(&mut self) {}

    fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
        body.resize(self.0, b'#');
    }
}

/// Serves one end of a pipe with room for `pipe` bytes, with bodies of `body` bytes.
fn connect(pipe: usize, body: usize) -> (DuplexStream, watch::Sender<bool>, JoinHandle<()>) {
    let service = MetricsService::new(
        Some("/metrics".to_owned()),
        Vec::new(),
        Renderer::new(Sized(body)),
        SelfMetrics::default(),
    );
    let (stop, stopped) = watch::channel(false);
    let (client, server) = duplex(pipe);
    (
        client,
        stop,
        tokio::spawn(serve(
            server,
            service,
            Access::Granted,
            Places::new(1).take(None, &Gone::when(|| false)).unwrap(),
            stopped,
        )),
    )
}

/// Sends a request and takes the first byte of the answer, while the clock stands still.
///
/// A paused clock jumps to the next deadline when no task has anything to do, as while the render thread works; but not
/// while the runtime waits for a blocking task.
async fn begin_to_read(client: &mut DuplexStream) -> Instant {
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let blocking = tokio::task::spawn_blocking(move || waits.recv());
    client.write_all(REQUEST).await.unwrap();
    client.read_u8().await.unwrap();
    drop(go_on);
    let _ = blocking.await.unwrap();
    Instant::now()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_cut_off() {
    let (mut client, _stop, served) = connect(1024, 10);
    let start = Instant::now();
    client.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
    let trickle = async {
        // One header byte a second: progress that must not count.
        loop {
            sleep(Duration::from_secs(1)).await;
            if client.write_all(b"a").await.is_err() {
                return;
            }
        }
    };
    tokio::join!(trickle, async { served.await.unwrap() });
    // Without a timer in hyper's builder this would be 300, by the maximum age.
    assert!((5..7).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_cut_off() {
    let (_client, _stop, served) = connect(1024, 10);
    let start = Instant::now();
    served.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_idle_kept_connection_is_cut_off() {
    let (mut client, _stop, served) = connect(64 * 1024, 10);
    let start = begin_to_read(&mut client).await;
    served.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off() {
    let (mut client, _stop, served) = connect(64, 1_000_000);
    let start = begin_to_read(&mut client).await;
    served.await.unwrap();
    assert!((9..12).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_a_byte_now_and_then_is_cut_off_at_the_maximum_age() {
    let (mut client, _stop, served) = connect(64, 1_000_000);
    let start = begin_to_read(&mut client).await;
    let reader = async {
        while client.read_u8().await.is_ok() {
            sleep(Duration::from_secs(9)).await;
        }
    };
    tokio::select! { _ = served => {}, () = reader => {} }
    assert!((305..320).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_an_idle_connection_at_once() {
    // One that has said nothing, one that has said half of a request, and one that has had an answer.
    for begins in [&b""[..], b"GET /metrics HTTP/1.1\r\nHo", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let (mut client, stop, served) = connect(1024, 10);
        client.write_all(begins).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        stop.send_replace(true);
        served.await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "{:?}", str::from_utf8(begins));
    }
}

#[tokio::test]
async fn a_client_that_closes_its_writing_side_gets_its_answer() {
    let (mut client, _stop, served) = connect(1024, 100_000);
    client.write_all(REQUEST).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() > 100_000, "{} bytes", answer.len());
    served.await.unwrap();
}

/// Serves a place of `places`, and returns the client's end.
fn connect_in(places: &Places, pipe: usize, body: usize) -> (DuplexStream, JoinHandle<()>) {
    let renderer = Renderer::new(Sized(body));
    let service = MetricsService::new(Some("/metrics".to_owned()), Vec::new(), renderer, SelfMetrics::default());
    let (stop, stopped) = watch::channel(false);
    let (client, server) = duplex(pipe);
    let place = places.take(None, &Gone::when(|| false)).unwrap();
    (
        client,
        tokio::spawn(async move {
            let _stop = stop;
            serve(server, service, Access::Granted, place, stopped).await;
        }),
    )
}

#[tokio::test]
async fn who_has_had_an_answer_leaves_for_a_newcomer() {
    let places = Places::new(1);
    let (mut client, served) = connect_in(&places, 64 * 1024, 100);
    for _ in 0..3 {
        client.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(&[b'#'; 100]) {
            answer.push(client.read_u8().await.unwrap());
        }
    }
    // It has the last byte, and the server has yet to see that it has.
    while places.take(None, &Gone::when(|| false)).is_none() {
        tokio::task::yield_now().await;
    }
    served.await.unwrap();
}

#[tokio::test]
async fn who_has_not_taken_an_answer_whole_stays() {
    let places = Places::new(1);
    let (mut client, served) = connect_in(&places, 64, 100_000);
    client.write_all(REQUEST).await.unwrap();
    client.read_u8().await.unwrap();
    assert!(places.take(None, &Gone::when(|| false)).is_none());
    let mut most = vec![0; 99_900];
    client.read_exact(&mut most).await.unwrap();
    assert!(
        !served.is_finished() && places.take(None, &Gone::when(|| false)).is_none(),
        "some bytes have no room in the pipe yet"
    );
    let mut rest = Vec::new();
    while !served.is_finished() {
        tokio::task::yield_now().await;
        let mut some = [0; 64];
        if places.take(None, &Gone::when(|| false)).is_none() {
            let read = client.read(&mut some).await.unwrap();
            rest.extend_from_slice(&some[..read]);
        }
    }
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"##"));
    served.await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_a_busy_connection_finish() {
    let (mut client, stop, served) = connect(64, 100_000);
    client.write_all(REQUEST).await.unwrap();
    client.read_u8().await.unwrap();
    stop.send_replace(true);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() > 100_000 && rest.ends_with(b"##"));
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_no_longer_than_the_drain_time() {
    let (mut client, stop, served) = connect(64, 1_000_000);
    let start = begin_to_read(&mut client).await;
    stop.send_replace(true);
    let reader = async {
        while client.read_u8().await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! { _ = served => {}, () = reader => {} }
    assert!((9..12).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_turned_away_gets_a_whole_answer() {
    let (mut client, server) = duplex(1024);
    client.write_all(REQUEST).await.unwrap();
    let told = tokio::spawn(turn_away(server));
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    drop(client);
    told.await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "));
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
}
