//! Which runs of a callback or collector have not ended, so that one that hangs does not hang every scrape.

use crate::sync::Mutex;
use std::time::{Duration, Instant};

/// After so long a run counts as one that does not end: as long as Prometheus waits for a scrape.
const PATIENCE: Duration = Duration::from_secs(10);

/// The runs that have not ended.
#[derive(Debug)]
pub(crate) struct Runs(Mutex<Vec<Instant>>);

/// What other runs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    None,
    Some,
    /// One of them seems to hang.
    Hanging,
}

/// A run, until it is dropped.
pub(crate) struct Run<'a> {
    runs: &'a Runs,
    began: Instant,
}

impl Runs {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Begins a run at `now` if `may`, given the others, allows it.
    pub(crate) fn begin(&self, now: Instant, may: impl FnOnce(Others) -> bool) -> Option<Run<'_>> {
        let mut runs = self.0.lock();
        let others = match runs.iter().min() {
            None => Others::None,
            Some(oldest) if now.saturating_duration_since(*oldest) < PATIENCE => Others::Some,
            Some(_) => Others::Hanging,
        };
        if !may(others) {
            return None;
        }
        runs.push(now);
        Some(Run { runs: self, began: now })
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let mut runs = self.runs.0.lock();
        // Of several that began in one moment it does not matter which.
        if let Some(place) = runs.iter().position(|began| *began == self.began) {
            runs.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(runs: &Runs, now: Instant) -> Others {
        let mut seen = Others::None;
        drop(runs.begin(now, |others| {
            seen = others;
            false
        }));
        seen
    }

    #[test]
    fn a_run_hangs_when_the_oldest_is_older_than_patience() {
        let (runs, start) = (Runs::new(), Instant::now());
        assert_eq!(others(&runs, start), Others::None);
        let first = runs.begin(start, |_| true);
        let second = runs.begin(start + PATIENCE / 2, |others| others == Others::Some);
        assert_eq!(others(&runs, start + PATIENCE), Others::Hanging);
        drop(first);
        assert_eq!(others(&runs, start + PATIENCE), Others::Some);
        drop(second);
        assert_eq!(others(&runs, start + 2 * PATIENCE), Others::None);
    }
}
