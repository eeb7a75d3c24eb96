//! Bodies that many read, and that can be called back.
//!
//! All readers of an exposition share its bytes. Each is handed a copy of a piece at a time, so that nothing below (the
//! protocol, a server in which the endpoint is mounted) keeps the whole: what a reader has not taken can be freed at any
//! moment, and ends its connection when it comes for more.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::http::limits::{PACE_BYTES, PIECE_BYTES};

/// The bytes of an exposition, shared by its readers.
#[derive(Debug)]
pub(crate) struct Loan {
    state: Mutex<State>,
    length: usize,
    since: Instant,
}

#[derive(Debug)]
struct State {
    /// `None` once they are called back.
    bytes: Option<Bytes>,
    readers: Vec<Weak<Reader>>,
}

/// How far somebody has come. Relaxed: read under the lock, to decide about patience only.
#[derive(Debug)]
struct Reader {
    since: Instant,
    taken: AtomicUsize,
    called_back: AtomicBool,
}

impl Loan {
    pub(crate) fn new(bytes: Bytes) -> Arc<Loan> {
        let length = bytes.len();
        let state = Mutex::new(State { bytes: Some(bytes), readers: Vec::new() });
        Arc::new(Loan { state, length, since: Instant::now() })
    }

    /// Returns how long it has been read.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Returns whether its memory is free.
    pub(crate) fn is_called_back(&self) -> bool {
        self.lock().bytes.is_none()
    }

    /// Takes the bytes of a loan that nobody reads any more.
    pub(crate) fn into_bytes(self) -> Option<Bytes> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Frees the memory, whoever reads.
    pub(crate) fn call_back(&self) {
        self.lock().bytes = None;
    }

    /// Turns those away who read slowly, and frees the memory if nobody else reads.
    pub(crate) fn call_back_from_the_slow(&self, patience: Duration) {
        if self.age() < patience {
            return;
        }
        let mut state = self.lock();
        state.readers.retain(|reader| reader.upgrade().is_some_and(|reader| !reader.turn_away_if_slow(patience)));
        if state.readers.is_empty() {
            state.bytes = None;
        }
    }

    #[cfg(test)]
    pub(crate) fn to_bytes(&self) -> Bytes {
        self.lock().bytes.clone().unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_reader(&self, at: usize) -> Arc<Reader> {
        let (taken, called_back) = (AtomicUsize::new(at), AtomicBool::new(false));
        let reader = Arc::new(Reader { since: Instant::now(), taken, called_back });
        let mut state = self.lock();
        if state.readers.len() == state.readers.capacity() {
            state.readers.retain(|reader| reader.strong_count() > 0);
        }
        state.readers.push(Arc::downgrade(&reader));
        reader
    }

    /// Copies the piece that begins at `at`; `None` if it is too late.
    fn piece(&self, at: usize, reader: &Reader) -> Option<Bytes> {
        // Cloned, so that the lock is not held over the copy.
        let bytes = self.lock().bytes.clone().filter(|_| !reader.called_back.load(Ordering::Relaxed))?;
        let end = self.length.min(at + PIECE_BYTES);
        let piece = bytes.get(at..end).map(Bytes::copy_from_slice);
        reader.taken.store(end, Ordering::Relaxed);
        piece
    }
}

impl Reader {
    fn turn_away_if_slow(&self, patience: Duration) -> bool {
        let elapsed = self.since.elapsed();
        let due = elapsed.as_micros() * PACE_BYTES / 1_000_000;
        let is_slow = elapsed >= patience && (self.taken.load(Ordering::Relaxed) as u128) < due;
        if is_slow {
            self.called_back.store(true, Ordering::Relaxed);
        }
        is_slow
    }
}

/// The body of every response: complete when it begins, and shared with the other readers of the same exposition.
///
/// Cloning is a reference count and a few words. An exposition that is read slowly while its memory is needed ends with
/// an error.
#[derive(Debug)]
pub struct Body(Inner);

#[derive(Debug)]
enum Inner {
    Short(Bytes),
    Loan { loan: Arc<Loan>, reader: Arc<Reader>, at: usize },
}

impl Body {
    /// A body that is small.
    pub(crate) fn short(bytes: Bytes) -> Body {
        Body(Inner::Short(bytes))
    }

