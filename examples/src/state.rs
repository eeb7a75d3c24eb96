//! The state directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Error;

/// A directory with the two databases, locked for this process.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Held open for its lock, which the system releases with the process, however that ends.
    _lock: File,
    /// Removes the directory when dropped, if it was ours.
    _temporary: Option<TempDir>,
}

impl StateDir {
    /// Opens `given`, creating it if need be, or makes a temporary directory.
    ///
    /// # Errors
    /// [`Error::StateDir`] if it cannot be written, [`Error::StateDirBusy`] if another process has it.
    pub fn open(given: Option<&Path>) -> Result<Self, Error> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), None),
            None => {
                let temporary = tempfile::Builder::new().prefix("streamgauge-cdc-").tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let refuse = |source| Error::StateDir { path: path.clone(), source };
        fs::create_dir_all(&path).map_err(refuse)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(refuse)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock, _temporary: temporary }),
            Err(TryLockError::WouldBlock) => Err(Error::StateDirBusy { path }),
            Err(TryLockError::Error(source)) => Err(refuse(source)),
        }
    }

    /// The database the workload writes.
    pub fn source(&self) -> PathBuf {
        self.path.join("source.db")
    }

    /// The database the sink writes.
    pub fn replica(&self) -> PathBuf {
        self.path.join("replica.db")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = StateDir::open(Some(dir.path())).expect("the directory is free");
        assert!(matches!(StateDir::open(Some(dir.path())), Err(Error::StateDirBusy { .. })));
        drop(first);
        assert!(StateDir::open(Some(dir.path())).is_ok());
    }

    #[test]
    fn a_file_is_no_directory() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let error = StateDir::open(Some(&file.path().join("state"))).expect_err("a file has no entries");
        assert!(error.to_string().starts_with("cannot use state directory"), "{error}");
    }
}
