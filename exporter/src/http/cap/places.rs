//! The connection cap.
//!
//! A plain cap would let five hundred clients shut out the one that wants to scrape, for as long as they come back. So a
//! newcomer without a free place gets that of another; [`seats`](super::seats) says whose. Where nobody has to leave the
//! newcomer waits for a place or for somebody to leave, behind those who came before it, but before all whose address has
//! more places. Only when very many wait is one told that there is no room.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::seats::{Seats, Stage, neighbourhood};
use crate::http::limits::{NEWCOMERS, PLACE_POLL, PLACE_TIMEOUT};
use crate::http::socket::client::Gone;
use crate::http::socket::networks::Peer;

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
    seats: Seats,
    /// The newcomers, in the order in which they came.
    waiting: VecDeque<Newcomer>,
    /// Newcomers so far.
    came: u64,
    /// Listeners that cannot even accept a connection before another one ends.
    stuck: usize,
}

#[derive(Debug)]
struct Newcomer {
    number: u64,
    peer: Peer,
    gone: Gone,
    grant: oneshot::Sender<Place>,
}

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    /// Its number among the seats. Written under the lock.
    number: AtomicU64,
    sent_away: Arc<Notify>,
}

impl Places {
    /// Makes room for `count` connections.
    pub(crate) fn new(count: usize) -> Places {
        let state = State { seats: Seats::new(count), waiting: VecDeque::new(), came: 0, stuck: 0 };
        Places { shared: Arc::new(Shared { state: Mutex::new(state), left: Notify::new() }) }
    }

    /// Takes a place, if need be that of somebody else.
    pub(crate) fn take(&self, peer: Peer, gone: &Gone) -> Option<Place> {
        let mut state = self.lock();
        // Nobody overtakes those who wait.
        if state.waiting.is_empty() { self.take_now(&mut state.seats, neighbourhood(peer), gone) } else { None }
    }

    fn take_now(&self, seats: &mut Seats, peer: Peer, gone: &Gone) -> Option<Place> {
        if seats.free <= 0 && !seats.make_way(peer, Instant::now()) {
            return None;
        }
        let sent_away = Arc::new(Notify::new());
        let number = seats.sit(peer, gone.clone(), Arc::clone(&sent_away));
        Some(Place { places: self.clone(), number: AtomicU64::new(number), sent_away })
    }

    /// Waits for a place; `None` where too many wait, or for too long.
    pub(crate) async fn wait(&self, peer: Peer, gone: &Gone) -> Option<Place> {
        let (number, mut granted) = self.lock().queue(neighbourhood(peer), gone)?;
        let give_up = Instant::now() + PLACE_TIMEOUT;
        // Perhaps there is a place by now, or for this address.
        self.serve_the_first(self.lock());
        loop {
            // That somebody stalls is told by nothing but the clock.
            match timeout(PLACE_POLL, &mut granted).await {
                // An error says that somebody with fewer places took this one's in the queue.
                Ok(place) => return place.ok(),
                Err(_) if Instant::now() >= give_up => {
                    // From now on nothing can be sent; what was sent already is there.
                    granted.close();
                    return granted.try_recv().ok();
                }
                // One looks for all.
                Err(_) => {
                    let state = self.lock();
                    if state.waiting.front().is_some_and(|first| first.number == number) {
                        self.serve_the_first(state);
                    }
                }
            }
        }
    }

    /// Finds a place for the first of those who wait.
    fn serve_the_first(&self, mut state: MutexGuard<'_, State>) {
        let State { seats, waiting, .. } = &mut *state;
        waiting.retain(|newcomer| !newcomer.grant.is_closed());
        let places_held = |newcomer: &(usize, &Newcomer)| seats.held_by(newcomer.1.peer);
        let Some((first, newcomer)) = waiting.iter().enumerate().min_by_key(places_held) else { return };
        let place = self.take_now(seats, newcomer.peer, &newcomer.gone);
        let granted = place.and_then(|place| Some((waiting.remove(first)?.grant, place)));
        drop(state);
        // Without the lock: a place that nobody takes any more is dropped, which locks.
        if let Some((grant, place)) = granted {
            let _ = grant.send(place);
        }
    }

