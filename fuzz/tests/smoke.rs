//! Runs each target's check on inputs of a fixed seed: no fuzzer needed, the same inputs every time.

use arbitrary::{Arbitrary, Unstructured};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use streamgauge_fuzz::{bucket_index, escape, expositions, facade, negotiate, parse, protobuf, registries, text_body};

/// Bytes of a fixed sequence (xorshift64), with runs of small ones, which choose from short lists.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..len).map(|_| (next() >> 32) as u8).collect()
}

/// What the engine refuses it counts for the process, and a target compares that: they take turns.
static SERIAL: Mutex<()> = Mutex::new(());

/// Runs `check` on 2000 inputs and gives the sum of what it gives, to tell that it did something.
fn run<T: for<'a> Arbitrary<'a>>(check: impl Fn(&T) -> u64) -> u64 {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    (1..=2000)
        .filter_map(|seed| {
            let bytes = bytes(seed, 16 + (seed as usize * 7) % 1500);
            T::arbitrary(&mut Unstructured::new(&bytes)).ok()
        })
        .map(|input| check(&input))
        .sum()
}

#[test]
fn escape_round_trips() {
    assert!(run(|input| escape::check(input) as u64) > 500);
}

#[test]
fn bucket_index_equals_a_linear_search() {
    assert!(run(bucket_index::check) > 1_000_000);
}

#[test]
fn expositions_are_of_the_same_samples() {
    let samples = run(expositions::check);
    assert!(samples > 10_000, "{samples}");
}

#[test]
fn facade_expositions_are_legal_and_whole() {
    let samples = run(facade::check);
    assert!(samples > 10_000, "{samples}");
}

#[test]
fn negotiate_answers_what_was_asked_for() {
    assert!(run(negotiate::check) > 10_000);
}

#[test]
fn parse_reads_what_it_read() {
    assert!(run(parse::check) > 1_000);
}

#[test]
fn protobuf_equals_another_encoder() {
    assert!(run(|program| protobuf::check(program) as u64) > 5_000);
}

#[test]
fn registries_have_bodies_that_strict_readers_take() {
    let samples = run(registries::check);
    assert!(samples > 5_000, "{samples}");
}

/// With `STREAMGAUGE_BODIES` set to a folder the bodies of some random registries are left there, for
/// `scripts/open-metrics-check.sh` to give to foreign readers.
#[test]
fn registries_show_their_bodies() {
    let folder = std::env::var_os("STREAMGAUGE_BODIES").map(PathBuf::from);
    let mut shown = 0;
    for seed in 1..=200 {
        let bytes = bytes(seed, 400);
        let Ok(program) = registries::Program::arbitrary(&mut Unstructured::new(&bytes)) else { continue };
        registries::bodies_of(&program, |name, body| {
            shown += usize::from(!body.is_empty());
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("registry-{seed}-{name}.txt")), body).expect("the folder is there");
            }
        });
    }
    assert!(shown > 1_000, "{shown} bodies");
}

#[test]
fn text_body_equals_a_map() {
    assert!(run(|program| text_body::check(program) as u64) > 5_000);
}
