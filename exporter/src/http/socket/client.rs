//! What is known of a client by its socket alone.

use std::fmt;
use std::sync::Arc;

/// A client's end of a connection.
pub(crate) trait Client {
    /// Returns what tells whether the client has gone.
    fn gone(&self) -> Gone {
        Gone::when(|| false)
    }
}

/// What tells whether a client seems to have gone.
#[derive(Clone)]
pub(crate) struct Gone(Arc<dyn Fn() -> bool + Send + Sync>);

impl Gone {
    pub(crate) fn when(has_gone: impl Fn() -> bool + Send + Sync + 'static) -> Gone {
        Gone(Arc::new(has_gone))
    }

    pub(crate) fn ask(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gone").finish_non_exhaustive()
    }
}
