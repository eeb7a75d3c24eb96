//! The handle: what is read of a recorder that is installed.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use streamgauge::{Exposition, Format, Registry};

use super::recorder::{Core, Recorder};

/// Reads what a recorder has recorded. Clones read the same.
#[derive(Clone)]
pub struct Handle {
    pub(super) core: Arc<Core>,
    pub(super) addrs: Arc<[SocketAddr]>,
}

impl Recorder {
    /// Returns the handle, which reads the recorder also when it is installed and out of reach.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { core: self.core.clone(), addrs: Arc::default() }
    }
}

impl Handle {
    /// Renders everything in the Prometheus text format, as the stock handle does.
    ///
    /// An endpoint of your own can do more with [`registry`](Self::registry): formats by negotiation, compression,
    /// readers that come together and share one rendering.
    #[must_use]
    pub fn render(&self) -> String {
        let mut body = Vec::new();
        self.encode(Format::Text, &mut body);
        // Every exposition is UTF-8.
        String::from_utf8(body).unwrap_or_default()
    }

    /// Renders into a writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn render_to_write(&self, output: &mut impl io::Write) -> io::Result<()> {
        let mut body = Vec::new();
        self.encode(Format::Text, &mut body);
        output.write_all(&body)
    }

    /// Appends an exposition to `out`.
    ///
    /// Waits for no other call, so that callbacks of the registry may render too, and one that hangs holds up only those
    /// that call it. The first of the calls that run at one time shows what [`Scraper`](streamgauge::Scraper) does; the others have a scraper of
    /// their own each, for this once, and show what lives: a removed series' final value is for the first.
    pub fn encode(&self, exposition: impl Into<Exposition>, out: &mut Vec<u8>) {
        self.core.scraper.with(self.core.registry(), |scraper| {
            scraper.encode(exposition, out);
        });
    }

    /// Returns the registry that the metrics are in: to expose it, to read values in a test, to register metrics that
    /// need no facade.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.core.registry()
    }

    /// Returns the addresses that [`install`](super::RecorderBuilder::install) listens on, with the ports the system
    /// chose; none where nothing listens.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Does nothing: histograms keep buckets, not samples, so there is nothing to keep up.
    #[deprecated(note = "this recorder needs no upkeep; remove the call and the task that makes it")]
    pub fn run_upkeep(&self) {}
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("addrs", &self.addrs).finish_non_exhaustive()
    }
}
