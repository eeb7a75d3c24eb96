//! Who holds a place, and who has to leave for a newcomer.
//!
//! Those may have to leave:
//!
//! 1. who asks for nothing just now, having had an answer, or having said nothing for a while. An honest client sends its
//!    request with its first packet, and a kept connection that is closed between two scrapes costs its client a new one;
//! 2. who takes nothing of an answer, or takes very long for it;
//! 3. who seems to have gone without waiting for the answer. It may also have closed its writing side only, and is served
//!    where nobody needs its place.
//!
//! Of these it is one from the address with the most places, of those the first kind before the second, and then the one
//! that is as it is for longest. Who waits for an answer that is being made does not have to leave, as that is not the
//! client's fault; but one address does not keep all places from others: a newcomer from elsewhere takes one of its.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::http::limits::{CROWD, FEW_PLACES, GRACE, LONG_ANSWER, SHORT_GRACE, STALL};
use crate::http::socket::client::Gone;
use crate::http::socket::networks::Peer;

/// Those who hold a place, and how many more could.
#[derive(Debug)]
pub(super) struct Seats {
    /// Below zero while connections that were sent away have not left yet.
    pub(super) free: isize,
    next: u64,
    /// By when they became what they are. Those who were sent away are not among them.
    seats: BTreeMap<u64, Seat>,
    /// How many of them there are from an address.
    held: HashMap<Peer, usize>,
}

#[derive(Debug)]
struct Seat {
    peer: Peer,
    stage: Stage,
    gone: Gone,
    sent_away: Arc<Notify>,
}

/// What a connection does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// Nobody listens to it yet.
    New,
    /// It has said nothing since then.
    Silent(Instant),
    /// It has asked, and its answer is being made.
    Asked,
    /// It takes its answer since then, and nothing since then.
    Sending(Instant, Option<Instant>),
    /// It has had its answer.
    Answered,
}

impl Seat {
    /// Returns its rank among those who may have to leave, lowest first; `None` where it stays.
    fn rank(&self, now: Instant, grace: Duration) -> Option<u8> {
        match self.stage {
            Stage::New => None,
            Stage::Asked => self.gone.ask().then_some(3),
            Stage::Answered => Some(0),
            Stage::Silent(since) => (now.duration_since(since) >= grace).then_some(1),
            Stage::Sending(since, stalled) => {
                let is_stalled = stalled.is_some_and(|since| now.duration_since(since) >= STALL);
                (is_stalled || now.duration_since(since) >= LONG_ANSWER).then_some(2)
            }
        }
    }
}

impl Seats {
    pub(super) fn new(count: usize) -> Seats {
        let free = isize::try_from(count).unwrap_or(isize::MAX);
        Seats { free, next: 0, seats: BTreeMap::new(), held: HashMap::new() }
    }

    /// Adds a connection; returns its number.
    pub(super) fn sit(&mut self, peer: Peer, gone: Gone, sent_away: Arc<Notify>) -> u64 {
        self.free -= 1;
        *self.held.entry(peer).or_default() += 1;
        self.insert(Seat { peer, stage: Stage::New, gone, sent_away })
    }

    fn insert(&mut self, seat: Seat) -> u64 {
        self.next += 1;
        self.seats.insert(self.next, seat);
        self.next
    }

    fn take(&mut self, number: u64) -> Option<Seat> {
        let seat = self.seats.remove(&number)?;
        if let Some(held) = self.held.get_mut(&seat.peer) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&seat.peer);
            }
        }
        Some(seat)
    }

    /// Removes a connection that has ended.
    pub(super) fn leave(&mut self, number: u64) {
        self.free += 1;
        self.take(number);
    }

    /// Says what a connection does now, unless that is what it did. Returns its number from now on; none of one that was
    /// sent away.
    pub(super) fn change(&mut self, number: u64, change: impl FnOnce(Stage) -> Option<Stage>) -> Option<u64> {
        let stage = change(self.seats.get(&number)?.stage)?;
        let seat = self.seats.remove(&number)?;
        Some(self.insert(Seat { stage, ..seat }))
    }

    /// Says what a connection does now that goes on with what it did.
    pub(super) fn update(&mut self, number: u64, update: impl FnOnce(&mut Stage)) {
        if let Some(seat) = self.seats.get_mut(&number) {
            update(&mut seat.stage);
        }
    }

    pub(super) fn held_by(&self, peer: Peer) -> usize {
        self.held.get(&peer).copied().unwrap_or(0)
    }

    /// Sends the connection with this number away.
    pub(super) fn send_away(&mut self, number: u64) -> bool {
        self.take(number).inspect(|seat| seat.sent_away.notify_one()).is_some()
    }

    /// Sends a connection away that may have to leave for a newcomer from `peer`; false where all stay.
    pub(super) fn make_way(&mut self, peer: Peer, now: Instant) -> bool {
        let leaves = self
            .who_may_leave(now, GRACE)
            .or_else(|| self.who_has_more(peer))
            .or_else(|| self.who_is_one_of_a_crowd(now));
        leaves.is_some_and(|number| self.send_away(number))
    }

    /// The same where the system has nothing left, and nobody knows for whom.
    pub(super) fn make_room(&mut self, now: Instant) -> bool {
        self.who_may_leave(now, SHORT_GRACE).is_some_and(|number| self.send_away(number))
    }

    fn who_may_leave(&self, now: Instant, grace: Duration) -> Option<u64> {
        let ranked = self.seats.iter().filter_map(|(&number, seat)| {
            let rank = seat.rank(now, grace)?;
            Some((std::cmp::Reverse(self.held_by(seat.peer)), rank, number))
        });
        ranked.min().map(|(_, _, number)| number)
    }

    /// The latest of the address that has most, if that is far more than the newcomer's.
    fn who_has_more(&self, peer: Peer) -> Option<u64> {
        let (most, count) = self.held.iter().max_by_key(|(_, count)| **count)?;
        if *count < FEW_PLACES || self.held_by(peer) * 4 >= *count {
            return None;
        }
        self.seats.iter().rev().find(|(_, seat)| seat.peer == *most).map(|(&number, _)| number)
    }

    fn who_is_one_of_a_crowd(&self, now: Instant) -> Option<u64> {
        let is_silent = |seat: &Seat| matches!(seat.stage, Stage::Silent(since) if now.duration_since(since) < GRACE);
        let mut silent = self.seats.iter().filter(|(_, seat)| is_silent(seat)).map(|(&number, _)| number);
        let first = silent.next()?;
        silent.nth(CROWD - 1).map(|_| first)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.held.values().sum::<usize>(), self.seats.len());
        self.seats.len()
    }
}

/// Returns the address by which clients are told apart: of IPv6, where a host has as many as it wants, the network.
pub(super) fn neighbourhood(peer: Peer) -> Peer {
    Some(match peer?.to_canonical() {
        IpAddr::V4(addr) => IpAddr::V4(addr),
        IpAddr::V6(addr) => IpAddr::V6(Ipv6Addr::from_bits(addr.to_bits() & !u128::from(u64::MAX))),
    })
}
