//! The measured loops.
//!
//! Each operation takes its handle, or its label set, through `black_box`, so that none can be merged with the next
//! or moved out of the loop, and all sides pay the same few instructions for it. Values are read from a table the
//! compiler knows nothing of; sending them through `black_box` too would only add a trip through the stack.

use std::hint::black_box;

use crate::inputs::{
    COMBINATIONS, INPUTS, Names, Sample, combination_order, label_sets, observations, order, relations, samples,
};

/// Handles a loop takes in turn.
pub const COUNTERS: usize = 8;

/// `n` operations over eight handles in turn.
#[inline]
pub(super) fn in_turn<H>(n: u64, handles: &[H; COUNTERS], op: impl Fn(&H)) {
    for i in 0..n as usize {
        op(black_box(&handles[i % COUNTERS]));
    }
}

/// `n` observations over eight histograms in turn, each of an unforeseeable value from `values`.
#[inline]
pub(super) fn observing<H, V: Copy>(n: u64, handles: &[H; COUNTERS], values: &[V; INPUTS], op: impl Fn(&H, V)) {
    for i in 0..n as usize {
        op(black_box(&handles[i % COUNTERS]), values[i % INPUTS]);
    }
}

/// `n` observations in seconds.
#[inline]
pub(super) fn observing_seconds<H>(n: u64, handles: &[H; COUNTERS], op: impl Fn(&H, f64)) {
    observing(n, handles, observations(), op);
}

/// `n` lookups of label sets in an unforeseeable order.
#[inline]
pub(super) fn looking_up(n: u64, mut op: impl FnMut(&Names)) {
    let (sets, order) = (label_sets(), order());
    for i in 0..n as usize {
        op(black_box(&sets[usize::from(order[i % INPUTS])]));
    }
}

/// `n` lookups by labels that can be enumerated, in an unforeseeable order.
#[inline]
pub(super) fn enumerating<L>(n: u64, labels: &[L; COMBINATIONS], op: impl Fn(&L)) {
    let order = combination_order();
    for i in 0..n as usize {
        op(black_box(&labels[usize::from(order[i % INPUTS])]));
    }
}

/// `n` uses of a cache by the small keys of a stream.
#[inline]
pub(super) fn relating<C>(n: u64, cache: &mut C, op: impl Fn(&mut C, u32)) {
    let relations = relations();
    for i in 0..n as usize {
        op(black_box(&mut *cache), relations[i % INPUTS]);
    }
}

/// `n` events, each recorded in every metric of `metrics`.
#[inline]
pub(super) fn recording<M>(n: u64, metrics: &M, op: impl Fn(&M, &Sample)) {
    let samples = samples();
    for i in 0..n as usize {
        op(black_box(metrics), &samples[i % INPUTS]);
    }
}
