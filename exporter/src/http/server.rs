//! The listening server: accept loops, the connection cap, and a stop that lets readers finish.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use super::accept::{Accept, accept_loop};
use super::connection::{self, Access, Stop};
use super::limits::{CONNECTIONS, REFUSALS};
use super::networks::{Networks, Peer};
use super::places::Places;
use super::service::MetricsService;
use super::sockets::{Bound, Sockets};
use crate::Error;

/// Serves a registry from sockets that are bound already, on the runtime of the caller.
///
/// Made by [`Builder::bind`](crate::Builder::bind). Clients can connect from then on, and are answered once
/// [`serve`](Server::serve) runs. For a server with a thread of its own see [`Builder::spawn`](crate::Builder::spawn).
#[derive(Debug)]
pub struct Server {
    sockets: Sockets,
    bound: Bound,
    networks: Networks,
    service: MetricsService,
}

impl Server {
    pub(crate) fn new(sockets: Sockets, networks: Networks, service: MetricsService) -> Server {
        Server { bound: sockets.bound(), sockets, networks, service }
    }

    /// Returns the addresses that are listened on, in the order of the `listen` calls, with the ports the system chose.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.bound.addrs
    }

    /// Returns the absolute paths of the Unix sockets that are listened on, in the order of the `listen_unix` calls.
    pub fn unix_paths(&self) -> &[PathBuf] {
        &self.bound.unix_paths
    }

    pub(crate) fn bound(&self) -> &Bound {
        &self.bound
    }

    /// Serves until `stop` is done, then lets the requests in progress finish.
    ///
    /// After `stop` no connection is accepted, idle ones are closed, and busy ones have ten seconds. Dropping the
    /// future stops accepting at once and leaves the busy connections to the runtime, within the same ten seconds.
    ///
    /// # Errors
    /// [`Error::Listener`] or [`Error::UnixListener`] if a listening socket breaks. The other ones are stopped first, as by `stop`.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use streamgauge_exporter::Exporter;
    ///
    /// let registry = streamgauge::Registry::new();
    /// let server = Exporter::builder(&registry).listen("127.0.0.1:0").bind().await?;
    /// println!("metrics on {}", server.local_addrs()[0]);
    /// # let shutdown = async {};
    /// server.serve(shutdown).await?;
    /// # Ok(()) }
    /// ```
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        self.log_start();
        let connections = Connections::new(self.service, self.networks);
        let mut loops = JoinSet::new();
        for (addr, listener) in self.sockets.tcp {
            let client = connections.client();
            loops.spawn(async move { Error::Listener { addr, source: listen(listener, client).await } });
        }
        #[cfg(unix)]
        for socket in self.sockets.unix {
            let client = connections.client();
            let path = socket.path().to_owned();
            loops.spawn(async move { Error::UnixListener { path, source: listen(socket, client).await } });
        }
        let end = tokio::select! {
            () = stop => Ok(()),
            Some(end) = loops.join_next() => Err(end.unwrap_or_else(died)),
        };
        // Closes the listeners: a client that comes now is refused by the system, and so tries another instance.
        loops.shutdown().await;
        connections.drain().await;
        end
    }

    fn log_start(&self) {
        let path = self.service.path();
        for socket in &self.bound.unix_paths {
            tracing::info!(socket = %socket.display(), path, "serving metrics, without authentication");
        }
        for addr in &self.bound.addrs {
            if addr.ip().is_loopback() {
                tracing::info!(%addr, path, "serving metrics, without authentication");
            } else if self.networks.is_everybody() {
                tracing::warn!(%addr, path, "serving metrics to other hosts, without authentication");
            } else {
                tracing::info!(%addr, path, "serving metrics to the allowed networks, without authentication");
            }
        }
    }
}

fn died(panic: JoinError) -> Error {
    Error::Runtime { source: io::Error::other(panic) }
}

async fn listen<A>(listener: A, client: Client) -> io::Error
where
    A: Accept,
    A::Io: AsyncRead + AsyncWrite + Unpin,
{
    let metrics = client.service.clone();
    accept_loop(listener, move |io, peer| client.serve(io, peer), move || metrics.metrics().count_accept_error()).await
}

/// All connections of a server.
#[derive(Debug)]
struct Connections {
    stop: watch::Sender<bool>,
    client: Client,
}

/// What a connection needs, and an accept loop to start one.
#[derive(Debug, Clone)]
struct Client {
    service: MetricsService,
    networks: Networks,
    places: Places,
    refusals: Arc<Semaphore>,
    stop: Stop,
}

impl Connections {
    fn new(service: MetricsService, networks: Networks) -> Connections {
        let (stop, stopped) = watch::channel(false);
        let places = Places::new(CONNECTIONS);
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        Connections { stop, client: Client { service, networks, places, refusals, stop: stopped } }
    }

    fn client(&self) -> Client {
        self.client.clone()
    }

    /// Asks every connection to end and waits until all have; each sees to its own deadline.
    async fn drain(self) {
        drop(self.client);
        self.stop.send_replace(true);
        // Every connection holds a receiver as long as it lives.
        self.stop.closed().await;
    }
}

impl Client {
    /// Starts to serve a connection, or to turn it away if there are too many.
    ///
    /// Over the cap connections are still accepted: a scraper is told what is wrong at once, instead of waiting in the
    /// queue of the listener until it gives up.
    fn serve<T>(&self, io: T, peer: Peer)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(place) = self.places.take() {
            let allowed = self.networks.allows(peer);
            if !allowed {
                // No more than a debug line: whoever can connect decides how many there are.
                tracing::debug!(?peer, "a client came from a network that is not allowed");
            }
            let access = if allowed { Access::Granted } else { Access::Denied };
            tokio::spawn(connection::serve(io, self.service.clone(), access, place, self.stop.clone()));
            return;
        }
        self.service.metrics().count_refused();
        // Without a place in this queue `io` is dropped here, which closes it.
        if let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() {
            tokio::spawn(async move {
                connection::turn_away(io).await;
                drop(place);
            });
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
