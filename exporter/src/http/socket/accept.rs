//! The accept loop: never stops for a client's fault, never spins, never dies in silence.
//!
//! `accept` reports three kinds of misfortune through one error type, and each wants another answer:
//!
//! - the *connection* died before it was taken (`ECONNABORTED` and its kin): take the next one at once;
//! - the *system* lacks a resource (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), or an error nobody foresaw: the
//!   connection stays in the queue, so an immediate retry fails alike, millions of times a second. Give up what there
//!   is to give up: the reserve, a connection that asks for nothing. Else pause, longer each time;
//! - the *listener* is broken (`EINVAL` after a `shutdown` of the socket): no retry can help. Report it.

use std::convert::Infallible;
use std::fs::File;
use std::future::{Future, pending};
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

use super::client::Client;
use super::networks::Peer;
use super::no_sigpipe::{NoSigpipe, no_sigpipe};
use crate::http::limits::{BACKOFF_MAX, BACKOFF_MIN};
use crate::say::{Seldom, say};

/// A source of connections. A trait, so that tests can run out of file descriptors at will.
pub(crate) trait Accept: Send + 'static {
    /// One connection.
    type Io: Client + Send + 'static;

    /// Waits for the next connection, and says where it comes from.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Peer)>> + Send;
}

impl Accept for TcpListener {
    type Io = NoSigpipe<tokio::net::TcpStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Peer)> {
        let (stream, addr) = TcpListener::accept(self).await?;
        // The head and the tail of a response are small writes: Nagle's algorithm would hold the last one back until
        // the client has acknowledged the others. A socket that refuses the option serves all the same.
        let _ = stream.set_nodelay(true);
        Ok((no_sigpipe(stream), Some(addr.ip())))
    }
}

/// What an accept error asks for.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    TakeNext,
    Pause,
    GiveUp,
}

fn remedy(error: &io::Error) -> Remedy {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput};
    match error.kind() {
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted => Remedy::TakeNext,
        InvalidInput => Remedy::GiveUp,
        _ => Remedy::Pause,
    }
}

/// What becomes of connections and errors.
pub(crate) trait Reception: Send {
    /// One connection.
    type Io;

    /// Takes a connection. Must not wait: it starts a task and comes back.
    fn serve(&self, io: Self::Io, peer: Peer);

    /// Notes an error.
    fn failed(&self);

    /// Ends a connection that can be spared, and returns once the system has its resources, or after `patience`.
    fn make_room(&self, patience: Duration) -> impl Future<Output = ()> + Send;

    /// Waits until a connection has ended.
    fn somebody_left(&self) -> impl Future<Output = ()> + Send;
}

/// A file descriptor that can be spared, so that metrics can be read when the rest of the program has used up all: of
/// all moments the one at which they are needed.
///
/// It is taken with the listener: a program that uses up all descriptors as soon as it serves must not be faster.
#[derive(Debug)]
pub(crate) struct Reserve(Option<File>);

impl Reserve {
    pub(crate) fn new() -> Reserve {
        let mut reserve = Reserve(None);
        reserve.restore();
        reserve
    }

    /// Gives the descriptor back to the system; returns whether there was one.
    fn give_up(&mut self) -> bool {
        self.0.take().is_some()
    }

    fn restore(&mut self) {
        if cfg!(unix) && self.0.is_none() {
            self.0 = File::open("/dev/null").ok();
        }
    }

    /// Restores it, as soon as there is a descriptor for it.
    async fn refill(&mut self, reception: &impl Reception) -> Infallible {
        self.restore();
        while cfg!(unix) && self.0.is_none() {
            reception.somebody_left().await;
            self.restore();
        }
        pending().await
    }
}

/// Hands every connection and every error to `reception`, and returns only when the listener is broken.
pub(crate) async fn accept_loop<A: Accept>(
    mut listener: A,
    mut reserve: Reserve,
    reception: impl Reception<Io = A::Io>,
) -> io::Error {
    let mut pauses = Pauses::new();
    loop {
        let accepted = tokio::select! {
            // The reserve is for those who are there, so it is filled where nobody is.
            biased;
            accepted = listener.accept() => accepted,
            never = reserve.refill(&reception) => match never {},
        };
        let error = match accepted {
            Ok((io, peer)) => {
                pauses.end();
                reserve.restore();
                reception.serve(io, peer);
                continue;
            }
            Err(error) => error,
        };
        reception.failed();
        match remedy(&error) {
            Remedy::TakeNext => say!(debug, %error, "a connection was lost before it was accepted"),
            Remedy::GiveUp => return error,
            Remedy::Pause => {
                pauses.log(&error);
                if !reserve.give_up() {
                    reception.make_room(pauses.next()).await;
                }
            }
        }
    }
}

