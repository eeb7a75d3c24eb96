//! The sockets that are listened on, bound before anything is served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

#[cfg(unix)]
use super::unix::UnixSocket;
use crate::Error;
use crate::http::limits::BACKLOG;

/// Bound sockets, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) tcp: Vec<(SocketAddr, TcpListener)>,
    #[cfg(unix)]
    pub(crate) unix: Vec<UnixSocket>,
}

impl Sockets {
    /// Binds all, or none.
    #[cfg_attr(not(unix), expect(unused_variables, reason = "there is no way to ask for any"))]
    pub(crate) async fn bind(listen: &[String], unix: &[PathBuf]) -> Result<Sockets, Error> {
        let mut tcp = Vec::with_capacity(listen.len());
        for given in listen {
            tcp.push(listen_on(given).await?);
        }
        #[cfg(unix)]
        let unix = {
            let mut sockets = Vec::with_capacity(unix.len());
            for path in unix {
                let failed = |source| Error::Unix { path: path.clone(), source };
                sockets.push(UnixSocket::bind(path).await.map_err(failed)?);
            }
            sockets
        };
        Ok(Sockets {
            tcp,
            #[cfg(unix)]
            unix,
        })
    }

    /// Returns where they are.
    pub(crate) fn bound(&self) -> Bound {
        Bound {
            addrs: self.tcp.iter().map(|(addr, _)| *addr).collect(),
            #[cfg(unix)]
            unix_paths: self.unix.iter().map(|socket| socket.path().to_owned()).collect(),
            #[cfg(not(unix))]
            unix_paths: Vec::new(),
        }
    }
}

/// Where an exporter can be reached.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) unix_paths: Vec<PathBuf>,
}

async fn listen_on(given: &str) -> Result<(SocketAddr, TcpListener), Error> {
    let mut refused = None;
    for addr in resolve(given).await.map_err(|source| Error::Address { given: given.to_owned(), source })? {
        match bind(addr) {
            Ok(bound) => return Ok(bound),
            Err(source) => refused = refused.or(Some(Error::Bind { given: given.to_owned(), addr, source })),
        }
    }
    Err(refused.unwrap_or_else(|| Error::Address {
        given: given.to_owned(),
        source: io::Error::new(io::ErrorKind::NotFound, "the host has no address"),
    }))
}

fn bind(addr: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the listeners of the standard library: a restarted program must not wait for connections that linger. On
    // Windows the option means something else, and is not needed.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    let listener = socket.listen(BACKLOG)?;
    Ok((listener.local_addr()?, listener))
}

async fn resolve(given: &str) -> io::Result<Vec<SocketAddr>> {
    // Checked here because the resolver says nothing of use about a missing port, and takes a missing host for
    // `localhost` on one system and for an unknown name on another.
    let refuse = |problem: String| Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    let split = given.rsplit_once(':').filter(|(host, _)| {
        let bare_v6 = host.contains(':') && !host.starts_with('[');
        !host.is_empty() && !bare_v6
    });
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match split {
        Some((_, port)) if is_number(port) => {
            if port.parse::<u16>().is_err() {
                return refuse(format!("the port is {port}, and 0 to 65535 are allowed"));
            }
        }
        _ => return refuse("expected host:port, such as 127.0.0.1:9000 or [::1]:9000".to_owned()),
    }
    Ok(lookup_host(given).await?.collect())
}
