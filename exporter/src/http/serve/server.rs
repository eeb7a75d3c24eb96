//! The listening server: accept loops, the connection cap, and a stop that lets readers finish.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use super::connection::{self, Access, Stop};
use crate::Error;
use crate::http::cap::places::Places;
use crate::http::limits::{CONNECTIONS, REFUSALS};
use crate::http::request::service::MetricsService;
use crate::http::socket::accept::{Accept, Reception, Reserve, accept_loop};
use crate::http::socket::client;
use crate::http::socket::networks::{Networks, Peer};
use crate::http::socket::sockets::{Bound, Sockets};
use crate::say::say;

/// Serves a registry from sockets that are bound already, on the runtime of the caller.
///
/// Made by [`ExporterBuilder::bind`](crate::ExporterBuilder::bind). Clients can connect from then on, and are answered
/// once [`serve`](Server::serve) runs. For a server with a thread of its own see
/// [`ExporterBuilder::spawn`](crate::ExporterBuilder::spawn).
#[derive(Debug)]
pub struct Server {
    sockets: Sockets,
    bound: Bound,
    networks: Networks,
    service: MetricsService,
    /// One for each socket.
    reserves: Vec<Reserve>,
}

impl Server {
    pub(crate) fn new(sockets: Sockets, networks: Networks, service: MetricsService) -> Server {
        let bound = sockets.bound();
        let reserves = (0..bound.addrs.len() + bound.unix_paths.len()).map(|_| Reserve::new()).collect();
        Server { bound, sockets, networks, service, reserves }
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
        let mut reserves = self.reserves.into_iter();
        let mut reserve = || reserves.next().unwrap_or_else(Reserve::new);
        for (addr, listener) in self.sockets.tcp {
            let (client, reserve) = (connections.client(), reserve());
            loops.spawn(async move { Error::Listener { addr, source: listen(listener, reserve, client).await } });
        }
        #[cfg(unix)]
        for socket in self.sockets.unix {
            // Places of their own: who can reach a port must not take those of this host's users.
            let client = Client { places: Places::new(CONNECTIONS), ..connections.client() };
            let (path, reserve) = (socket.path().to_owned(), reserve());
            loops.spawn(async move { Error::UnixListener { path, source: listen(socket, reserve, client).await } });
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
            say!(info, socket = %socket.display(), path, "serving metrics, without authentication");
        }
        for addr in &self.bound.addrs {
            if addr.ip().is_loopback() {
                say!(info, %addr, path, "serving metrics, without authentication");
            } else if self.networks.is_everybody() {
                say!(warn, %addr, path, "serving metrics to other hosts, without authentication");
            } else {
                say!(info, %addr, path, "serving metrics to the allowed networks, without authentication");
            }
        }
    }
}

fn died(panic: JoinError) -> Error {
    Error::Runtime { source: io::Error::other(panic) }
}

async fn listen<A>(listener: A, reserve: Reserve, client: Client) -> io::Error
where
    A: Accept,
    A::Io: AsyncRead + AsyncWrite + Unpin,
{
    accept_loop(listener, reserve, Receptionist { client, io: PhantomData }).await
}

/// Starts the connections of one listener.
struct Receptionist<T> {
    client: Client,
    io: PhantomData<fn(T)>,
}

impl<T> Reception for Receptionist<T>
where
    T: client::Client + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Io = T;

    fn serve(&self, io: T, peer: Peer) {
        self.client.serve(io, peer);
    }

    fn failed(&self) {
        self.client.service.metrics().count_accept_error();
    }

    async fn make_room(&self, patience: Duration) {
        self.client.places.make_room(patience).await;
    }

    async fn somebody_left(&self) {
        self.client.places.somebody_left().await;
    }
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
    /// Starts to serve a connection, now or when there is a place, or to turn it away if too many wait for one.
    ///
    /// Over the cap connections are still accepted: a scraper is told what is wrong, instead of waiting in the queue of
    /// the listener until it gives up.
    fn serve<T>(&self, io: T, peer: Peer)
    where
        T: client::Client + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let allowed = self.networks.allows(peer);
        if !allowed {
            // No more than a debug line: whoever can connect decides how many there are.
            say!(debug, ?peer, "a client came from a network that is not allowed");
        }
        let access = if allowed { Access::Granted } else { Access::Denied };
        let (mut client, gone) = (self.clone(), io.gone());
        let mut place = self.places.take(peer, &gone);
        tokio::spawn(async move {
            if place.is_none() {
                place = tokio::select! {
                    place = client.places.wait(peer, &gone) => place,
                    _ = client.stop.wait_for(|stop| *stop) => return,
                };
            }
            match place {
                Some(place) => connection::serve(io, client.service, access, place, client.stop).await,
                None => client.turn_away(io).await,
            }
        });
    }

    /// Tells a client that there is no room for it.
    async fn turn_away<T>(self, io: T)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.service.metrics().count_refused();
        // Without a place in this queue `io` is dropped here, which closes it.
        if let Ok(_place) = self.refusals.try_acquire() {
            connection::turn_away(io).await;
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
