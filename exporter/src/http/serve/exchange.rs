//! What is known of one connection's requests and answers: between the service, which makes the answers, the stream, which
//! sends them, and the place that the connection holds.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::http::cap::places::Place;
use crate::http::render::body::Body;

/// One connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    place: Place,
    /// Relaxed: the connection is one task, so nothing of it runs at the same time.
    stage: AtomicU8,
}

/// It has no request.
const IDLE: u8 = 0;
/// It has one, whose answer is being made or is not with hyper as a whole.
const ASKED: u8 = 1;
/// hyper has the answer, and sends it.
const SENDING: u8 = 2;

impl Exchange {
    /// From now on the connection is listened to.
    pub(crate) fn new(place: Place) -> Arc<Exchange> {
        place.listen();
        Arc::new(Exchange { place, stage: AtomicU8::new(IDLE) })
    }

    /// A request has come. Those who get nothing (`keeps_place` is false) do not keep their place from those who would.
    pub(crate) fn ask(&self, keeps_place: bool) {
        self.stage.store(ASKED, Ordering::Relaxed);
        if keeps_place {
            self.place.ask();
        }
    }

    /// Returns whether no request is being answered.
    pub(crate) fn is_idle(&self) -> bool {
        self.stage.load(Ordering::Relaxed) == IDLE
    }

    /// Nothing is left to be sent of what hyper has.
    pub(crate) fn flushed(&self) {
        if self.stage.load(Ordering::Relaxed) == SENDING {
            self.stage.store(IDLE, Ordering::Relaxed);
            self.place.answered();
        }
    }

    /// The client takes nothing, or something again.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.place.stall(is_stalled);
    }

    /// Waits until the connection has to end, for another that has its place.
    pub(crate) async fn sent_away(&self) {
        self.place.sent_away().await;
    }

    /// Follows an answer until hyper has all of it.
    pub(crate) fn answer(self: &Arc<Exchange>, body: Body) -> Answer {
        self.place.send();
        Answer { body, exchange: Arc::clone(self) }
    }
}

/// The body of an answer on its way to hyper.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    exchange: Arc<Exchange>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.exchange.stage.store(SENDING, Ordering::Relaxed);
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
