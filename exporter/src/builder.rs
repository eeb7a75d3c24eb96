//! Settings, and the three ways to start from them.

use std::io;
use std::net::SocketAddr;

use streamgauge::Registry;
use tokio::net::{TcpListener, lookup_host};

use crate::http::render::Renderer;
use crate::self_metrics::SelfMetrics;
use crate::source::RegistrySource;
use crate::{Error, Exporter, MetricsService, Server};

/// Where an exporter listens unless it is told otherwise: reachable from this host only.
const DEFAULT_LISTEN: &str = "127.0.0.1:9000";
const DEFAULT_PATH: &str = "/metrics";

/// Collects the settings of an exporter and starts it.
///
/// Made by [`Exporter::builder`]. End with [`spawn`](Builder::spawn) for a thread of its own, with
/// [`bind`](Builder::bind) to serve on your runtime, or with [`service`](Builder::service) to mount the endpoint in a
/// server you have.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `spawn`, `bind` or `service`"]
pub struct Builder {
    registry: Registry,
    listen: Vec<String>,
    path: String,
    self_metrics: bool,
    created_samples: bool,
}

impl Builder {
    pub(crate) fn new(registry: &Registry) -> Builder {
        Builder {
            registry: registry.clone(),
            listen: Vec::new(),
            path: DEFAULT_PATH.to_owned(),
            self_metrics: true,
            created_samples: false,
        }
    }

    /// Adds an address to listen on, as `host:port`; port 0 lets the system choose one.
    ///
    /// May be called several times. Without a call the exporter listens on `127.0.0.1:9000`, which only this host
    /// can reach. To be scraped from elsewhere name an interface, or `0.0.0.0:9000` or `[::]:9000` for all of them,
    /// and keep in mind that whoever reaches the port can read the metrics. Of a host name with several addresses
    /// the first one that works is used. The text is looked at when the exporter starts.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call reads better without `&`, also for a `String` or a `SocketAddr`"
    )]
    pub fn listen(mut self, addr: impl ToString) -> Builder {
        self.listen.push(addr.to_string());
        self
    }

    /// Serves another registry, with the same settings.
    #[cfg(any(feature = "metrics-0-24", feature = "metrics-0-23"))]
    pub(crate) fn with_registry(mut self, registry: &Registry) -> Builder {
        self.registry = registry.clone();
        self
    }

    /// Serves the metrics on another path than `/metrics`.
    ///
    /// It is compared byte by byte with the path of a request: no decoding, no trailing slash, no prefix.
    pub fn path(mut self, path: impl Into<String>) -> Builder {
        self.path = path.into();
        self
    }

    /// Says whether the exporter counts its own requests in the registry it serves. It does unless told otherwise.
    ///
    /// The counters are `streamgauge_exporter_http_requests_total`, by `code`,
    /// `streamgauge_exporter_connections_refused_total` and `streamgauge_exporter_accept_errors_total`; a fixed
    /// set, present from the first scrape on. Errors in the protocol that end a connection before there is a
    /// request are not counted.
    pub fn self_metrics(mut self, wanted: bool) -> Builder {
        self.self_metrics = wanted;
        self
    }

    /// Says whether OpenMetrics text has a `_created` sample beside each counter and histogram. It has none unless told
    /// otherwise: a reader that knows nothing of them stores each as a series. Protobuf always carries the times.
    pub fn created_samples(mut self, wanted: bool) -> Builder {
        self.created_samples = wanted;
        self
    }

    /// Starts a thread that serves the metrics, and returns once its sockets are bound.
    ///
    /// The thread has a runtime of its own, so it needs none of the caller's, and neither slows the other down. May
    /// be called inside a runtime as well; it blocks for as long as binding takes, which is nothing unless a host
    /// name must be looked up.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Path`] or [`Error::Bind`] for a setting that cannot work, [`Error::Runtime`] if
    /// the system gives no thread.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use streamgauge_exporter::Exporter;
    ///
    /// let registry = streamgauge::Registry::new();
    /// let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn()?;
    /// println!("metrics on http://{}/metrics", exporter.local_addrs()[0]);
    /// # Ok(()) }
    /// ```
    pub fn spawn(self) -> Result<Exporter, Error> {
        Exporter::spawn(self)
    }

    /// Binds the sockets, to be served on the runtime of the caller.
    ///
    /// Must run inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Path`] or [`Error::Bind`] for a setting that cannot work.
    ///
    /// # Examples
    /// See [`Server::serve`].
    pub async fn bind(mut self) -> Result<Server, Error> {
        if !is_path(&self.path) {
            return Err(Error::Path { given: self.path });
        }
        if self.listen.is_empty() {
            self.listen.push(DEFAULT_LISTEN.to_owned());
        }
        let mut listeners = Vec::with_capacity(self.listen.len());
        for given in &self.listen {
            listeners.push(listen_on(given).await?);
        }
        Ok(Server::new(listeners, self.make_service()))
    }

    /// Returns the endpoint as a service, to be mounted in a server of yours; addresses play no part.
    ///
    /// # Panics
    /// If the text given to [`path`](Builder::path) can be the path of no request.
    ///
    /// # Examples
    /// See [`MetricsService`].
    #[must_use]
    pub fn service(self) -> MetricsService {
        assert!(is_path(&self.path), "{}", Error::Path { given: self.path });
        self.make_service()
    }

    fn make_service(self) -> MetricsService {
        let metrics = if self.self_metrics { SelfMetrics::register(&self.registry) } else { SelfMetrics::default() };
        let source = RegistrySource::new(self.registry, self.created_samples);
        MetricsService::new(self.path, Renderer::new(source), metrics)
    }
}

/// Allows what needs escaping neither in a request line nor in the link of the landing page.
fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/:@+%".contains(&byte))
}

async fn listen_on(given: &str) -> Result<(SocketAddr, TcpListener), Error> {
    let mut refused = None;
    for addr in resolve(given).await.map_err(|source| Error::Address { given: given.to_owned(), source })? {
        match TcpListener::bind(addr).await.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok(bound) => return Ok(bound),
            Err(source) => refused = refused.or(Some(Error::Bind { given: given.to_owned(), addr, source })),
        }
    }
    Err(refused.unwrap_or_else(|| Error::Address {
        given: given.to_owned(),
        source: io::Error::new(io::ErrorKind::NotFound, "the host has no address"),
    }))
}

async fn resolve(given: &str) -> io::Result<Vec<SocketAddr>> {
    // Checked here because the resolver says nothing of use about a missing port, and takes a missing host for
    // `localhost` on one system and for an unknown name on another.
    let well_formed = given.rsplit_once(':').is_some_and(|(host, port)| {
        let bare_v6 = host.contains(':') && !host.starts_with('[');
        !host.is_empty() && !bare_v6 && port.parse::<u16>().is_ok()
    });
    if !well_formed {
        let hint = "expected host:port, such as 127.0.0.1:9000 or [::1]:9000";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, hint));
    }
    Ok(lookup_host(given).await?.collect())
}
