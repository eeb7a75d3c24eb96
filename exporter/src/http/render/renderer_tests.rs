//! Coalescing, against a renderer that does what the test tells it to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use streamgauge::{Escaping, Exposition, Filter, Format};
use tokio::task::JoinHandle;

use super::*;
use crate::http::limits::PARTS;
use crate::http::render::coding::Coding;
use broken::Broken;

#[path = "../../../tests/common/broken.rs"]
mod broken;

/// Numbers its renderings from 1. Says when one begins, and lets it end on command.
struct Gated {
    begun: mpsc::Sender<usize>,
    go_on: mpsc::Receiver<bool>,
    count: usize,
    collections: Arc<AtomicUsize>,
}

/// Only keeps a broken program from hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test's end of a [`Gated`] renderer.
struct Gate {
    begun: mpsc::Receiver<usize>,
    go_on: mpsc::Sender<bool>,
    collections: Arc<AtomicUsize>,
}

impl Render for Gated {
    fn collect(&mut self) {
        self.collections.fetch_add(1, Ordering::SeqCst);
    }

    fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
        self.count += 1;
        let _ = self.begun.send(self.count);
        assert!(self.go_on.recv().unwrap_or(true), "told to panic");
        body.extend_from_slice(self.count.to_string().as_bytes());
    }
}

fn gated() -> (Renderer, Gate) {
    let (begun, begun_here) = mpsc::channel();
    let (go_on_here, go_on) = mpsc::channel();
    let collections = Arc::new(AtomicUsize::new(0));
    let gated = Gated { begun, go_on, count: 0, collections: collections.clone() };
    (Renderer::new(gated), Gate { begun: begun_here, go_on: go_on_here, collections })
}

impl Gate {
    fn wait_for_beginning(&self) -> usize {
        self.begun.recv_timeout(PATIENCE).unwrap()
    }

    fn collections(&self) -> usize {
        self.collections.load(Ordering::SeqCst)
    }
}

/// Everything, as text, as it is.
fn all() -> Wanted {
    Wanted { exposition: Exposition::default(), filter: Filter::all(), coding: Coding::Identity }
}

/// One family of it.
fn part(name: &str) -> Wanted {
    Wanted { filter: Filter::names([name]), ..all() }
}

/// Starts a request and returns once it has joined a turn.
async fn request(renderer: &Renderer) -> JoinHandle<Outcome> {
    request_of(renderer, all()).await
}

async fn request_of(renderer: &Renderer, wanted: Wanted) -> JoinHandle<Outcome> {
    let renderer = renderer.clone();
    let request = tokio::spawn(async move { renderer.render(wanted).await });
    // On a runtime of one thread the new task runs up to its first wait before this one goes on.
    tokio::task::yield_now().await;
    request
}

async fn body(request: JoinHandle<Outcome>) -> Bytes {
    request.await.unwrap().unwrap().loan.to_bytes()
}

#[tokio::test]
async fn requests_during_a_rendering_share_the_next_one() {
    let (renderer, gate) = gated();
    let first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    let mut joined = Vec::new();
    for _ in 0..200 {
        joined.push(request(&renderer).await);
    }
    gate.go_on.send(true).unwrap();
    gate.go_on.send(true).unwrap();
    assert_eq!(body(first).await, "1");
    let mut address = None;
    for request in joined {
        let body = body(request).await;
        assert_eq!(body, "2");
        assert_eq!(*address.get_or_insert(body.as_ptr()), body.as_ptr());
    }
    assert_eq!(gate.wait_for_beginning(), 2);
    assert!(gate.begun.try_recv().is_err());
}

#[tokio::test]
async fn a_request_that_goes_away_takes_nothing_with_it() {
    let (renderer, gate) = gated();
    let first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    // The first to join the next turn leaves before it begins, the one that began the running turn in the middle.
    let (second, third) = (request(&renderer).await, request(&renderer).await);
    second.abort();
    first.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    gate.go_on.send(true).unwrap();
    gate.go_on.send(true).unwrap();
    assert_eq!(body(third).await, "2");
}

