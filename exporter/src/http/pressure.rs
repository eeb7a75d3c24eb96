//! A word from the renderer to the connections: the memory for bodies is short.

use tokio::sync::watch;

/// Says up to which body, by its number, those who hold one have to let go. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Pressure {
    /// Sent again for each that is called back: a connection may come to hold it only after the first time.
    called_back: watch::Sender<u64>,
}

impl Pressure {
    /// Nobody has to let go of anything.
    pub(crate) fn new() -> Pressure {
        Pressure { called_back: watch::Sender::new(0) }
    }

    /// Calls back the bodies up to `number`.
    pub(crate) fn call_back(&self, number: u64) {
        self.called_back.send_replace(number);
    }

    /// Returns what hears of bodies that are called back from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.called_back.subscribe()
    }
}
