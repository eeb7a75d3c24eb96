//! Settings, and the three ways to start from them.

#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

use streamgauge::{Format, Registry};

use crate::http::render::renderer::Renderer;
use crate::http::socket::networks::Networks;
use crate::http::socket::sockets::Sockets;
use crate::say::say;
use crate::self_metrics::SelfMetrics;
use crate::source::RegistrySource;
use crate::{Error, Exporter, MetricsService, Server};

/// Where an exporter listens unless it is told otherwise: reachable from this host only.
const DEFAULT_LISTEN: &str = "127.0.0.1:9000";
const DEFAULT_PATH: &str = "/metrics";

/// Collects the settings of an exporter and starts it.
///
/// Made by [`Exporter::builder`]. End with [`spawn`](ExporterBuilder::spawn) for a thread of its own, with
/// [`bind`](ExporterBuilder::bind) to serve on your runtime, or with [`service`](ExporterBuilder::service) to mount the
/// endpoint in a server you have.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `spawn`, `bind` or `service`"]
pub struct ExporterBuilder {
    registry: Registry,
    listen: Vec<String>,
    unix: Vec<PathBuf>,
    networks: Vec<String>,
    /// `None` until it is set.
    path: Option<String>,
    formats: Vec<Format>,
    self_metrics: bool,
    created_samples: bool,
}

impl Exporter {
    /// Returns the settings of an exporter for `registry`, ready to be changed.
    pub fn builder(registry: &Registry) -> ExporterBuilder {
        ExporterBuilder::new(registry)
    }
}

impl ExporterBuilder {
    fn new(registry: &Registry) -> ExporterBuilder {
        ExporterBuilder {
            registry: registry.clone(),
            listen: Vec::new(),
            unix: Vec::new(),
            networks: Vec::new(),
            path: None,
            formats: Vec::new(),
            self_metrics: true,
            created_samples: false,
        }
    }

