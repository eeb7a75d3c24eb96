//! What a summary owns besides its name: sketches of a window that slides, in stripes behind mutexes.
//!
//! ```text
//! SummarySeries ─> stripe (mutex) ─> count and sum of all time
//!                  up to 4           slice: the sketch of a part of the window, the oldest used again
//! ```
//!
//! A recorder takes the stripe of its thread if it is free, else any that is, else it makes one more: there are four
//! at most. So neither another recorder nor a scrape, which holds one stripe at a time while it copies it, keeps it
//! waiting, unless all four are taken.
//!
//! Time is in nanoseconds of the clock of ticks, and given by the caller. A slice is known by its number, the time
//! divided by its width, so slices need no turning: one whose time is over does not count any more, and is emptied when
//! its place is needed.

use super::held::{Counted, Users};
use super::lost::count_lost;
use super::sketch::Sketch;
use crate::sync::{Mutex, MutexGuard, OnceLock};
use std::cell::Cell;
use std::num::NonZero;

/// Most stripes: a power of two.
const STRIPES: usize = 4;

/// A series of observations in a window, and of their count and sum of all time.
#[derive(Debug)]
pub(crate) struct SummarySeries {
    first: Stripe,
    /// Made where recorders would have to wait.
    further: [OnceLock<Box<Stripe>>; STRIPES - 1],
    shape: WindowShape,
    users: Users,
    created_millis: u64,
}

/// How a window is divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowShape {
    /// Nanoseconds of a slice.
    pub(crate) width: NonZero<u64>,
    pub(crate) slices: NonZero<usize>,
}

/// Aligned so that two stripes never share a cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Stripe(Mutex<State>);

#[derive(Debug)]
struct State {
    count: u64,
    /// Finite; of values that are not negative it never falls, and neither does the sum over the stripes, which are
    /// added in their order.
    sum: f64,
    /// The number of the latest slice that was recorded in.
    newest: u64,
    slices: Box<[Slice]>,
}

#[derive(Debug)]
struct Slice {
    number: u64,
    sketch: Sketch,
}

/// What a scrape reads of a summary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryReading<'s> {
    /// The value of each quantile that was asked for; NaN where the window is empty.
    pub(crate) values: &'s [f64],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

/// A window that was merged, and its quantiles; kept between passes so that a warm one allocates nothing.
#[derive(Debug)]
pub(crate) struct MergedWindow {
    sketch: Sketch,
    values: Vec<f64>,
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl State {
    fn new(shape: WindowShape) -> Self {
        let slice = || Slice { number: 0, sketch: Sketch::new() };
        let slices = std::iter::repeat_with(slice).take(shape.slices.get()).collect();
        Self { count: 0, sum: 0.0, newest: 0, slices }
    }

    /// Returns the sketch to record in, emptied where it was of a slice that has passed.
    fn sketch_at(&mut self, number: u64) -> &mut Sketch {
        // A clock that seems to run backwards records in the latest slice there is.
        self.newest = self.newest.max(number);
        let place = (self.newest % self.slices.len() as u64) as usize;
        let slice = &mut self.slices[place];
        if slice.number != self.newest {
            slice.number = self.newest;
            slice.sketch.clear();
        }
        &mut slice.sketch
    }

    /// Returns the sketches of the window that ends with a slice.
    fn window_at(&self, number: u64) -> impl Iterator<Item = &Sketch> {
        let (number, len) = (self.newest.max(number), self.slices.len() as u64);
        self.slices.iter().filter(move |slice| number - slice.number < len).map(|slice| &slice.sketch)
    }
}

impl SummarySeries {
    pub(crate) fn new(shape: WindowShape, created_millis: u64) -> Self {
        Self {
            first: Stripe(Mutex::new(State::new(shape))),
            further: [const { OnceLock::new() }; STRIPES - 1],
            shape,
            users: Users::new(),
            created_millis,
        }
    }

    pub(crate) fn created_millis(&self) -> u64 {
        self.created_millis
    }

    fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        std::iter::once(&self.first).chain(self.further.iter().filter_map(|place| place.get().map(|stripe| &**stripe)))
    }

