//! A stream whose writes raise no signal.
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
    pub(crate) type NoSigpipe<S> = S;

    /// Returns the socket, whose writes raise no signal.
    pub(crate) fn no_sigpipe<S>(socket: S) -> NoSigpipe<S> {
        socket
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod send {
    use std::io::{self, IoSlice};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    /// A socket.
    #[derive(Debug)]
    pub(crate) struct NoSigpipe<S>(S);

    /// Wraps a socket.
    pub(crate) fn no_sigpipe<S>(socket: S) -> NoSigpipe<S> {
        NoSigpipe(socket)
    }

    /// What is needed to write by hand.
    pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
        /// Writes, without a signal.
        fn poll_send(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;
    }

    macro_rules! socket {
        ($stream:ty) => {
            impl Socket for $stream {
                fn poll_send(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
                    loop {
                        std::task::ready!(self.poll_write_ready(cx))?;
                        let send = || socket2::SockRef::from(self).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL);
                        match self.try_io(tokio::io::Interest::WRITABLE, send) {
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

    impl<S: Socket> AsyncRead for NoSigpipe<S> {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
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

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_flush(cx)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
        }
    }
}
