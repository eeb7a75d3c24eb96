//! Handle caches: hits, bounds, and what leaves by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use streamgauge::{Counter, Family, Gauge, HandleCache, Histogram, LabelSet, Registry, Scraper};

#[derive(LabelSet)]
struct Table {
    id: u32,
}

type Events = Family<Table, Counter>;

fn events(registry: &Registry) -> Events {
    registry.counter("events_total", "Events.").limit(4).family().expect("legal")
}

fn value(registry: &Registry, id: &str) -> Option<f64> {
    registry.sample_value("events_total", &[("id", id)])
}

fn inc(cache: &mut HandleCache<u32, Table, Counter>, id: u32) {
    cache.get_or_insert_with(id, |family| family.get_or_create(&Table { id })).inc();
}

#[test]
fn a_hit_makes_nothing_and_counts_on() {
    let registry = Registry::new();
    let mut cache = events(&registry).handle_cache::<u32>();
    inc(&mut cache, 1);
    cache.get_or_insert_with(1, |_| panic!("the key is known")).inc();
    assert_eq!((value(&registry, "1"), cache.len()), (Some(2.0), 1));
}

#[test]
fn removed_series_leave_and_are_made_again() {
    let registry = Registry::new();
    let family = events(&registry);
    let mut cache = family.handle_cache::<u32>();
    (1..=3).for_each(|id| inc(&mut cache, id));
    assert!(family.remove(&Table { id: 2 }));
    inc(&mut cache, 1);
    assert_eq!(cache.len(), 2);
    inc(&mut cache, 2);
    assert_eq!(
        (value(&registry, "1"), value(&registry, "2"), value(&registry, "3")),
        (Some(2.0), Some(1.0), Some(1.0))
    );
    assert_eq!(family.clear(), 3);
    inc(&mut cache, 3);
    assert_eq!((cache.len(), value(&registry, "3")), (1, Some(1.0)));
}

#[test]
fn overflow_is_left_when_there_is_room_again() {
    let registry = Registry::new();
    let family = events(&registry);
    let mut cache = family.handle_cache::<u32>();
    (1..=5).for_each(|id| inc(&mut cache, id));
    inc(&mut cache, 5);
    assert_eq!((value(&registry, "__overflow__"), value(&registry, "5")), (Some(2.0), None));
    family.remove(&Table { id: 1 });
    inc(&mut cache, 5);
    assert_eq!((value(&registry, "__overflow__"), value(&registry, "5")), (Some(2.0), Some(1.0)));
}

#[test]
fn room_of_the_registry_comes_back_through_another_family_too() {
    let registry = Registry::new();
    registry.set_series_limit(1);
    let other: Family<Table, Gauge> = registry.gauge("lag", "Lag.").family().expect("legal");
    other.init(&Table { id: 1 });
    let mut cache = events(&registry).handle_cache::<u32>();
    inc(&mut cache, 1);
    assert_eq!(value(&registry, "1"), None);
    other.clear();
    inc(&mut cache, 1);
    assert_eq!(value(&registry, "1"), Some(1.0));
    inc(&mut cache, 2);
    assert_eq!(value(&registry, "2"), None);
    registry.set_series_limit(2);
    inc(&mut cache, 2);
    assert_eq!((value(&registry, "2"), value(&registry, "__overflow__")), (Some(1.0), Some(2.0)));
}

#[test]
fn the_bound_holds_and_every_record_counts() {
    let registry = Registry::new();
    let family: Events = registry.counter("events_total", "Events.").family().expect("legal");
    let mut cache = family.handle_cache::<u32>().with_capacity(10);
    for round in 1..=3 {
        for id in 0..100 {
            inc(&mut cache, id);
            assert!(cache.len() <= 10);
        }
        assert_eq!(
            (0..100).map(|id| value(&registry, &id.to_string()).expect("made")).sum::<f64>(),
            100.0 * f64::from(round)
        );
    }
    assert!(cache.remove(99) && !cache.remove(99));
    let mut large = family.handle_cache::<u32>();
    (0..5000).for_each(|id| inc(&mut large, id));
    assert!(!large.is_empty() && large.len() <= 4096);
    // Removal from the middle of search chains loses no other entry.
    let before = large.len();
    let first = 5000 - before as u32;
    let gone = (first..5000).filter(|id| id % 3 == 0).filter(|id| large.remove(*id)).count();
    assert_eq!(large.len(), before - gone);
    for id in (first..5000).filter(|id| id % 3 != 0) {
        large.get_or_insert_with(id, |_| panic!("{id} was not removed"));
    }
    large.clear();
    assert!(large.is_empty());
}

#[test]
fn a_cache_outlives_its_family_and_registry_and_moves_to_a_thread() {
    let registry = Registry::new();
    let family = events(&registry);
    let mut cache = family.handle_cache::<u32>();
    inc(&mut cache, 1);
    drop((family, registry));
    std::thread::spawn(move || (0..3).for_each(|id| inc(&mut cache, id))).join().expect("records are harmless");
    let mut noop = Events::noop().handle_cache::<u32>();
    inc(&mut noop, 1);
    assert_eq!(noop.len(), 1);
    assert!(format!("{noop:?}").contains("len: 1"));
}

#[test]
fn a_closure_that_panics_leaves_the_cache_as_it_was() {
    let registry = Registry::new();
    let mut cache = events(&registry).handle_cache::<u32>();
    inc(&mut cache, 1);
    catch_unwind(AssertUnwindSafe(|| drop(cache.get_or_insert_with(2, |_| panic!("asked for")).clone())))
        .expect_err("the panic is the caller's");
    inc(&mut cache, 2);
    assert_eq!((cache.len(), value(&registry, "2")), (2, Some(1.0)));
}

#[test]
fn histograms_and_gauges_are_cached_too() {
    let registry = Registry::new();
    let sizes: Family<Table, Histogram> = registry.histogram("size", "Sizes.").family().expect("legal");
    let lags: Family<Table, Gauge> = registry.gauge("lag", "Lag.").family().expect("legal");
    let (mut size, mut lag) = (sizes.handle_cache::<(u16, u16)>(), lags.handle_cache::<i64>());
    for _ in 0..2 {
        size.get_or_insert_with((1, 2), |family| family.get_or_create(&Table { id: 1 })).observe(1.0);
        lag.get_or_insert_with(-1, |family| family.get_or_create(&Table { id: 1 })).set(7.0);
    }
    // A clone is the user's own and outlives the entry.
    let mine = size.get_or_insert_with((1, 2), |_| panic!("known")).clone();
    size.clear();
    mine.observe(2.0);
    let labels = [("id", "1")];
    assert_eq!(registry.sample_value("size_count", &labels), Some(3.0));
    assert_eq!(registry.sample_value("lag", &labels), Some(7.0));
    sizes.clear();
    lags.clear();
    drop((mine, size, lag));
    assert_eq!(crate::common::scrape(&mut Scraper::new(&registry)).series(), 0);
}

#[test]
fn a_family_is_cleared_whole_though_its_records_move_meanwhile() {
    let registry = Registry::new();
    let family: Events = registry.counter("events_total", "Events.").family().expect("legal");
    for round in 0..5 {
        let mut cache = family.handle_cache::<u32>();
        (0..1000).for_each(|id| inc(&mut cache, id));
        assert_eq!(family.clear(), 1000, "round {round}");
        assert_eq!(value(&registry, "7"), None);
    }
}
