//! The table beside a map of the standard library.

use std::collections::HashMap;
use std::sync::Arc;

use streamgauge::Counter;

use super::*;
use crate::recorder::handles::CounterHandle;

/// A facade whose keys are names.
enum Names {}

impl Facade for Names {
    type Key = String;
    type Label = ();

    fn hash(_: &String) -> u64 {
        0
    }

    fn name(key: &String) -> &str {
        key
    }

    fn labels(_: &String) -> &[()] {
        &[]
    }

    fn pair((): &()) -> (&str, &str) {
        ("", "")
    }
}

fn entry(recorder: u64, tag: u32) -> Entry<Names> {
    let key = StoredKey::of(&format!("key {recorder}")).expect("it is short");
    let held = Held::Counter(Arc::new(CounterHandle(Counter::noop())));
    Entry { recorder, key, held, tag, is_used: false }
}

/// Numbers that seem random, the same in every run.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn the_table_holds_what_a_map_holds_whatever_comes_and_goes() {
    // Few tags, so that most entries stand behind others; then all.
    for tags in [3, 40, u64::from(u32::MAX)] {
        let (mut table, mut map, mut state) = (Table::<Names>::new(), HashMap::new(), 0x9e37_79b9_7f4a_7c15);
        for number in 0..20_000_u64 {
            let tag = (random(&mut state) % tags) as u32;
            match random(&mut state) % 16 {
                0..8 if table.len() < 200 => {
                    let (growth, before) = (table.growth(), table.own_bytes());
                    table.insert(entry(number, tag));
                    assert_eq!(table.own_bytes(), before + growth);
                    map.insert(number, tag);
                }
                0..11 => {
                    // A use, where there is one of that tag.
                    let used = table.find(tag, |entry| {
                        entry.is_used = true;
                        Some(entry.recorder)
                    });
                    assert_eq!(used.is_some(), map.values().any(|known| *known == tag));
                }
                11..15 => {
                    let gone = table.take_unused(None).map(|entry| entry.recorder);
                    assert_eq!(gone.is_none(), map.is_empty());
                    gone.map(|gone| map.remove(&gone).expect("it was there"));
                }
                _ if random(&mut state).is_multiple_of(64) => {
                    table.retain(|entry| !entry.recorder.is_multiple_of(3));
                    map.retain(|number, _| !number.is_multiple_of(3));
                    table.shrink();
                }
                _ => {}
            }
            assert_eq!(table.len(), map.len());
        }
        for (number, tag) in &map {
            let found = table.find(*tag, |entry| (entry.recorder == *number).then_some(entry.tag));
            assert_eq!(found, Some(*tag));
        }
        assert!(!map.is_empty());
    }
}

#[test]
fn what_was_used_since_the_hand_came_by_stays() {
    let mut table = Table::<Names>::new();
    (0..10).for_each(|number| table.insert(entry(number, number as u32)));
    let use_two = |table: &mut Table<Names>| {
        for number in [2, 5] {
            table.find(number, |entry| {
                entry.is_used = true;
                Some(())
            });
        }
    };
    use_two(&mut table);
    let mut gone: Vec<_> = (0..8).filter_map(|_| table.take_unused(None)).map(|entry| entry.recorder).collect();
    gone.sort_unstable();
    assert_eq!(gone, [0, 1, 3, 4, 6, 7, 8, 9]);
    use_two(&mut table);
    let mut looks = 1;
    assert!(table.take_unused(Some(&mut looks)).is_none(), "it passes by two");
    assert_eq!((looks, table.len()), (0, 2));
    assert!(table.take_unused(None).is_some(), "the mark was taken away");
}