#[tokio::test]
async fn a_turn_that_everybody_left_is_not_rendered() {
    let (renderer, gate) = gated();
    let first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    let second = request(&renderer).await;
    second.abort();
    let _ = second.await;
    gate.go_on.send(true).unwrap();
    assert_eq!(body(first).await, "1");
    assert!(gate.begun.recv_timeout(Duration::from_millis(200)).is_err());
    gate.go_on.send(true).unwrap();
    assert_eq!(body(request(&renderer).await).await, "2");
}

#[tokio::test]
async fn each_thing_that_is_wanted_is_rendered_once_a_turn() {
    let (renderer, gate) = gated();
    let first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    let open_metrics = || Wanted { exposition: Exposition::from(Format::OpenMetrics), ..all() };
    let gzip = || Wanted { coding: Coding::GzipOnly, ..all() };
    let mut kinds = Vec::new();
    // Parts are asked for first, and rendered last; of the others that one first which nobody has asked for before.
    for wanted in [part("b"), part("a"), all(), open_metrics(), gzip()] {
        kinds.push((request_of(&renderer, wanted.clone()).await, request_of(&renderer, wanted).await));
    }
    for _ in 0..6 {
        gate.go_on.send(true).unwrap();
    }
    assert_eq!(body(first).await, "1");
    let mut bodies = Vec::new();
    for (request, other) in kinds {
        let (rendered, other) = (request.await.unwrap().unwrap(), other.await.unwrap().unwrap());
        assert!(Arc::ptr_eq(&rendered.loan, &other.loan));
        bodies.push(rendered);
    }
    let [b, a, all, open_metrics, gzip] = &bodies[..] else { panic!() };
    assert_eq!([b, a, all, open_metrics].map(|rendered| rendered.loan.to_bytes()), ["5", "6", "4", "2"]);
    assert!(gzip.compressed && !all.compressed);
    assert!(open_metrics.content_type.starts_with("application/openmetrics-text"));
    assert!(all.content_type.starts_with("text/plain"));
    assert_eq!(gate.begun.try_iter().last(), Some(6));
    assert_eq!(gate.collections(), 2, "once a turn");
}

#[tokio::test]
async fn the_whole_goes_between_parts() {
    let (renderer, gate) = gated();
    let mut parts = Vec::new();
    for name in ["a", "b", "c", "d"] {
        parts.push(request_of(&renderer, part(name)).await);
    }
    assert_eq!(gate.wait_for_beginning(), 1);
    // The thread has a part in hand, and perhaps all of them.
    let whole = request(&renderer).await;
    let late = request_of(&renderer, part("a")).await;
    gate.go_on.send(true).unwrap();
    assert_eq!(gate.wait_for_beginning(), 2);
    let another = request(&renderer).await;
    gate.go_on.send(true).unwrap();
    assert_eq!(body(whole).await, "2");
    // Parts are not starved: one comes between two turns of the others.
    assert_eq!(gate.wait_for_beginning(), 3);
    for _ in 0..5 {
        gate.go_on.send(true).unwrap();
    }
    assert_eq!(body(another).await, "4");
    let parts = [parts.remove(0), parts.remove(0), parts.remove(0), parts.remove(0), late];
    let mut numbers = Vec::new();
    for part in parts {
        numbers.push(body(part).await);
    }
    assert_eq!(numbers, ["1", "3", "5", "6", "7"]);
}

