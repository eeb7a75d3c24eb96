//! Who leaves for whom, on a paused clock.

use super::*;

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

/// Places that are all taken, by clients that came a while ago.
async fn full(count: usize) -> (Places, Vec<Place>) {
    let places = Places::new(count);
    let held = (0..count).map(|_| places.take().unwrap()).inspect(Place::listen).collect();
    tokio::time::advance(GRACE).await;
    (places, held)
}

/// Waits for a place and leaves it again; says whether there was one.
fn wait(places: &Places) -> tokio::task::JoinHandle<bool> {
    let places = places.clone();
    tokio::spawn(async move { places.wait().await.is_some() })
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_takes_the_place_of_the_longest_silent() {
    let (places, held) = full(3).await;
    held[0].ask();
    let fourth = places.take().unwrap();
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
    let _newcomers: Vec<Place> = (0..2).map(|_| places.take().unwrap()).collect();
    assert!(is_sent_away(&held[1]).await);
    assert!(is_sent_away(&held[2]).await);
    assert!(!is_sent_away(&held[0]).await);
}

#[tokio::test(start_paused = true)]
async fn those_who_are_busy_keep_their_places_for_a_while() {
    let (places, mut held) = full(2).await;
    held.iter().for_each(Place::ask);
    assert!(places.take().is_none());
    held.pop();
    held.push(places.take().unwrap());
    held[1].ask();
    tokio::time::advance(BUSY - Duration::from_millis(1)).await;
    assert!(places.take().is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let third = places.take().unwrap();
    assert!(is_sent_away(&held[0]).await, "the one that asked first");
    assert!(!is_sent_away(&held[1]).await);
    drop(third);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_leaves_earlier() {
    let (places, held) = full(3).await;
    held.iter().for_each(Place::ask);
    held[1].stall(true);
    held[2].stall(true);
    tokio::time::advance(STALL / 2).await;
    // It has taken something meanwhile.
    held[1].stall(false);
    held[1].stall(true);
    tokio::time::advance(STALL / 2).await;
    let _fourth = places.take().unwrap();
    assert!(is_sent_away(&held[2]).await);
    assert!(places.take().is_none());
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_place_of_the_first_who_is_answered() {
    let (places, held) = full(2).await;
    held.iter().for_each(Place::ask);
    let newcomers: Vec<_> = (0..2)
        .map(|_| {
            tokio::spawn({
                let places = places.clone();
                async move { places.wait().await }
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
    assert!(places.take().is_none(), "nobody overtakes those who wait");
    let second = newcomers.next().unwrap();
    drop(held);
    assert!(second.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends() {
    let (places, held) = full(1).await;
    held[0].ask();
    let start = Instant::now();
    let in_time = places.wait();
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
    assert!(places.wait().await.is_none());
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
    assert_eq!(places.lock().free, 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_just_come_is_left_in_peace_unless_there_is_a_crowd() {
    let places = Places::new(NEWCOMERS);
    let crowd: Vec<Place> = (0..NEWCOMERS).map(|_| places.take().unwrap()).collect();
    tokio::time::advance(GRACE).await;
    assert!(places.take().is_none(), "nobody has listened to them");
    crowd.iter().for_each(Place::listen);
    assert!(places.take().is_none());
    tokio::time::advance(GRACE).await;
    assert!(places.take().is_some());
    assert!(is_sent_away(&crowd[0]).await);

    let places = Places::new(NEWCOMERS + 1);
    let crowd: Vec<Place> = (0..=NEWCOMERS).map(|_| places.take().unwrap()).collect();
    assert!(places.take().is_some());
    assert!(is_sent_away(&crowd[0]).await);
}

#[tokio::test(start_paused = true)]
async fn the_count_is_right_again_after_a_crowd() {
    let places = Places::new(2);
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(places.take().unwrap());
        crowd.last().unwrap().listen();
        tokio::time::advance(GRACE).await;
    }
    assert_eq!(places.lock().idle.len(), 2);
    crowd.iter().for_each(Place::ask);
    crowd.iter().for_each(Place::answered);
    assert_eq!(places.lock().idle.len(), 2, "who was sent away does not come back");
    drop(crowd);
    assert!(places.lock().idle.is_empty() && places.lock().busy.is_empty());
    assert_eq!(places.lock().free, 2);
}

#[tokio::test(start_paused = true)]
async fn room_is_made_by_those_who_may_leave() {
    let (places, held) = full(2).await;
    held[0].ask();
    let leaves = {
        let places = places.clone();
        tokio::spawn(async move { places.make_room().await })
    };
    settle().await;
    assert!(is_sent_away(&held[1]).await);
    let mut held = held;
    held.pop();
    assert!(leaves.await.unwrap());
    assert!(!places.make_room().await, "the other one is busy");
}
