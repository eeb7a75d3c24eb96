//! A Unix socket to listen on, and the file by which clients find it.
//!
//! The system binds only where no file is, and leaves the file of a process that was killed. So one is removed if it is
//! a socket on which nobody listens: of a live server the connections would go to us, and of anything else the contents
//! would be lost.
//!
//! Two exporters that start at once must not take each other's socket, which has no listener for a moment, for a stale
//! one. So both lock the directory while they look, remove and bind. (Not a file beside the socket: that would stay, or be
//! removed under somebody who waits for it.)

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant;

use super::accept::Accept;
use super::networks::Peer;
use super::no_sigpipe::{NoSigpipe, no_sigpipe};
use crate::http::limits::{BACKLOG, DIRECTORY_POLL, DIRECTORY_TIMEOUT};
use crate::say::say;

/// A bound socket. Its file goes when it is dropped.
#[derive(Debug)]
pub(crate) struct UnixSocket {
    // Dropped in this order: while we listen, nobody takes the file for a stale one and puts another in its place, and
    // no other file can get the number by which we know it.
    file: SocketFile,
    listener: UnixListener,
}

impl UnixSocket {
    /// Binds `path`, in the place of a stale socket if there is one.
    pub(crate) async fn bind(path: &Path) -> io::Result<UnixSocket> {
        // Without a name the system would choose one that no client can know.
        if path.as_os_str().is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the path is empty"));
        }
        // The working directory may be another one when the file is removed.
        let absolute = std::path::absolute(path)?;
        let _alone = lock_directory(&absolute).await;
        remove_stale(path).await?;
        let socket = tokio::net::UnixSocket::new_stream()?;
        socket.bind(path)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(UnixSocket { file: SocketFile { identity: Identity::of(&absolute)?, path: absolute }, listener })
    }

    /// Returns the path of its file, which is absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }
}

impl Accept for UnixSocket {
    type Io = NoSigpipe<UnixStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Peer)> {
        let (stream, _) = self.listener.accept().await?;
        Ok((no_sigpipe(stream), None))
    }
}

/// Locks the directory of a socket until the file is dropped.
///
/// `None` where the system cannot, as on some network file systems, or somebody else holds the lock for long: then two
/// that start at once may get in each other's way, which is no reason not to start.
async fn lock_directory(path: &Path) -> Option<fs::File> {
    let directory = match fs::File::open(path.parent()?) {
        Ok(directory) => directory,
        Err(error) => {
            say!(debug, %error, "cannot open the directory of the socket to lock it");
            return None;
        }
    };
    let give_up = Instant::now() + DIRECTORY_TIMEOUT;
    loop {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < give_up => tokio::time::sleep(DIRECTORY_POLL).await,
            Err(error) => {
                say!(debug, %error, "cannot lock the directory of the socket");
                return None;
            }
        }
    }
}

async fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is not a socket"));
    }
    match UnixStream::connect(path).await.map_err(|error| error.kind()) {
        Err(ErrorKind::ConnectionRefused) => {}
        Err(ErrorKind::NotFound) => return Ok(()),
        // A queue that is full is that of a server.
        Ok(_) | Err(ErrorKind::WouldBlock) => {
            return Err(io::Error::new(ErrorKind::AddrInUse, "another server listens there"));
        }
        Err(kind) => {
            let text = format!("there is a socket, and whether a server listens on it cannot be told: {kind}");
            return Err(io::Error::new(kind, text));
        }
    }
    // Another starting exporter may have been faster, and this may be its socket by now.
    if Identity::of(path).is_ok_and(|now| now == Identity::from(&found)) {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// What tells a file from another of the same name.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Identity> {
        fs::symlink_metadata(path).map(|found| Identity::from(&found))
    }
}

impl From<&fs::Metadata> for Identity {
    fn from(found: &fs::Metadata) -> Identity {
        Identity { device: found.dev(), inode: found.ino() }
    }
}

/// Removes its file when it is dropped, unless another has taken its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if Identity::of(&self.path).is_ok_and(|now| now == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            say!(warn, %error, path = %self.path.display(), "cannot remove the socket");
        }
    }
}