#[tokio::test]
async fn what_is_rarely_wanted_comes_first() {
    let greedy = || {
        let formats = [Format::Text, Format::OpenMetrics, Format::OpenMetrics001, Format::Protobuf];
        formats.into_iter().flat_map(|format| {
            let codings = [Coding::Identity, Coding::Gzip].into_iter();
            codings.map(move |coding| Wanted { exposition: Exposition::from(format), filter: Filter::all(), coding })
        })
    };
    let (renderer, gate) = gated();
    for _ in 0..9 {
        gate.go_on.send(true).unwrap();
    }
    let rare = Wanted { exposition: Exposition::default().with_escaping(Escaping::Values), ..all() };
    renderer.render(rare.clone()).await.unwrap();
    for wanted in greedy() {
        renderer.render(wanted).await.unwrap();
    }
    // The thread is held up, while everything is asked for again.
    let _held_up = request_of(&renderer, part("a")).await;
    while gate.wait_for_beginning() < 10 {}
    let mut others = Vec::new();
    for wanted in greedy().chain([Wanted { coding: Coding::GzipOnly, ..all() }]) {
        others.push(request_of(&renderer, wanted).await);
    }
    let scrape = request_of(&renderer, rare).await;
    let collections = gate.collections();
    for _ in 0..10 {
        gate.go_on.send(true).unwrap();
    }
    assert_eq!(body(scrape).await, "11");
    let mut bodies = Vec::new();
    for request in others {
        bodies.push(request.await.unwrap().unwrap());
    }
    assert_eq!(gate.collections(), collections + 1);
    // Who insists on gzip and who only prefers it are answered by one rendering, which suits both.
    assert!(Arc::ptr_eq(&bodies[1].loan, &bodies[8].loan));
    assert!(bodies[1].compressed && !bodies[3].compressed, "tiny bodies are compressed for those who insist");
}

#[tokio::test]
async fn a_collection_that_panics_fails_its_turn_and_no_other() {
    struct Breaks(bool);
    impl Render for Breaks {
        fn collect(&mut self) {
            self.0 = !self.0;
            assert!(self.0, "the user's code");
        }

        fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
            body.push(b'x');
        }
    }
    let renderer = Renderer::new(Breaks(false));
    for _ in 0..3 {
        assert_eq!(renderer.render(all()).await.unwrap().loan.to_bytes(), "x");
        assert_eq!(renderer.render(all()).await.unwrap_err(), RenderError::Panicked);
    }
}

#[tokio::test]
async fn a_log_that_panics_does_not_end_the_thread() {
    /// Logs on its own, panics, and lets the thread log that.
    struct Logs(usize);
    impl Render for Logs {
        fn collect(&mut self) {}

        fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
            if self.0 == 0 {
                // Of this thread only, until the guard is dropped: never.
                std::mem::forget(tracing::subscriber::set_default(Broken));
            }
            self.0 += 1;
            assert!(self.0.is_multiple_of(2), "the user's code");
            body.push(b'x');
        }
    }
    let renderer = Renderer::new(Logs(0));
    for _ in 0..3 {
        assert_eq!(renderer.render(all()).await.unwrap_err(), RenderError::Panicked);
        assert_eq!(renderer.render(all()).await.unwrap().loan.to_bytes(), "x");
    }
}

#[tokio::test]
async fn parts_are_bounded_and_the_whole_is_not() {
    let (renderer, gate) = gated();
    let _first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    let mut parts = Vec::new();
    for number in 0..PARTS {
        parts.push(request_of(&renderer, part(&number.to_string())).await);
    }
    assert_eq!(renderer.render(part("more")).await.unwrap_err(), RenderError::TooManyParts);
    // One that is there already, and the whole.
    let (same, whole) = (request_of(&renderer, part("0")).await, request(&renderer).await);
    // A place that nobody wants any more is free.
    parts[1].abort();
    assert!((&mut parts[1]).await.unwrap_err().is_cancelled());
    let more = request_of(&renderer, part("more")).await;
    assert_eq!(renderer.render(part("most")).await.unwrap_err(), RenderError::TooManyParts);
    for _ in 0..PARTS + 2 {
        gate.go_on.send(true).unwrap();
    }
    assert_eq!((body(whole).await, body(same).await), ("2".into(), "3".into()));
    assert_eq!(body(more).await, (PARTS + 2).to_string());
}