    /// An exposition, from its beginning.
    pub(crate) fn exposition(loan: Arc<Loan>) -> Body {
        let reader = loan.add_reader(0);
        Body(Inner::Loan { loan, reader, at: 0 })
    }

    /// Returns how many bytes are left.
    pub(crate) fn left(&self) -> usize {
        match &self.0 {
            Inner::Short(bytes) => bytes.len(),
            Inner::Loan { loan, at, .. } => loan.length - at,
        }
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::short(Bytes::new())
    }
}

impl Clone for Body {
    fn clone(&self) -> Body {
        Body(match &self.0 {
            Inner::Short(bytes) => Inner::Short(bytes.clone()),
            Inner::Loan { loan, at, .. } => {
                Inner::Loan { loan: Arc::clone(loan), reader: loan.add_reader(*at), at: *at }
            }
        })
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.left() == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut this.0 {
            Inner::Short(bytes) => std::mem::take(bytes),
            Inner::Loan { loan, reader, at } => match loan.piece(*at, reader) {
                Some(piece) => {
                    *at += piece.len();
                    piece
                }
                None => {
                    let message = "the answer was read slowly, and its memory is needed for others";
                    return Poll::Ready(Some(Err(io::Error::new(ErrorKind::TimedOut, message))));
                }
            },
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use hyper::body::Body as _;

    use super::*;

    fn next(body: &mut Body) -> Option<Result<Bytes, ErrorKind>> {
        let Poll::Ready(frame) = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) else { panic!() };
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()).map_err(|error| error.kind()))
    }

    fn bytes(count: usize) -> Bytes {
        (0..count).map(|index| (index % 251) as u8).collect()
    }

    #[test]
    fn a_loan_is_read_in_pieces() {
        for count in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7] {
            let mut body = Body::exposition(Loan::new(bytes(count)));
            let mut read = Vec::new();
            while let Some(piece) = next(&mut body) {
                let piece = piece.unwrap();
                assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES);
                read.extend_from_slice(&piece);
                assert_eq!(body.size_hint().exact(), Some((count - read.len()) as u64));
                // Another reader goes on where it was cloned.
                assert_eq!(body.clone().left(), body.left());
            }
            assert_eq!(read, bytes(count));
            assert!(body.is_end_stream());
        }
    }

    #[test]
    fn what_is_called_back_is_free_and_ends_its_readers() {
        let loan = Loan::new(bytes(3 * PIECE_BYTES));
        let mut body = Body::exposition(Arc::clone(&loan));
        let piece = next(&mut body).unwrap().unwrap();
        loan.call_back();
        assert!(loan.is_called_back());
        assert_eq!(next(&mut body), Some(Err(ErrorKind::TimedOut)));
        // What was taken is the reader's own.
        assert_eq!(piece, bytes(PIECE_BYTES));
    }

    #[test]
    fn the_slow_are_turned_away_and_the_others_stay() {
        let loan = Loan::new(bytes(40 * PIECE_BYTES));
        let (mut slow, mut fast) = (Body::exposition(Arc::clone(&loan)), Body::exposition(Arc::clone(&loan)));
        while fast.left() > PIECE_BYTES {
            next(&mut fast).unwrap().unwrap();
        }
        next(&mut slow).unwrap().unwrap();
        // Nobody has had it for long enough.
        loan.call_back_from_the_slow(Duration::from_secs(1000));
        next(&mut slow).unwrap().unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(300) {
            std::thread::sleep(Duration::from_millis(10));
        }
        loan.call_back_from_the_slow(Duration::from_millis(200));
        assert_eq!(next(&mut slow), Some(Err(ErrorKind::TimedOut)));
        assert!(!loan.is_called_back());
        next(&mut fast).unwrap().unwrap();
        assert!(fast.is_end_stream());
        drop(fast);
        loan.call_back_from_the_slow(Duration::ZERO);
        assert!(loan.is_called_back(), "nobody reads it");
    }
}