    /// Adds an address to listen on, as `host:port`; port 0 lets the system choose one.
    ///
    /// May be called several times. Without a call, here or of `listen_unix`, the exporter listens on
    /// `127.0.0.1:9000`, which only this host can reach. To be scraped from elsewhere name an interface, or `0.0.0.0:9000` or `[::]:9000` for all of them,
    /// and keep in mind that whoever reaches the port can read the metrics. Of a host name with several addresses
    /// the first one that works is used. The text is looked at when the exporter starts.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call reads better without `&`, also for a `String` or a `SocketAddr`"
    )]
    pub fn listen(mut self, addr: impl ToString) -> ExporterBuilder {
        self.listen.push(addr.to_string());
        self
    }

    /// Serves another registry, with the same settings.
    #[cfg(any(feature = "metrics-0-24", feature = "metrics-0-23"))]
    pub(crate) fn with_registry(mut self, registry: &Registry) -> ExporterBuilder {
        self.registry = registry.clone();
        self
    }

    /// Adds a Unix socket to listen on, by the path of its file.
    ///
    /// May be called several times, and together with [`listen`](ExporterBuilder::listen); alone it opens no port. What
    /// a reader can ask for and the bounds it is held to are those of a port:
    /// `curl --unix-socket PATH http://localhost/metrics`.
    ///
    /// The file is made when the exporter starts, and removed when it stops. One that a killed process left is
    /// replaced; a socket on which somebody listens is an error, and so is any other file.
    ///
    /// Whoever may write to the file can connect. Its permissions follow from the umask of the process, most often
    /// such that only its user may. To choose who can reach it, put it into a directory that only they may enter, for
    /// that holds from the first moment on: a `chmod` of the file comes after clients can connect.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use streamgauge_exporter::Exporter;
    ///
    /// let registry = streamgauge::Registry::new();
    /// # let directory = std::env::temp_dir().join(format!("streamgauge-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// let path = directory.join("metrics.sock");
    /// let exporter = Exporter::builder(&registry).listen_unix(&path).spawn()?;
    /// assert_eq!(exporter.unix_paths(), [path]);
    /// # drop(exporter);
    /// # std::fs::remove_dir(&directory)?;
    /// # Ok(()) }
    /// ```
    #[cfg(unix)]
    pub fn listen_unix(mut self, path: impl AsRef<Path>) -> ExporterBuilder {
        self.unix.push(path.as_ref().to_owned());
        self
    }

    /// Allows a network, such as `10.0.0.0/8`, `fd00::/8` or the single address `192.168.1.7`, and no others.
    ///
    /// May be called several times; without a call everybody is allowed. Whoever connects from elsewhere is answered
    /// with 403, before anything is collected. IPv4 addresses that are mapped into IPv6 count as IPv4, so `::/0` allows
    /// none of them. The text is looked at when the exporter starts.
    ///
    /// The list holds for the addresses of [`listen`](ExporterBuilder::listen). It says nothing about Unix sockets,
    /// whose files have permissions, nor about [`service`](ExporterBuilder::service), which does not see who connects.
    /// Behind a proxy the address is that of the proxy; headers are not believed.
    ///
    /// An address is no proof of who is asking. Every user of an allowed host is allowed, and so is every web page its
    /// browsers show: the page's server can point its own name at the exporter (DNS rebinding), as `Host` is not
    /// compared with anything. Where that matters, mount the endpoint behind your authentication.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use streamgauge_exporter::Exporter;
    ///
    /// let registry = streamgauge::Registry::new();
    /// let builder = Exporter::builder(&registry).allow_network("127.0.0.0/8").allow_network("10.20.0.0/16");
    /// # let builder = builder.listen("127.0.0.1:0");
    /// let exporter = builder.spawn()?;
    /// # Ok(()) }
    /// ```
    pub fn allow_network(mut self, network: impl AsRef<str>) -> ExporterBuilder {
        self.networks.push(network.as_ref().to_owned());
        self
    }

    /// Serves the metrics on another path than `/metrics`.
    ///
    /// It is compared byte by byte with the path of a request: no decoding, no trailing slash, no prefix. A
    /// [`service`](ExporterBuilder::service) without it serves them on whatever path it is mounted.
    pub fn path(mut self, path: impl Into<String>) -> ExporterBuilder {
        self.path = Some(path.into());
        self
    }

    /// Serves these formats only, whatever a reader prefers; the first is for readers that accept none of them. Without a
    /// call, or with none, all are served.
    ///
    /// For readers whose queries depend on the format: OpenMetrics writes `le="1.0"` where the text format has `le="1"`,
    /// and a Prometheus before version 3 takes these for two series.
    ///
    /// # Examples
    /// ```
    /// use streamgauge::{Format, Registry};
    /// use streamgauge_exporter::Exporter;
    ///
    /// let builder = Exporter::builder(&Registry::new()).formats([Format::Text]);
    /// # let _ = builder.service();
    /// ```
    pub fn formats(mut self, formats: impl IntoIterator<Item = Format>) -> ExporterBuilder {
        self.formats = formats.into_iter().collect();
        self
    }

    /// Sets whether the exporter counts its own requests in the registry it serves. It does unless told otherwise.
    ///
    /// The counters are `streamgauge_exporter_http_requests_total`, by `code`,
    /// `streamgauge_exporter_connections_refused_total` and `streamgauge_exporter_accept_errors_total`; a fixed
    /// set, present from the first scrape on. Errors in the protocol that end a connection before there is a
    /// request are not counted.
    pub fn self_metrics(mut self, wanted: bool) -> ExporterBuilder {
        self.self_metrics = wanted;
        self
    }

    /// Sets whether OpenMetrics text has a `_created` sample beside each counter and histogram. It has none unless told
    /// otherwise: a reader that knows nothing of them stores each as a series. Protobuf always carries the times.
    pub fn created_samples(mut self, wanted: bool) -> ExporterBuilder {
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
    /// [`Error::Address`], [`Error::Path`], [`Error::Network`], [`Error::Bind`] or [`Error::Unix`] for a setting that
    /// cannot work, [`Error::Runtime`] if the system gives no thread.
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
        Exporter::spawn(self.bind())
    }

    /// Binds the sockets, to be served on the runtime of the caller.
    ///
    /// Must run inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Path`], [`Error::Network`], [`Error::Bind`] or [`Error::Unix`] for a setting that
    /// cannot work.
    ///
    /// # Examples
    /// See [`Server::serve`].
    pub async fn bind(mut self) -> Result<Server, Error> {
        let path = self.path.take().unwrap_or_else(|| DEFAULT_PATH.to_owned());
        if !is_path(&path) {
            return Err(Error::Path { given: path });
        }
        let networks = Networks::parse(&self.networks)?;
        if self.listen.is_empty() && self.unix.is_empty() {
            self.listen.push(DEFAULT_LISTEN.to_owned());
        }
        let sockets = Sockets::bind(&self.listen, &self.unix).await?;
        Ok(Server::new(sockets, networks, self.make_service(Some(path))))
    }

    /// Returns the endpoint as a service, to be mounted in a server of yours; addresses, sockets and networks play no part.
    ///
    /// It serves the metrics on whatever path it is mounted, unless [`path`](ExporterBuilder::path) names one.
    ///
    /// # Panics
    /// If the text given to [`path`](ExporterBuilder::path) can be the path of no request.
    ///
    /// # Examples
    /// See [`MetricsService`].
    #[must_use]
    pub fn service(mut self) -> MetricsService {
        let path = self.path.take();
        if let Some(given) = &path {
            assert!(is_path(given), "{}", Error::Path { given: given.clone() });
        }
        if !self.networks.is_empty() {
            say!(warn, "a mounted service does not see who connects: the allowed networks have no effect");
        }
        self.make_service(path)
    }

    fn make_service(self, path: Option<String>) -> MetricsService {
        let metrics = if self.self_metrics { SelfMetrics::register(&self.registry) } else { SelfMetrics::default() };
        let source = RegistrySource::new(self.registry, self.created_samples);
        MetricsService::new(path, self.formats, Renderer::new(source), metrics)
    }
}

/// Allows what needs escaping neither in a request line nor in the link of the landing page.
fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/:@+%".contains(&byte))
}