#[tokio::test]
async fn a_part_that_was_scraped_before_takes_the_place_of_one_that_was_not() {
    let (renderer, gate) = gated();
    for _ in 0..2 {
        gate.go_on.send(true).unwrap();
        renderer.render(part("scraped")).await.unwrap();
    }
    let _held_up = request(&renderer).await;
    while gate.wait_for_beginning() < 3 {}
    let mut parts = Vec::new();
    for number in 0..PARTS {
        parts.push(request_of(&renderer, part(&number.to_string())).await);
    }
    let scraped = request_of(&renderer, part("scraped")).await;
    tokio::task::yield_now().await;
    let refused: Vec<_> = parts.extract_if(.., |part| part.is_finished()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(renderer.render(part("more")).await.unwrap_err(), RenderError::TooManyParts);
    for _ in 0..=PARTS {
        gate.go_on.send(true).unwrap();
    }
    assert!(scraped.await.unwrap().is_ok());
    for part in parts {
        assert!(part.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_panic_fails_its_rendering_and_no_other() {
    let (renderer, gate) = gated();
    let first = request(&renderer).await;
    assert_eq!(gate.wait_for_beginning(), 1);
    let (second, third) = (request(&renderer).await, request(&renderer).await);
    let part = request_of(&renderer, part("a")).await;
    for fine in [true, false, true] {
        gate.go_on.send(fine).unwrap();
    }
    assert_eq!(body(first).await, "1");
    assert_eq!(second.await.unwrap().unwrap_err(), RenderError::Panicked);
    assert_eq!(third.await.unwrap().unwrap_err(), RenderError::Panicked);
    assert_eq!(body(part).await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_body_is_older_than_its_request() {
    static VALUE: AtomicUsize = AtomicUsize::new(0);
    struct Reads;
    impl Render for Reads {
        fn collect(&mut self) {}

        fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
            body.extend_from_slice(VALUE.load(Ordering::SeqCst).to_string().as_bytes());
        }
    }
    let renderer = Renderer::new(Reads);
    let mut readers = Vec::new();
    for _ in 0..8 {
        let renderer = renderer.clone();
        readers.push(tokio::spawn(async move {
            for _ in 0..500 {
                let written = VALUE.fetch_add(1, Ordering::SeqCst) + 1;
                let body = renderer.render(all()).await.unwrap().loan.to_bytes();
                let read: usize = std::str::from_utf8(&body).unwrap().parse().unwrap();
                assert!(read >= written, "read {read} after {written} was written");
            }
        }));
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn bodies_that_nobody_takes_keep_nobody_from_the_next() {
    const BYTES: usize = 17 << 20;
    struct Huge;
    impl Render for Huge {
        fn collect(&mut self) {}

        fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
            *body = vec![0; BYTES];
        }
    }
    let renderer = Renderer::new(Huge);
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(renderer.render(all()).await.unwrap().loan);
    }
    assert_eq!(held.iter().filter(|loan| !loan.is_called_back()).count(), 4);
}

#[tokio::test]
async fn the_thread_ends_with_the_last_handle() {
    struct SaysGoodbye(mpsc::Sender<()>);
    impl Render for SaysGoodbye {
        fn collect(&mut self) {}

        fn render(&mut self, _: Exposition, _: &Filter, _: &mut Vec<u8>) {}
    }
    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (goodbye, heard) = mpsc::channel();
    let renderer = Renderer::new(SaysGoodbye(goodbye));
    let clone = renderer.clone();
    renderer.render(all()).await.unwrap();
    drop(renderer);
    clone.render(all()).await.unwrap();
    assert!(heard.try_recv().is_err());
    drop(clone);
    heard.recv_timeout(PATIENCE).unwrap();
}
