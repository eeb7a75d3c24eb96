//! The connection cap, and who makes room at it.
//!
//! A plain cap would let five hundred clients shut out the one that wants to scrape, for as long as they come back. So a
//! newcomer without a free place gets that of another, in this order:
//!
//! 1. of one that asks for nothing just now, because it has said nothing yet or has had its answer: the one for which
//!    that is true the longest. An honest client sends its request with its first packet, so those who came just now are
//!    left in peace for [`GRACE`], unless there are many of them. A kept connection that is closed between two scrapes
//!    costs its client a new one;
//! 2. of one that takes nothing of its answer for [`STALL`], or has been busy with one request for [`BUSY`]: the one that
//!    asked first.
//!
//! Where there is none of these the newcomer waits, in a queue, for a place or for somebody to become one of them. Only
//! when the queue is full, or the wait too long, is it told that there is no room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::limits::{NEWCOMERS, PLACE_POLL, PLACE_TIMEOUT};

/// A client that has just come has so long to send its request, from the moment on at which it is listened to.
const GRACE: Duration = Duration::from_millis(10);

/// A client that takes no byte of its answer for so long may have to leave.
const STALL: Duration = Duration::from_millis(250);

/// And one whose answer takes so long from its request on.
const BUSY: Duration = Duration::from_secs(2);

/// A fixed number of places for connections. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// A connection has ended.
    left: Notify,
}

#[derive(Debug)]
struct State {
    /// Below zero while connections that were sent away have not left yet.
    free: isize,
    /// Numbers what happens: the connection with the lowest number is the one that is as it is for the longest.
    next: u64,
    /// The connections that ask for nothing.
    idle: BTreeMap<u64, Idle>,
    /// Those with a request that is not answered, in the order in which they asked.
    busy: BTreeMap<u64, Busy>,
    /// The newcomers, first come, first served.
    waiting: VecDeque<oneshot::Sender<Place>>,
}

#[derive(Debug)]
struct Idle {
    sent_away: Arc<Notify>,
    past: Past,
}

/// What there was to hear from an idle connection.
#[derive(Debug, Clone, Copy)]
enum Past {
    /// Nobody has listened.
    New,
    /// Nothing, since then.
    Silent(Instant),
    /// A request, which is answered.
    Answered,
}

impl Idle {
    fn is_new(&self, now: Instant) -> bool {
        match self.past {
            Past::New => true,
            Past::Silent(since) => now.duration_since(since) < GRACE,
            Past::Answered => false,
        }
    }
}

#[derive(Debug)]
struct Busy {
    sent_away: Arc<Notify>,
    since: Instant,
    stalled: Option<Instant>,
}

impl Busy {
    fn may_be_sent_away(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= BUSY || self.stalled.is_some_and(|since| now.duration_since(since) >= STALL)
    }
}

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    /// Its number in `idle` or `busy`. Written under the lock.
    number: AtomicU64,
    sent_away: Arc<Notify>,
}

/// Somebody who waits, and the place that is theirs. To be handed over without the lock: a place that nobody takes any
/// more is dropped, which locks.
struct Grant(oneshot::Sender<Place>, Place);

impl Grant {
    fn give(self) {
        let _ = self.0.send(self.1);
    }
}

impl Places {
    /// Makes room for `count` connections.
    pub(crate) fn new(count: usize) -> Places {
        let state = State {
            free: isize::try_from(count).unwrap_or(isize::MAX),
            next: 0,
            idle: BTreeMap::new(),
            busy: BTreeMap::new(),
            waiting: VecDeque::new(),
        };
        Places { shared: Arc::new(Shared { state: Mutex::new(state), left: Notify::new() }) }
    }

    /// Takes a place, if need be that of somebody else.
    pub(crate) fn take(&self) -> Option<Place> {
        let mut state = self.lock();
        // Nobody overtakes those who wait.
        if !state.waiting.is_empty() { None } else { self.take_now(&mut state) }
    }

    fn take_now(&self, state: &mut State) -> Option<Place> {
        if state.free <= 0 && !state.send_somebody_away() {
            return None;
        }
        Some(self.place(state))
    }

    /// Waits for a place; `None` where too many wait, or for too long.
    pub(crate) async fn wait(&self) -> Option<Place> {
        let mut granted = {
            let mut state = self.lock();
            state.waiting.retain(|newcomer| !newcomer.is_closed());
            if state.waiting.len() >= NEWCOMERS {
                return None;
            }
            let (grant, granted) = oneshot::channel();
            state.waiting.push_back(grant);
            granted
        };
        let give_up = Instant::now() + PLACE_TIMEOUT;
        loop {
            // That somebody stalls, or has been busy for long enough, is told by nothing but the clock.
            match timeout(PLACE_POLL, &mut granted).await {
                Ok(place) => return place.ok(),
                Err(_) if Instant::now() >= give_up => {
                    // From now on nothing can be sent; what was sent already is there.
                    granted.close();
                    return granted.try_recv().ok();
                }
                Err(_) => self.serve_the_first(),
            }
        }
    }

