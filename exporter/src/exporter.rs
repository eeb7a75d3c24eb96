//! The exporter that runs by itself: one thread, one runtime.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::Error;
use crate::http::serve::server::Server;
use crate::http::socket::sockets::Bound;
use crate::say::say;

/// Serves a registry over HTTP from a thread of its own.
///
/// The exporter lives as long as this value: dropping it stops the server, see [`shutdown`](Exporter::shutdown), and
/// [`detach`](Exporter::detach) lets it run to the end of the process. Readers cost the application nothing but the
/// processor time of the rendering; whatever they do (disconnect in the middle, never read, come by the thousand) stays
/// within fixed bounds of memory, time and sockets.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use streamgauge::Registry;
/// use streamgauge_exporter::Exporter;
///
/// let registry = Registry::new();
/// let events = registry.counter("events_total", "Events seen.").register()?;
///
/// let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn()?;
/// println!("metrics on http://{}/metrics", exporter.local_addrs()[0]);
///
/// events.inc();
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping an exporter stops it; `detach` lets it run"]
pub struct Exporter {
    bound: Bound,
    /// Taken by whoever decides the end; without it the thread runs on.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Exporter {
    /// Starts the thread, which binds the sockets and serves them.
    pub(crate) fn spawn(
        server: impl Future<Output = Result<Server, Error>> + Send + 'static,
    ) -> Result<Exporter, Error> {
        let (stop, stopped) = oneshot::channel();
        let (bind, bound) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("metrics-http".to_owned())
            .spawn(move || run(server, &bind, stopped))
            .map_err(|source| Error::Runtime { source })?;
        match bound.recv() {
            Ok(bound) => Ok(Exporter { bound, stop: Some(stop), thread: Some(thread) }),
            // The thread ended before its sockets were bound, and has the reason.
            Err(mpsc::RecvError) => match join(thread) {
                Err(error) => Err(error),
                Ok(()) => Err(Error::Runtime { source: io::Error::other("the thread ended early") }),
            },
        }
    }

    /// Returns the addresses that are listened on, in the order of the `listen` calls, with the ports the system chose.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.bound.addrs
    }

    /// Returns the absolute paths of the Unix sockets that are listened on, in the order of the `listen_unix` calls.
    pub fn unix_paths(&self) -> &[PathBuf] {
        &self.bound.unix_paths
    }

    /// Stops the exporter and says how it fared.
    ///
    /// No connection is accepted any more, those that wait for no answer are closed, and requests in progress are
    /// finished. Blocks until that is done, at most ten seconds, which it takes only if a callback or a reader does.
    /// Dropping the exporter does the same and logs what this method returns. In async code do either in
    /// `spawn_blocking`, or serve on your runtime with [`Server::serve`](crate::Server::serve), which waits without
    /// blocking.
    ///
    /// # Errors
    /// [`Error::Listener`] if a listening socket broke earlier, and with it the exporter; [`Error::Runtime`] if its
    /// thread panicked.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.stop()
    }

    /// Lets the exporter run until the process ends. The files of its Unix sockets stay; the next exporter replaces them.
    pub fn detach(mut self) {
        // Forgotten rather than dropped: the thread would take a dropped sender for a stop.
        std::mem::forget(self.stop.take());
        self.thread = None;
    }

    fn stop(&mut self) -> Result<(), Error> {
        // An error means that the server has ended already; joining tells why.
        let _ = self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            say!(error, %error, "the exporter had failed before it was stopped");
        }
    }
}

/// The life of the thread.
fn run(
    server: impl Future<Output = Result<Server, Error>>,
    bound: &mpsc::SyncSender<Bound>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Runtime { source })?;
    let served = runtime.block_on(async {
        let server = server.await?;
        // Nobody waits for the addresses only if the caller's thread died.
        let _ = bound.send(server.bound().clone());
        let served = server.serve(async { stopped.await.unwrap_or(()) }).await;
        if let Err(error) = &served {
            say!(error, %error, "the exporter stopped");
        }
        served
    });
    // Not to wait for a host name that is still being looked up.
    runtime.shutdown_background();
    served
}

fn join(thread: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    let died = |_| Err(Error::Runtime { source: io::Error::other("the exporter's thread panicked") });
    thread.join().unwrap_or_else(died)
}