/// How long a lack of resources lasts, and when it was last told.
#[derive(Debug)]
struct Pauses {
    next: Duration,
    told: Seldom,
}

impl Pauses {
    fn new() -> Pauses {
        Pauses { next: BACKOFF_MIN, told: Seldom::default() }
    }

    /// Returns the pause that is due; the one behind it is twice as long.
    fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(BACKOFF_MAX);
        pause
    }

    fn end(&mut self) {
        self.next = BACKOFF_MIN;
    }

    /// Warns once in a while: a system without descriptors needs no flood of lines as well, and clients decide how
    /// often there is an error.
    fn log(&mut self, error: &io::Error) {
        if self.told.is_due() {
            say!(warn, %error, "cannot accept connections; idle ones make room, and else it is tried until it works");
        } else {
            say!(debug, %error, "still cannot accept connections");
        }
    }
}

// The numbers of errors are Linux's.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;

    use super::*;

    const EMFILE: i32 = 24;
    const ECONNABORTED: i32 = 103;
    const EINVAL: i32 = 22;

    impl Client for u32 {}

    /// Says what it is told to, and notes when it was asked.
    struct Script {
        answers: VecDeque<Result<u32, i32>>,
        asked: Arc<Mutex<Vec<Instant>>>,
    }

    impl Accept for Script {
        type Io = u32;

        async fn accept(&mut self) -> io::Result<(u32, Peer)> {
            self.asked.lock().unwrap().push(Instant::now());
            let answer = self.answers.pop_front().unwrap_or(Err(EINVAL));
            answer.map(|io| (io, None)).map_err(io::Error::from_raw_os_error)
        }
    }

    /// Notes what it is told, and has as many connections to spare.
    #[derive(Default)]
    struct Book {
        served: Mutex<Vec<u32>>,
        failures: Mutex<usize>,
        spare: Mutex<usize>,
    }

    impl Reception for &Book {
        type Io = u32;

        fn serve(&self, io: u32, _: Peer) {
            self.served.lock().unwrap().push(io);
        }

        fn failed(&self) {
            *self.failures.lock().unwrap() += 1;
        }

        async fn make_room(&self, patience: Duration) {
            let is_there = {
                let mut spare = self.spare.lock().unwrap();
                *spare = spare.saturating_sub(1);
                *spare > 0
            };
            if !is_there {
                tokio::time::sleep(patience).await;
            }
        }

        async fn somebody_left(&self) {
            pending::<()>().await;
        }
    }

    /// Plays the answers, then a broken listener; returns the waits in milliseconds, the connections, the failures.
    async fn play(spare: usize, answers: impl IntoIterator<Item = Result<u32, i32>>) -> (Vec<u128>, Vec<u32>, usize) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script = Script { answers: answers.into_iter().collect(), asked: asked.clone() };
        let book = Book { spare: Mutex::new(spare), ..Book::default() };
        let end = accept_loop(script, Reserve::new(), &book).await;
        assert_eq!(end.raw_os_error(), Some(EINVAL));
        let waits = asked.lock().unwrap().windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        (waits, book.served.into_inner().unwrap(), book.failures.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_lack_of_descriptors_doubles_the_pause_up_to_a_second() {
        let (waits, served, failures) = play(0, [Err(EMFILE); 13]).await;
        // The first time there is the reserve.
        assert_eq!(waits, [0, 5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000]);
        assert_eq!((served.len(), failures), (0, 14));
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_no_pause_while_somebody_makes_room() {
        let (waits, served, _) = play(3, [Err(EMFILE), Err(EMFILE), Err(EMFILE), Err(EMFILE), Ok(7)]).await;
        assert_eq!((waits, served), (vec![0, 0, 0, 20, 0], vec![7]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_resets_the_pause_and_restores_the_reserve() {
        let (waits, served, _) =
            play(0, [Err(EMFILE), Err(EMFILE), Err(EMFILE), Ok(7), Err(EMFILE), Err(EMFILE)]).await;
        assert_eq!(waits, [0, 5, 10, 0, 0, 5]);
        assert_eq!(served, [7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_costs_no_pause() {
        let (waits, served, failures) = play(0, [Err(ECONNABORTED), Err(ECONNABORTED), Ok(1), Ok(2)]).await;
        assert_eq!(waits, [0, 0, 0, 0]);
        assert_eq!((served, failures), (vec![1, 2], 3));
    }
}