    /// Finds a place for the first of those who wait.
    fn serve_the_first(&self) {
        let mut grant = None;
        let mut state = self.lock();
        while let Some(newcomer) = state.waiting.pop_front() {
            if newcomer.is_closed() {
                continue;
            }
            match self.take_now(&mut state) {
                Some(place) => grant = Some(Grant(newcomer, place)),
                None => state.waiting.push_front(newcomer),
            }
            break;
        }
        drop(state);
        grant.into_iter().for_each(Grant::give);
    }

    /// Sends a connection away so that the system gets back what it takes, and waits until one has left; false where all
    /// have to stay.
    pub(crate) async fn make_room(&self) -> bool {
        let left = self.shared.left.notified();
        if !self.lock().send_somebody_away() {
            return false;
        }
        // Only keeps a runtime that is stuck elsewhere from holding up the listener.
        timeout(PLACE_POLL, left).await.is_ok()
    }

    /// Waits until a connection has ended.
    pub(crate) async fn somebody_left(&self) {
        self.shared.left.notified().await;
    }

    fn place(&self, state: &mut State) -> Place {
        state.free -= 1;
        let sent_away = Arc::new(Notify::new());
        let number = state.number();
        state.idle.insert(number, Idle { sent_away: Arc::clone(&sent_away), past: Past::New });
        Place { places: self.clone(), number: AtomicU64::new(number), sent_away }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn send_somebody_away(&mut self) -> bool {
        let now = Instant::now();
        let sent_away = self.idle_to_leave(now).or_else(|| self.busy_to_leave(now));
        sent_away.inspect(|sent_away| sent_away.notify_one()).is_some()
    }

    fn idle_to_leave(&mut self, now: Instant) -> Option<Arc<Notify>> {
        let mut new = self.idle.values().filter(|idle| idle.is_new(now));
        let is_crowd = new.nth(NEWCOMERS).is_some();
        let (&number, _) = self.idle.iter().find(|(_, idle)| is_crowd || !idle.is_new(now))?;
        self.idle.remove(&number).map(|idle| idle.sent_away)
    }

    fn busy_to_leave(&mut self, now: Instant) -> Option<Arc<Notify>> {
        let (&number, _) = self.busy.iter().find(|(_, busy)| busy.may_be_sent_away(now))?;
        self.busy.remove(&number).map(|busy| busy.sent_away)
    }
}

impl Place {
    /// Says that from now on somebody listens to the connection.
    pub(crate) fn listen(&self) {
        if let Some(idle) = self.places.lock().idle.get_mut(&self.number()) {
            idle.past = Past::Silent(Instant::now());
        }
    }

    /// Says that the connection has sent a request.
    pub(crate) fn ask(&self) {
        let mut state = self.places.lock();
        // One that is sent away is in neither list, and stays so.
        if let Some(Idle { sent_away, .. }) = state.idle.remove(&self.number()) {
            let number = state.number();
            state.busy.insert(number, Busy { sent_away, since: Instant::now(), stalled: None });
            self.set_number(number);
        }
    }

    /// Says that the answer is out.
    pub(crate) fn answered(&self) {
        let mut state = self.places.lock();
        let Some(Busy { sent_away, .. }) = state.busy.remove(&self.number()) else { return };
        let number = state.number();
        state.idle.insert(number, Idle { sent_away, past: Past::Answered });
        self.set_number(number);
        drop(state);
        // Somebody may wait for just this.
        self.places.serve_the_first();
    }

    /// Says that the client takes nothing, or something again.
    pub(crate) fn stall(&self, is_stalled: bool) {
        if let Some(busy) = self.places.lock().busy.get_mut(&self.number()) {
            busy.stalled = is_stalled.then(Instant::now);
        }
    }

    /// Waits until the place is given to somebody else.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.notified().await;
    }

    fn number(&self) -> u64 {
        // Relaxed: read and written under the lock.
        self.number.load(Ordering::Relaxed)
    }

    fn set_number(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.free += 1;
        let number = self.number();
        state.idle.remove(&number);
        state.busy.remove(&number);
        let is_free = state.free > 0;
        drop(state);
        if is_free {
            self.places.serve_the_first();
        }
        self.places.shared.left.notify_waiters();
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
