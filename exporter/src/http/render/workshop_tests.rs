//! Bodies as they are and compressed, and the memory they leave.

use std::io::Read;

use flate2::read::GzDecoder;
use streamgauge::{Exposition, Filter};

use super::*;

/// Writes as many bytes as it is told.
struct Sized(usize);

impl Render for Sized {
    fn collect(&mut self) {}

    fn render(&mut self, _: Exposition, _: &Filter, body: &mut Vec<u8>) {
        assert!(body.is_empty(), "something of an earlier body is left");
        body.extend(b"events_total 1\n".iter().cycle().take(self.0));
        assert_ne!(self.0, 13, "an unlucky number");
    }
}

fn make(workshop: &mut Workshop, length: usize, coding: Coding) -> Rendered {
    let wanted = Wanted { exposition: Exposition::default(), filter: Filter::all(), coding };
    body(workshop.make(&mut Sized(length), &wanted, &|| false))
}

fn body(made: Made) -> Rendered {
    match made {
        Made::Body(rendered) => rendered,
        other => panic!("no body: {other:?}"),
    }
}

fn unpacked_len(rendered: &Rendered) -> usize {
    GzDecoder::new(&rendered.loan.to_bytes()[..]).read_to_end(&mut Vec::new()).unwrap()
}

#[test]
fn tiny_bodies_are_compressed_only_for_those_who_insist() {
    let mut workshop = Workshop::new();
    for (length, coding, compressed) in [
        (0, Coding::Gzip, false),
        (WORTHWHILE_BYTES - 1, Coding::Gzip, false),
        (WORTHWHILE_BYTES, Coding::Gzip, true),
        (1_000_000, Coding::Gzip, true),
        (1_000_000, Coding::Identity, false),
        (0, Coding::GzipOnly, true),
        (100, Coding::GzipOnly, true),
    ] {
        let rendered = make(&mut workshop, length, coding);
        assert_eq!(rendered.compressed, compressed, "{length} {coding:?}");
        let found = if compressed { unpacked_len(&rendered) } else { rendered.loan.to_bytes().len() };
        assert_eq!(found, length, "{coding:?}");
    }
}

#[test]
fn a_warm_workshop_reuses_its_memory() {
    let mut workshop = Workshop::new();
    // The first body of a kind may take the memory of the other, as its own size is not known yet.
    for coding in [Coding::Gzip, Coding::Identity] {
        make(&mut workshop, 1_000_000, coding);
    }
    let plain = workshop.plain.as_ptr();
    let packed = make(&mut workshop, 1_000_000, Coding::Gzip).loan.to_bytes().as_ptr();
    let whole = make(&mut workshop, 1_000_000, Coding::Identity).loan.to_bytes().as_ptr();
    for _ in 0..3 {
        assert_eq!(make(&mut workshop, 1_000_000, Coding::Gzip).loan.to_bytes().as_ptr(), packed);
        assert_eq!(make(&mut workshop, 1_000_000, Coding::Identity).loan.to_bytes().as_ptr(), whole);
        assert_eq!(workshop.plain.as_ptr(), plain);
    }
    // What one exceptional exposition took is given back.
    make(&mut workshop, 10_000_000, Coding::Gzip);
    make(&mut workshop, 1000, Coding::Gzip);
    assert!(workshop.plain.capacity() < 100_000);
}

#[test]
fn nothing_is_left_of_a_rendering_that_panicked() {
    let mut workshop = Workshop::new();
    for coding in [Coding::Identity, Coding::GzipOnly] {
        let make = std::panic::AssertUnwindSafe(|| make(&mut workshop, 13, coding));
        assert!(std::panic::catch_unwind(make).is_err());
    }
    assert_eq!(unpacked_len(&make(&mut workshop, 5000, Coding::Gzip)), 5000);
}

#[test]
fn compressed_bodies_count_as_what_readers_hold_and_are_called_back() {
    let mut workshop = Workshop::new();
    let wanted = Wanted { exposition: Exposition::default(), filter: Filter::all(), coding: Coding::Gzip };
    let mut held: Vec<Rendered> = (0..3).map(|_| make(&mut workshop, 22 << 20, Coding::Identity)).collect();
    held.push(make(&mut workshop, 22 << 20, Coding::Gzip));
    // Nobody reads the first ones at all, so after a while they are free.
    body(workshop.make(&mut Sized(2000), &wanted, &|| false));
    assert!(held[0].loan.is_called_back());
}

#[test]
fn who_has_to_give_way_does_not_wait_for_memory() {
    let mut workshop = Workshop::new();
    let wanted = Wanted { exposition: Exposition::default(), filter: Filter::all(), coding: Coding::Identity };
    let held: Vec<Rendered> = (0..4).map(|_| make(&mut workshop, 22 << 20, Coding::Identity)).collect();
    assert!(matches!(workshop.make(&mut Sized(2000), &wanted, &|| true), Made::Postponed));
    assert!(held.iter().all(|held| !held.loan.is_called_back()));
    drop(held);
    body(workshop.make(&mut Sized(2000), &wanted, &|| true));
}
