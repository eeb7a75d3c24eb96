//! A stream whose writes raise no signal, and of which one can see from outside whether its client has gone.
//!
//! A write to a connection that its client has closed raises SIGPIPE, and the default of that signal ends the process.
//! Rust ignores it from the start, but some programs set it back, and others are no Rust programs and only load a
//! library. The standard library's plain writes ask for no signal, its vectored ones cannot: those are sent by
//! `sendmsg` here. Apple's systems have an option of the socket instead, which is set for us, and Windows has no signals.

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(crate) use plain::{NoSigpipe, no_sigpipe};
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) use send::{NoSigpipe, no_sigpipe};

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod plain {
    use crate::http::socket::client::Client;

    pub(crate) type NoSigpipe<S> = S;

    /// Returns the socket, whose writes raise no signal.
    pub(crate) fn no_sigpipe<S>(socket: S) -> NoSigpipe<S> {
        socket
    }

    impl Client for tokio::net::TcpStream {}
    #[cfg(unix)]
    impl Client for tokio::net::UnixStream {}
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod send {
    use std::io::{self, IoSlice};
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

    use crate::http::socket::client::{Client, Gone};

    /// A socket.
    #[derive(Debug)]
    pub(crate) struct NoSigpipe<S>(Arc<S>);

    /// Wraps a socket.
    pub(crate) fn no_sigpipe<S>(socket: S) -> NoSigpipe<S> {
        NoSigpipe(Arc::new(socket))
    }

    /// What is needed to read and write without owning it.
    pub(crate) trait Socket: Send + Sync + 'static {
        /// Reads what is there.
        fn poll_receive(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

        /// Writes, without a signal.
        fn poll_send(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

        /// Says that nothing more is written.
        fn shut_down(&self) -> io::Result<()>;

        /// Returns whether the client has closed its writing side, and so perhaps all of it.
        fn is_closed_for_reading(&self) -> bool;
    }

    macro_rules! socket {
        ($stream:ty) => {
            impl Socket for $stream {
                fn poll_receive(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                    loop {
                        std::task::ready!(self.poll_read_ready(cx))?;
                        match self.try_read(buf.initialize_unfilled()) {
                            // It was not ready after all, which tokio knows now.
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                            Err(error) => return Poll::Ready(Err(error)),
                            Ok(read) => {
                                buf.advance(read);
                                return Poll::Ready(Ok(()));
                            }
                        }
                    }
                }

                fn shut_down(&self) -> io::Result<()> {
                    socket2::SockRef::from(self).shutdown(std::net::Shutdown::Write)
                }

                fn is_closed_for_reading(&self) -> bool {
                    let ready = pin!(self.ready(Interest::READABLE));
                    let ready = ready.poll(&mut Context::from_waker(Waker::noop()));
                    matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
                }

                fn poll_send(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
                    loop {
                        std::task::ready!(self.poll_write_ready(cx))?;
                        let send = || socket2::SockRef::from(self).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL);
                        match self.try_io(Interest::WRITABLE, send) {
                            // It was not ready after all, which tokio knows now.
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                            sent => return Poll::Ready(sent),
                        }
                    }
                }
            }
        };
    }

    socket!(tokio::net::TcpStream);
    socket!(tokio::net::UnixStream);

    impl<S: Socket> Client for NoSigpipe<S> {
        fn gone(&self) -> Gone {
            let socket = Arc::clone(&self.0);
            Gone::when(move || socket.is_closed_for_reading())
        }
    }

    impl<S: Socket> AsyncRead for NoSigpipe<S> {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.0.poll_receive(cx, buf)
        }
    }

    impl<S: Socket> AsyncWrite for NoSigpipe<S> {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.0.poll_send(cx, &[IoSlice::new(buf)])
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.0.poll_send(cx, bufs)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            // A socket has nothing to flush.
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(self.0.shut_down())
        }
    }
}
