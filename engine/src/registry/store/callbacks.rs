//! The callbacks of a registry, and how a scrape runs them.

use super::callback::{Callback, Outcome};
use super::store::FamilyStore;
use crate::catch::catch_drop;
use crate::sync::{Mutex, PlainArc, PlainWeak};

/// What a run of all callbacks came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Those that panicked.
    pub(crate) failed: usize,
    /// Those that other scrapes seem to hang in.
    pub(crate) hanging: usize,
    /// Totals that were lower than the time before.
    pub(crate) fallen: usize,
}

/// The callbacks of a registry, in the order of their registration, each with its family.
#[derive(Debug)]
pub(crate) struct Callbacks(Mutex<Vec<Registered>>);

type Registered = (PlainArc<Callback>, PlainWeak<FamilyStore>);

/// Fewest callbacks among which those that have ended are looked for although nobody scrapes.
const MANY: usize = 64;

impl Callbacks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn push(&self, callback: PlainArc<Callback>, family: &PlainArc<FamilyStore>) {
        let ended: Vec<_> = {
            let mut callbacks = self.0.lock();
            // A look each time that the list would grow costs each callback a constant.
            let is_grown = callbacks.len() == callbacks.capacity() && callbacks.len() >= MANY;
            let ended = if is_grown { Self::take_ended(&mut callbacks) } else { Vec::new() };
            callbacks.push((callback, PlainArc::downgrade(family)));
            ended
        };
        ended.into_iter().for_each(catch_drop);
    }

    /// Takes out the callbacks whose series were removed: to be dropped without the lock, for what they own is the
    /// user's, and these may be the last references.
    fn take_ended(callbacks: &mut Vec<Registered>) -> Vec<Registered> {
        callbacks.extract_if(.., |(callback, _)| callback.has_ended()).collect()
    }

    /// Runs all callbacks of families that are on, holding no lock. `scratch` keeps the memory from scrape to scrape.
    /// To be called inside [`not_nested`](super::not_nested).
    pub(crate) fn run(&self, scratch: &mut Vec<PlainArc<Callback>>) -> Ran {
        scratch.clear();
        let ended: Vec<_> = {
            let mut callbacks = self.0.lock();
            let is_on = |family: &PlainWeak<FamilyStore>| family.upgrade().is_some_and(|family| family.is_on());
            let on = callbacks.iter().filter(|(_, family)| is_on(family));
            scratch.extend(on.map(|(callback, _)| callback.clone()));
            Self::take_ended(&mut callbacks)
        };
        ended.into_iter().for_each(catch_drop);
        let mut ran = Ran::default();
        for callback in scratch.drain(..) {
            match if callback.has_ended() { Outcome::Given } else { callback.run_once() } {
                Outcome::Given => {}
                Outcome::Fallen => ran.fallen += 1,
                Outcome::Panicked => ran.failed += 1,
                Outcome::Hanging => ran.hanging += 1,
            }
            catch_drop(callback);
        }
        ran
    }
}
