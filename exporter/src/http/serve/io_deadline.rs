//! A stream that gives up on a peer which does not read.
//!
//! hyper has no write timeout: a client that sends a request and never reads the answer keeps its connection and
//! its share of the body for ever. A deadline for the whole response would be wrong as well, for a large body over
//! a slow link makes honest progress; so the clock runs only while a write makes none. Whether it does, and when all is
//! written, is told to the [`Exchange`], by which such clients leave earlier where others need their place or the memory
//! that they hold.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::exchange::Exchange;
use crate::http::limits::WRITE_TIMEOUT;

/// Fails a write that makes no progress for [`WRITE_TIMEOUT`].
///
/// Costs nothing while the peer reads: the timer is made when a write first has to wait, and dropped when it goes on.
#[derive(Debug)]
pub(crate) struct IoDeadline<T> {
    io: T,
    exchange: Arc<Exchange>,
    /// Present while a write waits.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<T> IoDeadline<T> {
    /// Wraps `io`.
    pub(crate) fn new(io: T, exchange: Arc<Exchange>) -> IoDeadline<T> {
        IoDeadline { io, exchange, stall: None }
    }

    /// Passes on what the stream said, or the verdict of the clock if it only said "later".
    fn watch<R>(&mut self, cx: &mut Context<'_>, said: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if said.is_ready() {
            if self.stall.take().is_some() {
                self.exchange.stall(false);
            }
            return said;
        }
        let stall = self.stall.get_or_insert_with(|| {
            self.exchange.stall(true);
            Box::pin(sleep(WRITE_TIMEOUT))
        });
        stall.as_mut().poll(cx).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for IoDeadline<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for IoDeadline<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.io).poll_write(cx, buf);
        this.watch(cx, said)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.watch(cx, said)
    }

    /// Answers as the stream does: only with vectored writes does hyper send a body without copying it.
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // hyper flushes the stream when it has nothing more to write into it.
        let said = Pin::new(&mut this.io).poll_flush(cx);
        if matches!(said, Poll::Ready(Ok(()))) {
            this.exchange.flushed();
        }
        this.watch(cx, said)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.io).poll_shutdown(cx);
        this.watch(cx, said)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;
    use crate::http::cap::places::Places;
    use crate::http::socket::client::Gone;

    fn exchange() -> Arc<Exchange> {
        Exchange::new(Places::new(1).take(None, &Gone::when(|| false)).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_without_progress_fails_at_the_deadline() {
        let (client, server) = tokio::io::duplex(16);
        let mut server = IoDeadline::new(server, exchange());
        let start = Instant::now();
        let error = server.write_all(&[b'x'; 17]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), 10);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_not_cut() {
        let (mut client, server) = tokio::io::duplex(16);
        let mut server = IoDeadline::new(server, exchange());
        let reader = tokio::spawn(async move {
            let mut bytes = 0;
            let mut chunk = [0; 16];
            loop {
                sleep(Duration::from_secs(9)).await;
                match client.read(&mut chunk).await.unwrap() {
                    0 => return bytes,
                    n => bytes += n,
                }
            }
        });
        let start = Instant::now();
        server.write_all(&[b'x'; 160]).await.unwrap();
        drop(server);
        assert_eq!(reader.await.unwrap(), 160);
        assert!(start.elapsed() > 5 * WRITE_TIMEOUT);
    }
}