    /// Takes a stripe that is free, or waits where none is and no more may be made.
    #[inline]
    fn take_stripe(&self) -> MutexGuard<'_, State> {
        let own = own_stripe().checked_sub(1).and_then(|place| self.further[place].get());
        let home = own.map_or(&self.first, |stripe| &**stripe);
        home.0.try_lock().unwrap_or_else(|| {
            let free = self.stripes().find_map(|stripe| stripe.0.try_lock());
            free.or_else(|| self.take_new_stripe()).unwrap_or_else(|| home.0.lock())
        })
    }

    #[cold]
    fn take_new_stripe(&self) -> Option<MutexGuard<'_, State>> {
        let mut places = self.further.iter().filter(|place| place.get().is_none());
        places.find_map(|place| place.get_or_init(|| Box::new(Stripe(Mutex::new(State::new(self.shape))))).0.try_lock())
    }

    /// Records a finite value `n` times.
    pub(crate) fn record(&self, now: u64, value: f64, n: u64) {
        let Some(_alone) = Alone::enter() else { return count_lost() };
        // Either may be infinite, and the sum must not become so: two of them could meet as NaN.
        let total = (value * n as f64).clamp(f64::MIN, f64::MAX);
        let mut state = self.take_stripe();
        state.count = state.count.wrapping_add(n);
        state.sum = (state.sum + total).clamp(f64::MIN, f64::MAX);
        state.sketch_at(now / self.shape.width).add(value, n);
    }

    /// Merges the stripes, one after the other.
    fn merge(&self, now: u64, window: &mut MergedWindow) {
        window.sketch.clear();
        (window.count, window.sum) = (0, 0.0);
        let _alone = Alone::enter();
        for stripe in self.stripes() {
            let state = stripe.0.lock();
            window.count = window.count.wrapping_add(state.count);
            window.sum = (window.sum + state.sum).clamp(f64::MIN, f64::MAX);
            state.window_at(now / self.shape.width).for_each(|sketch| window.sketch.merge(sketch));
        }
    }

    /// Returns a window of its own, for snapshots.
    pub(crate) fn window(&self, now: u64) -> MergedWindow {
        let mut window = MergedWindow::default();
        self.merge(now, &mut window);
        window
    }

    /// Returns the number of observations of all time.
    pub(crate) fn count(&self) -> u64 {
        self.stripes().fold(0, |count, stripe| count.wrapping_add(stripe.0.lock().count))
    }
}

impl Counted for SummarySeries {
    fn users(&self) -> &Users {
        &self.users
    }
}

impl Default for MergedWindow {
    fn default() -> Self {
        Self { sketch: Sketch::new(), values: Vec::new(), count: 0, sum: 0.0 }
    }
}

impl MergedWindow {
    /// Returns a quantile, of 0 to 1; NaN where the window is empty.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        self.sketch.quantile(q)
    }
}

impl MergedWindow {
    /// Reads a summary at a moment of the clock of ticks.
    pub(crate) fn read(&mut self, series: &SummarySeries, quantiles: &[f64], now: u64) -> SummaryReading<'_> {
        series.merge(now, self);
        self.values.clear();
        self.values.extend(quantiles.iter().map(|q| self.sketch.quantile(*q)));
        SummaryReading { values: &self.values, count: self.count, sum: self.sum }
    }
}

std::thread_local! {
    // Const and without a destructor: it is there while other destructors run, and for its address.
    static IN_USE: Cell<bool> = const { Cell::new(false) };
}

/// Returns the stripe that a thread tries first. No two threads that live have a thread-local at one address, and a
/// multiplication spreads addresses that differ by the size of a stack.
fn own_stripe() -> usize {
    let address = IN_USE.with(|it| std::ptr::from_ref(it).addr() as u64);
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % STRIPES
}

/// Marks the thread as inside a summary. Bins that grow call the global allocator, and one that records into a
/// summary would come back here, to a stripe that its own thread holds.
#[derive(Debug)]
struct Alone;

