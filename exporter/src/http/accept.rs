//! The accept loop: never stops for a client's fault, never spins, never dies in silence.
//!
//! `accept` reports three kinds of misfortune through one error type, and each wants another answer:
//!
//! - the *connection* died before it was taken (`ECONNABORTED` and its kin): take the next one at once;
//! - the *system* lacks a resource (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), or an error nobody foresaw: the
//!   connection stays in the queue, so an immediate retry fails alike, millions of times a second. Pause, longer
//!   each time;
//! - the *listener* is broken (`EINVAL` after a `shutdown` of the socket): no retry can help. Report it.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::limits::{BACKOFF_MAX, BACKOFF_MIN};
use super::networks::Peer;

/// A source of connections. A trait, so that tests can run out of file descriptors at will.
pub(crate) trait Accept: Send + 'static {
    /// One connection.
    type Io: Send + 'static;

    /// Waits for the next connection, and says where it comes from.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Peer)>> + Send;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Peer)> {
        let (stream, addr) = TcpListener::accept(self).await?;
        // The head and the tail of a response are small writes: Nagle's algorithm would hold the last one back until
        // the client has acknowledged the others. A socket that refuses the option serves all the same.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(addr.ip())))
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

/// Hands every connection to `serve` and every error to `failed`, and returns only when the listener is broken.
///
/// `serve` must not wait: it starts a task and comes back.
pub(crate) async fn accept_loop<A: Accept>(
    mut listener: A,
    serve: impl Fn(A::Io, Peer) + Send,
    failed: impl Fn() + Send,
) -> io::Error {
    let mut pause = BACKOFF_MIN;
    loop {
        let error = match listener.accept().await {
            Ok((io, peer)) => {
                pause = BACKOFF_MIN;
                serve(io, peer);
                continue;
            }
            Err(error) => error,
        };
        failed();
        match remedy(&error) {
            Remedy::TakeNext => tracing::debug!(%error, "a connection was lost before it was accepted"),
            Remedy::GiveUp => return error,
            Remedy::Pause => {
                log_pause(&error, pause);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(BACKOFF_MAX);
            }
        }
    }
}

/// Warns when a series of pauses begins, and only then: a system without descriptors needs no flood of lines as well.
fn log_pause(error: &io::Error, pause: Duration) {
    if pause == BACKOFF_MIN {
        tracing::warn!(%error, "cannot accept connections; trying again until it works");
    } else {
        tracing::debug!(%error, ?pause, "still cannot accept connections");
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

    /// Plays the answers, then a broken listener; returns the waits in milliseconds, the connections, the failures.
    async fn play(answers: impl IntoIterator<Item = Result<u32, i32>>) -> (Vec<u128>, Vec<u32>, usize) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script = Script { answers: answers.into_iter().collect(), asked: asked.clone() };
        let (served, failures) = (Mutex::new(Vec::new()), Mutex::new(0));
        let end = accept_loop(script, |io, _| served.lock().unwrap().push(io), || *failures.lock().unwrap() += 1).await;
        assert_eq!(end.raw_os_error(), Some(EINVAL));
        let waits = asked.lock().unwrap().windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        (waits, served.into_inner().unwrap(), failures.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_lack_of_descriptors_doubles_the_pause_up_to_a_second() {
        let (waits, served, failures) = play([Err(EMFILE); 12]).await;
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000]);
        assert_eq!((served.len(), failures), (0, 13));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_resets_the_pause() {
        let (waits, served, _) = play([Err(EMFILE), Err(EMFILE), Ok(7), Err(EMFILE)]).await;
        assert_eq!(waits, [5, 10, 0, 5]);
        assert_eq!(served, [7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_costs_no_pause() {
        let (waits, served, failures) = play([Err(ECONNABORTED), Err(ECONNABORTED), Ok(1), Ok(2)]).await;
        assert_eq!(waits, [0, 0, 0, 0]);
        assert_eq!((served, failures), (vec![1, 2], 3));
    }
}
