//! Who leaves for whom, on a paused clock.

use std::net::Ipv4Addr;

use super::*;
use crate::http::limits::{CROWD, GRACE, LONG_ANSWER, STALL};

/// Lets every task do all it can do now: a paused clock goes on only when none has anything to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn is_sent_away(place: &Place) -> bool {
    tokio::select! {
        biased;
        () = place.sent_away() => true,
        () = std::future::ready(()) => false,
    }
}

/// Says that nobody has gone.
fn here() -> Gone {
    Gone::when(|| false)
}

fn take(places: &Places, peer: Peer) -> Option<Place> {
    places.take(peer, &here())
}

/// Places that are all taken, by clients that came a while ago.
async fn full(count: usize) -> (Places, Vec<Place>) {
    let places = Places::new(count);
    let held = (0..count).map(|_| take(&places, None).unwrap()).inspect(Place::listen).collect();
    tokio::time::advance(GRACE).await;
    (places, held)
}

/// Waits for a place and leaves it again; says whether there was one.
fn wait(places: &Places) -> tokio::task::JoinHandle<bool> {
    let places = places.clone();
    tokio::spawn(async move { places.wait(None, &here()).await.is_some() })
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_takes_the_place_of_the_longest_silent() {
    let (places, held) = full(3).await;
    held[0].ask();
    let fourth = take(&places, None).unwrap();
    assert!(!is_sent_away(&held[0]).await);
    assert!(is_sent_away(&held[1]).await);
    assert!(!is_sent_away(&held[2]).await);
    assert!(!is_sent_away(&fourth).await);
}

#[tokio::test(start_paused = true)]
async fn who_has_had_an_answer_leaves_before_those_who_had_one_later() {
    let (places, held) = full(3).await;
    for index in [1, 2, 0] {
        held[index].ask();
        held[index].answered();
    }
    let _newcomers: Vec<Place> = (0..2).map(|_| take(&places, None).unwrap()).collect();
    assert!(is_sent_away(&held[1]).await);
    assert!(is_sent_away(&held[2]).await);
    assert!(!is_sent_away(&held[0]).await);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_an_answer_keep_their_places() {
    let (places, mut held) = full(2).await;
    held.iter().for_each(Place::ask);
    tokio::time::advance(2 * LONG_ANSWER).await;
    // However long it takes to make it.
    assert!(take(&places, None).is_none());
    held.pop();
    held.push(take(&places, None).unwrap());
    held.iter().for_each(Place::ask);
    held.iter().for_each(Place::send);
    tokio::time::advance(LONG_ANSWER - Duration::from_millis(1)).await;
    assert!(take(&places, None).is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let third = take(&places, None).unwrap();
    assert!(is_sent_away(&held[0]).await, "the one whose answer was made first");
    assert!(!is_sent_away(&held[1]).await);
    drop(third);
}

fn address(last: u8) -> Peer {
    Some(Ipv4Addr::new(10, 0, 0, last).into())
}

#[tokio::test(start_paused = true)]
async fn one_address_does_not_keep_all_places() {
    let places = Places::new(20);
    let mut held: Vec<Place> = (0..16).map(|_| take(&places, address(1)).unwrap()).collect();
    held.extend((0..4).map(|_| take(&places, address(2)).unwrap()));
    held.iter().for_each(Place::ask);
    // One more of the same address, or of one that has a quarter of that, has to wait.
    assert!(take(&places, address(1)).is_none() && take(&places, address(2)).is_none());
    let newcomer = take(&places, address(3)).unwrap();
    assert!(is_sent_away(&held[15]).await, "the one that asked last");
    assert_eq!(places.lock().seats.held_by(address(1)), 15);
    // Of those who may leave it is one of the address that has most, whoever is so for longest.
    held[17].answered();
    held[3].answered();
    newcomer.ask();
    let _another = take(&places, address(4)).unwrap();
    assert!(is_sent_away(&held[3]).await);
    assert!(!is_sent_away(&held[17]).await);
}

#[tokio::test(start_paused = true)]
async fn who_has_fewer_places_waits_less() {
    let places = Places::new(4);
    let held: Vec<Place> = (0..4).map(|_| take(&places, address(1)).unwrap()).collect();
    held.iter().for_each(Place::ask);
    let wait = |peer| {
        let places = places.clone();
        tokio::spawn(async move { places.wait(peer, &here()).await })
    };
    let first = wait(address(1));
    settle().await;
    let second = wait(address(2));
    settle().await;
    held[0].answered();
    let place = second.await.unwrap().unwrap();
    assert!(!first.is_finished());
    place.ask();
    held[1].answered();
    assert!(first.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_room_for_those_from_elsewhere() {
    let (places, held) = full(1).await;
    held[0].ask();
    let wait = |peer| {
        let places = places.clone();
        tokio::spawn(async move { places.wait(peer, &here()).await.is_some() })
    };
    let crowd: Vec<_> = (0..NEWCOMERS).map(|_| wait(address(1))).collect();
    settle().await;
    assert!(!wait(address(1)).await.unwrap(), "told at once");
    let other = wait(address(2));
    settle().await;
    assert!(!other.is_finished());
    let refused = crowd.iter().position(tokio::task::JoinHandle::is_finished);
    assert_eq!(refused, Some(NEWCOMERS - 1));
    drop(held);
    assert!(other.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_leaves_earlier() {
    let (places, held) = full(3).await;
    held.iter().for_each(Place::ask);
    held.iter().for_each(Place::send);
    held[1].stall(true);
    held[2].stall(true);
    tokio::time::advance(STALL / 2).await;
    // It has taken something meanwhile.
    held[1].stall(false);
    held[1].stall(true);
    tokio::time::advance(STALL / 2).await;
    let _fourth = take(&places, None).unwrap();
    assert!(is_sent_away(&held[2]).await);
    assert!(take(&places, None).is_none());
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_place_of_the_first_who_is_answered() {
    let (places, held) = full(2).await;
    held.iter().for_each(Place::ask);
    let newcomers: Vec<_> = (0..2)
        .map(|_| {
            tokio::spawn({
                let places = places.clone();
                async move { places.wait(None, &here()).await }
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let start = Instant::now();
    held[1].answered();
    // It asks again at once, and is too late: the place is gone.
    held[1].ask();
    assert!(is_sent_away(&held[1]).await);
    let mut newcomers = newcomers.into_iter();
    let first = newcomers.next().unwrap().await.unwrap();
    assert!(first.is_some());
    assert_eq!(start.elapsed(), Duration::ZERO);
    // The second one gets the first's place as soon as that has said nothing for longest; it asks, so not now.
    first.as_ref().unwrap().ask();
    assert!(take(&places, None).is_none(), "nobody overtakes those who wait");
    let second = newcomers.next().unwrap();
    drop(held);
    assert!(second.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends() {
    let (places, held) = full(1).await;
    held[0].ask();
    let start = Instant::now();
    let here = here();
    let in_time = places.wait(None, &here);
    let asks_again = async {
        // It is answered and asks within a moment, for ever: nobody sees it idle but those who wait.
        tokio::time::sleep(Duration::from_millis(100)).await;
        held[0].answered();
    };
    assert!(tokio::join!(in_time, asks_again).0.is_some());
    assert_eq!(start.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_wait() {
    let (places, held) = full(1).await;
    held[0].ask();
    let waiting: Vec<_> = (0..NEWCOMERS).map(|_| wait(&places)).collect();
    settle().await;
    assert!(places.wait(None, &here()).await.is_none());
    // One that goes away leaves its place in the queue.
    waiting[0].abort();
    settle().await;
    let one_more = wait(&places);
    settle().await;
    assert!(!one_more.is_finished());
    drop(held);
    for waiting in waiting.into_iter().skip(1).chain([one_more]) {
        assert!(waiting.await.unwrap());
    }
    assert_eq!(places.lock().seats.free, 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_just_come_is_left_in_peace_unless_there_is_a_crowd() {
    let places = Places::new(CROWD);
    let crowd: Vec<Place> = (0..CROWD).map(|_| take(&places, None).unwrap()).collect();
    tokio::time::advance(GRACE).await;
    assert!(take(&places, None).is_none(), "nobody has listened to them");
    crowd.iter().for_each(Place::listen);
    assert!(take(&places, None).is_none());
    tokio::time::advance(GRACE).await;
    assert!(take(&places, None).is_some());
    assert!(is_sent_away(&crowd[0]).await);

    let places = Places::new(CROWD + 1);
    let crowd: Vec<Place> = (0..=CROWD).map(|_| take(&places, None).unwrap()).collect();
    assert!(take(&places, None).is_none());
    crowd.iter().for_each(Place::listen);
    assert!(take(&places, None).is_some());
    assert!(is_sent_away(&crowd[0]).await);
}

#[tokio::test(start_paused = true)]
async fn the_count_is_right_again_after_a_crowd() {
    let places = Places::new(2);
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(take(&places, None).unwrap());
        crowd.last().unwrap().listen();
        tokio::time::advance(GRACE).await;
    }
    assert_eq!(places.lock().seats.len(), 2);
    crowd.iter().for_each(Place::ask);
    crowd.iter().for_each(Place::answered);
    assert_eq!(places.lock().seats.len(), 2, "who was sent away does not come back");
    drop(crowd);
    assert_eq!(places.lock().seats.len(), 0);
    assert_eq!(places.lock().seats.free, 2);
}

#[tokio::test(start_paused = true)]
async fn room_is_made_by_those_who_may_leave() {
    let (places, mut held) = full(2).await;
    held[0].ask();
    let make_room = || {
        let places = places.clone();
        tokio::spawn(async move { places.make_room(Duration::from_secs(5)).await })
    };
    let made = make_room();
    settle().await;
    assert!(is_sent_away(&held[1]).await);
    held.pop();
    made.await.unwrap();
    // Nobody may leave: who is answered meanwhile has to.
    let start = Instant::now();
    let made = make_room();
    settle().await;
    held[0].answered();
    held[0].ask();
    assert!(is_sent_away(&held[0]).await);
    drop(held);
    made.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    // And nobody is there at all.
    make_room().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(5));
    assert_eq!(places.lock().stuck, 0);
}

#[tokio::test(start_paused = true)]
async fn who_has_gone_makes_room_where_it_is_needed() {
    use std::sync::atomic::AtomicBool;
    let places = Places::new(2);
    let has_gone = Arc::new(AtomicBool::new(false));
    let gone = {
        let has_gone = Arc::clone(&has_gone);
        Gone::when(move || has_gone.load(Ordering::Relaxed))
    };
    let held = [places.take(None, &here()).unwrap(), places.take(None, &gone).unwrap()];
    held.iter().for_each(Place::ask);
    assert!(take(&places, None).is_none());
    has_gone.store(true, Ordering::Relaxed);
    let newcomer = take(&places, None).unwrap();
    assert!(is_sent_away(&held[1]).await);
    newcomer.ask();
    // The same in the queue, when it is full.
    let wait = |gone: Gone| {
        let places = places.clone();
        tokio::spawn(async move { places.wait(None, &gone).await.is_some() })
    };
    let crowd: Vec<_> =
        (0..NEWCOMERS).map(|number| wait(if number % 2 == 0 { gone.clone() } else { here() })).collect();
    settle().await;
    let other = wait(here());
    settle().await;
    assert!(!other.is_finished());
    assert_eq!(crowd.iter().filter(|waiting| waiting.is_finished()).count(), NEWCOMERS / 2);
}
