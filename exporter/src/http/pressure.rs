//! A word from the renderer to the connections: the memory for bodies is short.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says whether bodies that readers hold keep others from getting one. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pressure {
    /// Written by the render thread, read by the connections.
    high: Arc<AtomicBool>,
}

impl Pressure {
    /// Tells the connections.
    pub(crate) fn set(&self, high: bool) {
        // Relaxed: nothing else is read on the strength of it, and a connection that sees it late acts a second later.
        self.high.store(high, Ordering::Relaxed);
    }

    /// Asks.
    pub(crate) fn is_high(&self) -> bool {
        // Relaxed: as above.
        self.high.load(Ordering::Relaxed)
    }
}
