//! The scraper of `Handle::render`, and others for calls that come while it is used.

use parking_lot::Mutex;
use streamgauge::{Registry, Scraper};

/// A scraper that is lent to one call at a time.
#[derive(Debug, Default)]
pub(super) struct LentScraper(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    NotMade,
    Free(Box<Scraper>),
    Lent,
}

impl LentScraper {
    /// Calls `f` with the scraper, or with one for this call only where another call has it. No lock is held meanwhile:
    /// a scrape runs code of the user, which may scrape too, or never end.
    pub(super) fn with<R>(&self, registry: &Registry, f: impl FnOnce(&mut Scraper) -> R) -> R {
        let taken = std::mem::replace(&mut *self.0.lock(), State::Lent);
        let mut scraper = match taken {
            // Made for nobody else, it does not keep removed series for the next call.
            State::Lent => return f(&mut Scraper::new(registry)),
            State::Free(scraper) => scraper,
            State::NotMade => Box::new(Scraper::new(registry)),
        };
        let return_at_end = Return(&self.0);
        let result = f(&mut scraper);
        *self.0.lock() = State::Free(scraper);
        std::mem::forget(return_at_end);
        result
    }
}

/// Lets another scraper be made where the call that had this one has panicked.
struct Return<'a>(&'a Mutex<State>);

impl Drop for Return<'_> {
    fn drop(&mut self) {
        *self.0.lock() = State::NotMade;
    }
}
