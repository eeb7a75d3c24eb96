//! The connection cap.
//!
//! A plain cap would let five hundred clients that say nothing shut out the one that wants to scrape, for as long
//! as they come back. So a newcomer without a free place gets that of the longest silent connection: one that has
//! not sent a whole request yet. An honest client sends its request with its first packet, and so is silent for a
//! moment only. When every connection has spoken the newcomer must be told that there is no room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A fixed number of places for connections. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Below zero while connections that were sent away have not left yet.
    free: isize,
    next: u64,
    /// The connections that have not sent a request, by arrival, and how to send them away.
    silent: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    number: u64,
    sent_away: Arc<Notify>,
}

impl Places {
    /// Makes room for `count` connections.
    pub(crate) fn new(count: usize) -> Places {
        let free = isize::try_from(count).unwrap_or(isize::MAX);
        Places { state: Arc::new(Mutex::new(State { free, next: 0, silent: BTreeMap::new() })) }
    }

    /// Takes a place, if need be that of the longest silent connection.
    pub(crate) fn take(&self) -> Option<Place> {
        let mut state = self.lock();
        if state.free <= 0 {
            let (_, sent_away) = state.silent.pop_first()?;
            sent_away.notify_one();
        }
        state.free -= 1;
        let number = state.next;
        state.next += 1;
        let sent_away = Arc::new(Notify::new());
        state.silent.insert(number, Arc::clone(&sent_away));
        drop(state);
        Some(Place { places: self.clone(), number, sent_away })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says that the connection has sent a request. From now on it keeps its place.
    pub(crate) fn speak(&self) {
        self.places.lock().silent.remove(&self.number);
    }

    /// Waits until the place is given to somebody else.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.free += 1;
        state.silent.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_sent_away(place: &Place) -> bool {
        tokio::select! {
            biased;
            () = place.sent_away() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn a_newcomer_takes_the_place_of_the_longest_silent() {
        let places = Places::new(3);
        let held: Vec<Place> = (0..3).map(|_| places.take().unwrap()).collect();
        held[0].speak();
        let fourth = places.take().unwrap();
        assert!(!is_sent_away(&held[0]).await);
        assert!(is_sent_away(&held[1]).await);
        assert!(!is_sent_away(&held[2]).await);
        assert!(!is_sent_away(&fourth).await);
    }

    #[tokio::test]
    async fn those_who_have_spoken_keep_their_places() {
        let places = Places::new(2);
        let mut held: Vec<Place> = (0..2).map(|_| places.take().unwrap()).collect();
        held.iter().for_each(Place::speak);
        assert!(places.take().is_none());
        held.pop();
        held.push(places.take().unwrap());
        held[1].speak();
        assert!(places.take().is_none());
    }

    #[tokio::test]
    async fn the_count_is_right_again_after_a_crowd() {
        let places = Places::new(2);
        let crowd: Vec<Place> = (0..100).map(|_| places.take().unwrap()).collect();
        assert_eq!(places.lock().silent.len(), 2);
        drop(crowd);
        assert!(places.lock().silent.is_empty());
        assert_eq!(places.lock().free, 2);
    }
}
