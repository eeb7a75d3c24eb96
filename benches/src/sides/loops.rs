//! The measured loops.
//!
//! Each takes its handle and its input through `black_box`, so that no iteration can be merged with the next or
//! moved out of the loop, and each costs the same few instructions on every side.

use std::hint::black_box;

use crate::inputs::{INPUTS, Names, Sample, label_sets, observations, order, samples};

/// Handles a loop takes in turn.
pub const COUNTERS: usize = 8;

/// `n` operations over eight handles in turn, rounded up to whole turns. A turn is a loop of its own, which the
/// compiler unrolls: counting and masking an index would cost as much as the increment it is there to measure.
#[inline]
pub(super) fn in_turn<H>(n: u64, handles: &[H; COUNTERS], op: impl Fn(&H)) {
    for _ in 0..n.div_ceil(COUNTERS as u64) {
        for handle in handles {
            op(black_box(handle));
        }
    }
}

/// `n` observations over eight histograms in turn, each of an unforeseeable value from `values`.
#[inline]
pub(super) fn observing<H, V: Copy>(n: u64, handles: &[H; COUNTERS], values: &[V; INPUTS], op: impl Fn(&H, V)) {
    for i in 0..n as usize {
        op(black_box(&handles[i % COUNTERS]), black_box(values[i % INPUTS]));
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

/// `n` events, each recorded in every metric of `metrics`.
#[inline]
pub(super) fn recording<M>(n: u64, metrics: &M, op: impl Fn(&M, &Sample)) {
    let samples = samples();
    for i in 0..n as usize {
        op(black_box(metrics), black_box(&samples[i % INPUTS]));
    }
}
