//! Declaring metrics whose value is made at scrape time.

use super::builder::{Declared, MetricBuilder, callback_exists};
use super::instrument::Instrument;
use crate::cells::{Pin, Range};
use crate::metric::{Counter, DurationCounter, Gauge};
use crate::registry::error::Error;
use crate::registry::store::{Callback, Function, Standing, Storage};
use crate::sync::PlainArc;
use std::time::Duration;

impl MetricBuilder<Gauge> {
    /// Registers a gauge whose value `callback` gives at scrape time: what a pipeline need not record, such
    /// as the depth of a channel or the age of the last checkpoint.
    ///
    /// Callbacks run before the scrape reads anything, on its thread and holding no lock. One that panics is
    /// left out of that scrape and counted in its report. It lives until its series is removed, its family
    /// unregistered, or the registry dropped.
    ///
    /// A scrape that finds one running in another scrape does not wait: it shows what the callback returned last, or
    /// nothing where it has not returned yet. Once that run is ten seconds old it seems to hang: then the gauge is left
    /// out, and counted in the report, until it returns.
    ///
    /// # Errors
    /// As [`register`](Self::register); also where a gauge with the same labels exists: a value has one
    /// source.
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// let (sender, receiver) = std::sync::mpsc::channel::<u32>();
    /// let depth = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(7));
    /// registry
    ///     .gauge("channel_depth", "Events that wait between decode and transform.")
    ///     .label("edge", "decode_transform")
    ///     .callback(move || depth.load(std::sync::atomic::Ordering::Relaxed) as f64)?;
    /// assert_eq!(registry.sample_value("channel_depth", &[("edge", "decode_transform")]), Some(7.0));
    /// # drop((sender, receiver));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn callback(self, callback: impl Fn() -> f64 + Send + Sync + 'static) -> Result<(), Error> {
        self.run_at_scrape(Function::Gauge(Box::new(callback)))
    }
}

impl MetricBuilder<Counter> {
    /// Registers a counter whose total `callback` gives at scrape time: what somebody else counts already,
    /// such as a driver, an allocator or the kernel. It runs as the callback of a
    /// [gauge](MetricBuilder::<Gauge>::callback) does.
    ///
    /// A total that is lower than the one before is exposed as it was given, since a source may honestly
    /// restart and every reader of counters knows resets; each fall is counted in the
    /// [self-metrics](crate::Registry::enable_self_metrics). Of two scrapes at once, neither shows the older total
    /// after the newer one.
    ///
    /// # Errors
    /// As [`register`](Self::register); also where a counter with the same labels exists.
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// registry.counter("wal_segments_total", "Segments the database has begun.").callback(|| 12)?;
    /// assert_eq!(registry.sample_value("wal_segments_total", &[]), Some(12.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn callback(self, callback: impl Fn() -> u64 + Send + Sync + 'static) -> Result<(), Error> {
        self.run_at_scrape(Function::Total(Box::new(callback)))
    }
}

impl MetricBuilder<DurationCounter> {
    /// Registers a counter whose total of time `callback` gives at scrape time, such as the CPU time of a
    /// thread; exposed in seconds. Beyond 584 years it stands still. See the callback of a
    /// [counter](MetricBuilder::<Counter>::callback).
    ///
    /// # Errors
    /// As [`register`](Self::register); also where a counter with the same labels exists.
    ///
    /// # Examples
    /// ```
    /// # let registry = streamgauge::Registry::new();
    /// let start = std::time::Instant::now();
    /// registry.duration_counter("uptime_seconds_total", "Time since start.").callback(move || start.elapsed())?;
    /// assert!(registry.sample_value("uptime_seconds_total", &[]).is_some_and(|seconds| seconds > 0.0));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn callback(self, callback: impl Fn() -> Duration + Send + Sync + 'static) -> Result<(), Error> {
        let nanos = move || u64::try_from(callback().as_nanos()).unwrap_or(u64::MAX);
        self.run_at_scrape(Function::Total(Box::new(nanos)))
    }
}

impl<M: Instrument> MetricBuilder<M> {
    fn run_at_scrape(self, function: Function) -> Result<(), Error> {
        let registry = self.registry().cloned();
        let Declared { family, name } = self.declare(&[])?;
        let (Some(registry), Some((store, label_map))) = (registry, family) else { return Ok(()) };
        let callback = PlainArc::new(Callback::new(function));
        let make = |_| Ok((Storage::Callback(callback.clone()), Range::SCRATCH));
        let pin = Pin::enter();
        let row = store
            .get_or_insert(&pin, label_map.hash(&()), &label_map.values(&(), usize::MAX), Standing::Limited, &make)
            .map_err(|refused| refused.into_error(&store.desc))?;
        match row.series() {
            Storage::Callback(registered) if PlainArc::ptr_eq(registered, &callback) => {
                registry.callbacks.push(callback, &store);
                Ok(())
            }
            _ => Err(callback_exists(name, row)),
        }
    }
}