    /// Sends a connection away so that the system gets back what it takes, and waits until one has left, for at most this
    /// long where nobody has to leave. Whoever is answered meanwhile has to.
    pub(crate) async fn make_room(&self, patience: Duration) {
        let give_up = Instant::now() + patience;
        let _stuck = Stuck::begin(self);
        loop {
            let left = self.shared.left.notified();
            let is_leaving = self.lock().seats.make_room(Instant::now());
            let wait = if is_leaving { PLACE_POLL } else { PLACE_POLL.min(give_up - Instant::now()) };
            if timeout(wait, left).await.is_ok() || Instant::now() >= give_up {
                return;
            }
        }
    }

    /// Waits until a connection has ended.
    pub(crate) async fn somebody_left(&self) {
        self.shared.left.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Queues a newcomer. Where there is no room in the queue it takes that of those who seem to have gone, or of the last
    /// one of the address that most are from, if fewer are from its own.
    fn queue(&mut self, peer: Peer, gone: &Gone) -> Option<(u64, oneshot::Receiver<Place>)> {
        self.waiting.retain(|newcomer| !newcomer.grant.is_closed());
        if self.waiting.len() >= NEWCOMERS {
            self.waiting.retain(|newcomer| !newcomer.gone.ask());
        }
        if self.waiting.len() >= NEWCOMERS {
            let mut counts: HashMap<Peer, usize> = HashMap::new();
            self.waiting.iter().for_each(|newcomer| *counts.entry(newcomer.peer).or_default() += 1);
            let own = counts.get(&peer).copied().unwrap_or(0);
            let (most, _) = counts.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > own + 1)?;
            let last = self.waiting.iter().rposition(|newcomer| newcomer.peer == most)?;
            self.waiting.remove(last);
        }
        let (grant, granted) = oneshot::channel();
        self.came += 1;
        self.waiting.push_back(Newcomer { number: self.came, peer, gone: gone.clone(), grant });
        Some((self.came, granted))
    }
}

/// Says, for as long as it lives, that a listener cannot accept connections.
struct Stuck<'p>(&'p Places);

impl Stuck<'_> {
    fn begin(places: &Places) -> Stuck<'_> {
        places.lock().stuck += 1;
        Stuck(places)
    }
}

impl Drop for Stuck<'_> {
    fn drop(&mut self) {
        self.0.lock().stuck -= 1;
    }
}

impl Place {
    /// Says that from now on somebody listens to the connection.
    pub(crate) fn listen(&self) {
        self.places.lock().seats.update(self.number(), |stage| *stage = Stage::Silent(Instant::now()));
    }

    /// Says that the connection has sent a request.
    pub(crate) fn ask(&self) {
        self.change(&mut self.places.lock().seats, |_| Some(Stage::Asked));
    }

    /// Says that its answer is made.
    pub(crate) fn send(&self) {
        // One that gets nothing has not asked, and stays what it is.
        let sending = |stage| matches!(stage, Stage::Asked).then(|| Stage::Sending(Instant::now(), None));
        self.change(&mut self.places.lock().seats, sending);
    }

    /// Says that the client takes nothing, or something again.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.places.lock().seats.update(self.number(), |stage| {
            if let Stage::Sending(_, stalled) = stage {
                *stalled = is_stalled.then(Instant::now);
            }
        });
    }

    /// Says that the answer is out.
    pub(crate) fn answered(&self) {
        let mut state = self.places.lock();
        let answered = |stage| matches!(stage, Stage::Asked | Stage::Sending(..)).then_some(Stage::Answered);
        self.change(&mut state.seats, answered);
        if state.stuck > 0 {
            state.seats.send_away(self.number());
            return;
        }
        // Somebody may wait for just this.
        self.places.serve_the_first(state);
    }

    fn change(&self, seats: &mut Seats, change: impl FnOnce(Stage) -> Option<Stage>) {
        if let Some(number) = seats.change(self.number(), change) {
            // Relaxed: as below.
            self.number.store(number, Ordering::Relaxed);
        }
    }

    /// Waits until the place is given to somebody else.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.notified().await;
    }

    fn number(&self) -> u64 {
        // Relaxed: read and written under the lock, or by the one task of the connection.
        self.number.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.seats.leave(self.number());
        if state.seats.free > 0 {
            self.places.serve_the_first(state);
        } else {
            drop(state);
        }
        self.places.shared.left.notify_waiters();
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
