//! One client, from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::exchange::Exchange;
use super::io_deadline::IoDeadline;
use crate::http::cap::places::Place;
use crate::http::limits::{DRAIN_TIMEOUT, HEAD_BYTES, HEADER_TIMEOUT, MAX_AGE, REFUSAL_TIMEOUT};
use crate::http::render::body::Body;
use crate::http::request::framing;
use crate::http::request::response::Refusal;
use crate::http::request::service::MetricsService;
use crate::say::say;

/// Says that the server wants its connections to end. A dropped sender says so as well.
pub(crate) type Stop = watch::Receiver<bool>;

/// Whether a client gets what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Granted,
    /// It does not come from an allowed network. It is told so, whatever it asks for.
    Denied,
}

/// Serves `io` until the client leaves, breaks a bound, grows too old or loses its place, or until the server stops.
///
/// Its place is free again once `io` is closed. Holds `stop` to the very end: the server counts its living connections by it.
pub(crate) async fn serve<T>(io: T, service: MetricsService, access: Access, place: Place, mut stop: Stop)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = Exchange::new(place);
    let io = TokioIo::new(IoDeadline::new(io, Arc::clone(&exchange)));
    let answers = service_fn(|request| {
        exchange.ask(access == Access::Granted);
        let (answer, exchange) = (answer(service.clone(), access, request), Arc::clone(&exchange));
        async move { answer.await.map(|response| response.map(|body| exchange.answer(body))) }
    });
    let mut connection = pin!(protocol().serve_connection(io, answers));
    tokio::select! {
        ended = connection.as_mut() => return log_end(ended),
        () = exchange.sent_away() => return service.metrics().count_refused(),
        () = retirement(&mut stop) => {}
    }
    // Also with half a request: whoever sends the rest finds the connection closed, as it would a moment later.
    if exchange.is_idle() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = timeout(DRAIN_TIMEOUT, connection) => match ended {
            Ok(ended) => log_end(ended),
            Err(_) => say!(debug, "a connection did not end in time and was dropped"),
        },
        () = exchange.sent_away() => service.metrics().count_refused(),
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        // Without a timer hyper ignores every timeout it is given.
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(true)
        // A client may close its writing side behind its request, and wait for the answer.
        .half_close(true);
    protocol
}

async fn answer(
    service: MetricsService,
    access: Access,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if access == Access::Denied {
        return Ok(service.refuse(Refusal::Forbidden));
    }
    if framing::is_ambiguous(&request) {
        return Ok(service.refuse(Refusal::BadRequest));
    }
    service.respond(&request).await
}

/// Waits until the connection should come to an end.
async fn retirement(stop: &mut Stop) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = sleep(MAX_AGE) => {}
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        // A client's fault as a rule, and one that any client can commit at will: not worth more than a debug line.
        say!(debug, %error, "a connection ended early");
    }
}

/// What a client over the connection cap is told, whatever it wanted to ask.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 21\r\n\
    x-content-type-options: nosniff\r\n\
    cache-control: no-store\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\
    \r\n\
    too many connections\n";

/// Tells a client that there is no room for it.
///
/// Its request is read and thrown away: closing a socket with unread bytes resets the connection, and the reset may
/// overtake the answer.
pub(crate) async fn turn_away<T>(mut io: T)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        io.write_all(TOO_MANY).await?;
        io.shutdown().await?;
        let mut ignored = [0; 1024];
        while io.read(&mut ignored).await? > 0 {}
        Ok::<(), io::Error>(())
    };
    let _ = timeout(REFUSAL_TIMEOUT, farewell).await;
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
