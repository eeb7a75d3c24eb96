//! What can go wrong before the first request: a bad setting, a used port, a system without resources.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why an exporter could not start, or why it stopped.
///
/// The text is one line that names what was given and what the system said about it, fit for
/// `eprintln!("{error}")` in a `main`. Because that text already holds the system's message,
/// [`source`](std::error::Error::source) is empty: a report of the whole chain would say it twice.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let registry = streamgauge::Registry::new();
/// let error = streamgauge_exporter::Exporter::builder(&registry).listen("9000").bind().await.unwrap_err();
/// assert_eq!(error.to_string(), "cannot listen on `9000`: expected host:port, such as 127.0.0.1:9000 or [::1]:9000");
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text given to `listen` is no address, or its host name has none.
    #[non_exhaustive]
    Address {
        /// What was given to `listen`.
        given: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The address is right, but the system does not let us listen there: it is used, or privileged, or not ours.
    #[non_exhaustive]
    Bind {
        /// What was given to `listen`.
        given: String,
        /// The address it stands for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The text given to `path` can be the path of no request.
    #[non_exhaustive]
    Path {
        /// What was given to `path`.
        given: String,
    },
    /// The system does not let us listen on the path given to `listen_unix`, or there is something already that must not
    /// be removed.
    #[non_exhaustive]
    Unix {
        /// What was given to `listen_unix`.
        path: PathBuf,
        /// What is there, or what the system said.
        source: io::Error,
    },
    /// The text given to `allow_network` is neither an address nor a network.
    #[non_exhaustive]
    Network {
        /// What was given to `allow_network`.
        given: String,
    },
    /// A listening socket broke while it was served. It cannot be repaired; the other ones were stopped with it.
    #[non_exhaustive]
    Listener {
        /// The address it listened on.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The same, of a Unix socket.
    #[non_exhaustive]
    UnixListener {
        /// The path of its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The facade has a global recorder already; it can have one, for good.
    #[non_exhaustive]
    RecorderInstalled {
        /// The version of the crate `metrics`.
        facade: &'static str,
    },
    /// The bounds given for histograms are not usable.
    #[non_exhaustive]
    Buckets {
        /// What was given.
        given: Vec<f64>,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// The quantiles given for summaries are not usable.
    #[non_exhaustive]
    Quantiles {
        /// What was given.
        given: Vec<f64>,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// The slice given for the window of summaries is not usable.
    #[non_exhaustive]
    Window {
        /// What was given.
        given: Duration,
    },
    /// The system refused a thread or an event queue, or the exporter's thread died.
    #[non_exhaustive]
    Runtime {
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Address { given, source } => write!(f, "cannot listen on `{given}`: {source}"),
            Error::Bind { given, addr, source } if *given == addr.to_string() => {
                write!(f, "cannot listen on {addr}: {source}")
            }
            Error::Bind { given, addr, source } => write!(f, "cannot listen on {given} ({addr}): {source}"),
            Error::Path { given } => {
                write!(f, "cannot serve the path `{given}`: expected a slash, then letters, digits or any of -._~/:@+%")
            }
            Error::Unix { path, source } => write!(f, "cannot listen on the socket `{}`: {source}", path.display()),
            Error::Network { given } => {
                let hint = "expected an address or a network, such as 192.168.1.7, 10.0.0.0/8 or fd00::/8";
                write!(f, "cannot allow the network `{given}`: {hint}")
            }
            Error::UnixListener { path, source } => write!(f, "the listener on {} broke: {source}", path.display()),
            Error::Listener { addr, source } => write!(f, "the listener on {addr} broke: {source}"),
            Error::RecorderInstalled { facade } => write!(
                f,
                "the crate `metrics` {facade} has a global recorder already: install one, once, before anything is recorded"
            ),
            Error::Buckets { given, problem } => write!(f, "cannot use the buckets {given:?}: {problem}"),
            Error::Quantiles { given, problem } => write!(f, "cannot use the quantiles {given:?}: {problem}"),
            Error::Window { given } => {
                write!(
                    f,
                    "cannot use slices of {given:?} for the window of summaries: more than nothing and at most a day"
                )
            }
            Error::Runtime { source } => write!(f, "cannot run the exporter: {source}"),
        }
    }
}

impl std::error::Error for Error {}
