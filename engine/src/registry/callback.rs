//! Gauges whose value is made at scrape time: channel depth, lag, age of a checkpoint.

use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering, PlainArc};
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Function = Box<dyn Fn() -> f64 + Send + Sync>;

/// One callback and what it last gave.
pub(crate) struct Callback {
    function: Function,
    /// Bits of the value. Written by the scrape that ran the callback, read by scrapes.
    value: AtomicU64,
    /// Whether the last run gave a value.
    valid: AtomicBool,
    /// Its series was removed.
    ended: AtomicBool,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("value", &self.value()).finish_non_exhaustive()
    }
}

impl Callback {
    pub(crate) fn new(function: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self {
            function: Box::new(function),
            value: AtomicU64::new(0),
            valid: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Gives what the last run gave; `None` where it panicked, or none has run.
    pub(crate) fn value(&self) -> Option<f64> {
        // Acquire: pairs with the Release in run, so that the value is the one that was found valid, or a
        // later one.
        let valid = self.valid.load(Ordering::Acquire);
        valid.then(|| f64::from_bits(self.value.load(Ordering::Relaxed)))
    }

    /// Ends the callback: it is not run any more.
    pub(crate) fn end(&self) {
        // Relaxed: a scrape that misses it runs the callback once more.
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Runs the callback and gives its value; `None` where it panics, and inside another callback.
    pub(crate) fn run_alone(&self) -> Option<f64> {
        if RUNNING.replace(true) {
            return None;
        }
        let ran = self.run();
        RUNNING.set(false);
        ran.then(|| self.value()).flatten()
    }

    /// Runs the callback; tells whether it gave a value.
    fn run(&self) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(&self.function));
        if let Ok(value) = outcome {
            self.value.store(value.to_bits(), Ordering::Relaxed);
        }
        // Release: see value.
        self.valid.store(outcome.is_ok(), Ordering::Release);
        outcome.is_ok()
    }
}

std::thread_local! {
    /// This thread is inside a callback: scrapes and readings in there leave callbacks out.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// The callbacks of a registry, in the order of their registration.
#[derive(Debug)]
pub(crate) struct Callbacks(Mutex<Vec<PlainArc<Callback>>>);

impl Callbacks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn push(&self, callback: PlainArc<Callback>) {
        self.0.lock().push(callback);
    }

    /// Runs all callbacks, holding no lock, and gives how many panicked. `scratch` keeps the memory from
    /// scrape to scrape. Inside a callback it runs none.
    pub(crate) fn run(&self, scratch: &mut Vec<PlainArc<Callback>>) -> usize {
        if RUNNING.replace(true) {
            return 0;
        }
        scratch.clear();
        {
            let mut callbacks = self.0.lock();
            // Relaxed: see end.
            callbacks.retain(|callback| !callback.ended.load(Ordering::Relaxed));
            scratch.extend(callbacks.iter().cloned());
        }
        let failed = scratch.iter().filter(|callback| !callback.run()).count();
        scratch.clear();
        RUNNING.set(false);
        failed
    }
}
