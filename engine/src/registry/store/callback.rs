//! Values made at scrape time: channel depth, lag, totals that somebody else counts.

use super::runs::{Others, Runs};
use crate::catch::catch;
use crate::sync::{AtomicBool, Mutex, Ordering};
use std::cell::Cell;
use std::fmt;
use std::time::Instant;

/// The function of the user, by what it returns.
pub(crate) enum Function {
    Gauge(Box<dyn Fn() -> f64 + Send + Sync>),
    /// A count, or nanoseconds.
    Total(Box<dyn Fn() -> u64 + Send + Sync>),
}

impl Function {
    /// Calls the user's code; returns the bits of a float, or the total.
    fn call(&self) -> u64 {
        match self {
            Self::Gauge(function) => function().to_bits(),
            Self::Total(function) => function(),
        }
    }
}

/// One callback and what it last returned.
pub(crate) struct Callback {
    function: Function,
    /// Never held while the function runs.
    last: Mutex<Last>,
    /// The runs by scrapes.
    runs: Runs,
    /// Its series was removed.
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Last {
    /// What the last run returned; `None` where it panicked, or none has run.
    value: Option<u64>,
    /// The last value that was returned, whatever came of later runs.
    given: u64,
    /// Runs that have ended.
    runs: u64,
}

/// How a run of a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Given,
    /// A total that is lower than the one before.
    Fallen,
    Panicked,
    /// It was not called: a run of another scrape seems to hang.
    Hanging,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("last", &self.last).finish_non_exhaustive()
    }
}

impl Callback {
    pub(crate) fn new(function: Function) -> Self {
        Self { function, last: Mutex::new(Last::default()), runs: Runs::new(), ended: AtomicBool::new(false) }
    }

    /// Returns the value of a gauge from its last run; `None` where it panicked, or none has run.
    pub(crate) fn value(&self) -> Option<f64> {
        self.last.lock().value.map(f64::from_bits)
    }

    /// Returns the total of a counter from its last run; as [`value`](Self::value).
    pub(crate) fn total(&self) -> Option<u64> {
        self.last.lock().value
    }

    /// Ends the callback: it is not run any more.
    pub(crate) fn end(&self) {
        // Relaxed (O28): a scrape that misses it runs the callback once more.
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_ended(&self) -> bool {
        // Relaxed (O28): see end.
        self.ended.load(Ordering::Relaxed)
    }

    /// Runs the callback for a scrape, unless another scrape is running it: then its last value stands, which is none
    /// where it has not returned yet, and once the other run seems to hang.
    pub(super) fn run_once(&self) -> Outcome {
        let mut hangs = false;
        let runs_before = self.last.lock().runs;
        let run = self.runs.begin(Instant::now(), |others| {
            hangs = others == Others::Hanging;
            others == Others::None
        });
        match run {
            Some(_run) => self.run(),
            None if hangs => {
                let mut last = self.last.lock();
                // Unless it ended at this moment, and returned something.
                if last.runs == runs_before {
                    last.value = None;
                }
                Outcome::Hanging
            }
            None => Outcome::Given,
        }
    }

    /// Runs the callback, whoever else is running it. To be called inside [`not_nested`].
    pub(crate) fn run(&self) -> Outcome {
        let runs_before = self.last.lock().runs;
        let value = catch(|| self.function.call());
        let mut last = self.last.lock();
        let Last { given, runs, .. } = *last;
        last.runs += 1;
        let Some(value) = value else {
            last.value = None;
            return Outcome::Panicked;
        };
        let is_lower = matches!(self.function, Function::Total(_)) && value < given;
        // Another scrape's run ended during this one: the lower of the two totals may be the older one, and
        // showing it would look like a restart of what is counted.
        let is_older = is_lower && runs != runs_before;
        let shown = if is_older { given } else { value };
        (last.value, last.given) = (Some(shown), shown);
        if is_lower && !is_older { Outcome::Fallen } else { Outcome::Given }
    }
}

std::thread_local! {
    /// This thread is inside a callback or collector: scrapes and readings in there leave both out.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs user code of a scrape, unless this thread is inside such code already.
pub(crate) fn not_nested<R>(run: impl FnOnce() -> R) -> Option<R> {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }
    if RUNNING.replace(true) {
        return None;
    }
    let _reset = Reset;
    Some(run())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, PlainArc};

    #[test]
    fn a_total_that_falls_is_given_as_it_is() {
        let source = PlainArc::new(AtomicU64::new(5));
        let read = source.clone();
        let callback = Callback::new(Function::Total(Box::new(move || read.load(Ordering::Relaxed))));
        assert_eq!((callback.total(), callback.run(), callback.total()), (None, Outcome::Given, Some(5)));
        source.store(3, Ordering::Relaxed);
        assert_eq!((callback.run(), callback.total()), (Outcome::Fallen, Some(3)));
        assert_eq!((callback.run(), callback.total()), (Outcome::Given, Some(3)));
    }

    #[test]
    fn of_two_runs_at_once_the_higher_total_stays() {
        // The first run reads 1, then the second one reads 2 and ends before the first.
        let turn = PlainArc::new(AtomicU64::new(0));
        let callback: PlainArc<crate::sync::OnceLock<Callback>> = PlainArc::default();
        let (inner, turns) = (callback.clone(), turn.clone());
        let function = move || match turns.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let second = inner.get().map(Callback::run);
                assert_eq!(second, Some(Outcome::Given));
                1
            }
            run => 1 + run,
        };
        let callback = callback.get_or_init(|| Callback::new(Function::Total(Box::new(function))));
        assert_eq!((callback.run(), callback.total()), (Outcome::Given, Some(2)));
    }

    #[test]
    fn callbacks_do_not_nest() {
        assert_eq!(not_nested(|| not_nested(|| 1)), Some(None));
        assert_eq!(not_nested(|| 1), Some(1));
    }
}