impl Alone {
    fn enter() -> Option<Self> {
        (!IN_USE.replace(true)).then_some(Self)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        IN_USE.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Three slices of ten seconds.
    fn series() -> SummarySeries {
        let width = NonZero::new(10 * SECOND).expect("not 0");
        SummarySeries::new(WindowShape { width, slices: NonZero::new(3).expect("not 0") }, 1)
    }

    /// Returns the lowest and the highest value of the window.
    fn ends(series: &SummarySeries, second: u64) -> (f64, f64) {
        let window = series.window(second * SECOND);
        (window.quantile(0.0), window.quantile(1.0))
    }

    #[test]
    fn the_oldest_slice_goes_as_time_does() {
        let series = series();
        for (second, value) in [(100, 1.0), (109, 2.0), (110, 3.0), (125, 4.0)] {
            series.record(second * SECOND, value, 1);
        }
        assert_eq!(ends(&series, 125), (1.0, 4.0));
        assert_eq!(ends(&series, 129), (1.0, 4.0));
        assert_eq!(ends(&series, 130), (3.0, 4.0), "the first ten seconds are over, without a record");
        assert_eq!(ends(&series, 149), (4.0, 4.0));
        assert!(ends(&series, 150).0.is_nan() && ends(&series, 10_000).0.is_nan());
        series.record(131 * SECOND, 5.0, 1);
        assert_eq!(ends(&series, 131), (3.0, 5.0), "the place of 1 and 2 was used again");
        // A long time later all places are old.
        series.record(1_000 * SECOND, 6.0, 1);
        assert_eq!(ends(&series, 1_000), (6.0, 6.0));
        let window = series.window(0);
        assert_eq!((window.count, window.sum), (6, 21.0), "of all time");
    }

    #[test]
    fn a_clock_that_runs_backwards_loses_nothing() {
        let series = series();
        series.record(100 * SECOND, 1.0, 1);
        series.record(50 * SECOND, 2.0, 1);
        series.record(0, 3.0, 1);
        assert_eq!(ends(&series, 100), (1.0, 3.0));
        assert_eq!(ends(&series, 20), (1.0, 3.0));
        assert!(ends(&series, 130).0.is_nan(), "no record keeps a slice that is over");
    }

    #[test]
    fn a_recorder_takes_another_stripe_while_one_is_held() {
        let series = series();
        for held in 1..STRIPES {
            let taken: Vec<_> = (0..held).map(|_| series.take_stripe()).collect();
            series.record(SECOND, 1.0, 1);
            drop(taken);
            assert_eq!(series.stripes().count(), held + 1);
        }
        let window = series.window(SECOND);
        assert_eq!((window.count, window.sum, window.quantile(0.5)), (3, 3.0, 1.0));
        assert_eq!(series.count(), 3);
        drop(series.take_stripe());
        assert_eq!(series.stripes().count(), STRIPES, "what is free is taken first");
    }

    #[test]
    fn where_all_stripes_are_taken_a_recorder_waits() {
        let series = series();
        let taken: Vec<_> = (0..STRIPES).map(|_| series.take_stripe()).collect();
        std::thread::scope(|scope| {
            let recorder = scope.spawn(|| series.record(SECOND, 2.0, 1));
            drop(taken);
            recorder.join().expect("it ends");
        });
        assert_eq!(series.count(), 1);
    }

    #[test]
    fn a_record_from_inside_a_record_is_lost_and_counted() {
        let (series, alone) = (series(), Alone::enter());
        let lost = crate::stats().lost_records;
        series.record(SECOND, 1.0, 1);
        assert!(crate::stats().lost_records > lost);
        drop(alone);
        series.record(SECOND, 1.0, 1);
        assert_eq!(series.count(), 1);
    }

    #[test]
    fn sums_stay_finite() {
        let series = series();
        series.record(SECOND, f64::MAX, u64::MAX);
        series.record(SECOND, f64::MAX, 2);
        assert_eq!(series.window(SECOND).sum, f64::MAX);
        series.record(SECOND, -1.5, 0);
        assert_eq!(series.window(SECOND).quantile(0.0), f64::MAX, "no observation");
        series.record(SECOND, f64::MIN, 1);
        assert_eq!(series.window(SECOND).sum, 0.0, "what was infinite could not come back");
    }
}
