//! What the recorder needs of a version of the facade, and its implementation for those that are enabled.

use super::cache::{self, Cache, RecorderId, Visitors};
use streamgauge::bridge::Owner;

/// One version of the crate `metrics`.
pub(super) trait Facade: Sized + 'static {
    type Key: Clone + Send + 'static;
    type Label: Clone + 'static;

    fn hash(key: &Self::Key) -> u64;

    fn name(key: &Self::Key) -> &str;

    fn labels(key: &Self::Key) -> &[Self::Label];

    fn pair(label: &Self::Label) -> (&str, &str);

    /// Shows the cache of this thread to `f`; `None`, without a call, where the thread is ending.
    fn with_cache<R>(f: impl FnOnce(&Owner<Cache<Self>>) -> R) -> Option<R>;

    /// Gives the caches of all threads.
    fn visitors() -> &'static Visitors<Self>;
}

/// Implements one version of the facade: its keys, its handles, its recorder.
macro_rules! facade {
    ($name:ident, $metrics:ident, $version:literal, { $($record_many:item)? }) => {
        #[doc = concat!("Version ", $version, " of the facade.")]
        mod $name {
            use super::{Cache, Facade, Visitors};
            use crate::recorder::handles::{HistogramHandle, CounterHandle, GaugeHandle, AnyHistogram, SummaryHandle};
            use crate::recorder::naming::UnitName;
            use crate::{Error, recorder::Recorder};
            use $metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn};
            use $metrics::{Key, KeyName, Label, Metadata, SharedString, Unit};
            use std::sync::Arc;
            use streamgauge::bridge::Owner;

            pub(in crate::recorder) enum Version {}

            thread_local! {
                static CACHE: Owner<Cache<Version>> = Cache::of_thread();
            }

            static VISITORS: Visitors<Version> = Visitors::new();

            impl Facade for Version {
                type Key = Key;
                type Label = Label;

                #[inline(always)]
                fn hash(key: &Key) -> u64 {
                    key.get_hash()
                }

                #[inline(always)]
                fn name(key: &Key) -> &str {
                    key.name()
                }

                #[inline(always)]
                fn labels(key: &Key) -> &[Label] {
                    key.labels().as_slice()
                }

                #[inline(always)]
                fn pair(label: &Label) -> (&str, &str) {
                    (label.key(), label.value())
                }

                #[inline(always)]
                fn with_cache<R>(f: impl FnOnce(&Owner<Cache<Self>>) -> R) -> Option<R> {
                    CACHE.try_with(f).ok()
                }

                fn visitors() -> &'static Visitors<Self> {
                    &VISITORS
                }
            }

            impl CounterFn for CounterHandle {
                fn increment(&self, value: u64) {
                    if value == 0 {
                        // An update, though no look at the total can tell.
                        return self.0.touch();
                    }
                    self.0.add(value);
                }

                fn absolute(&self, value: u64) {
                    self.0.absolute(value);
                }
            }

            impl GaugeFn for GaugeHandle {
                fn increment(&self, value: f64) {
                    self.0.add(value);
                }

                fn decrement(&self, value: f64) {
                    self.0.add(-value);
                }

                fn set(&self, value: f64) {
                    self.0.set(value);
                }
            }

            impl HistogramFn for HistogramHandle {
                fn record(&self, value: f64) {
                    self.0.observe(value);
                }

                $($record_many)?
            }

            impl HistogramFn for SummaryHandle {
                fn record(&self, value: f64) {
                    self.0.observe(value);
                }

                $($record_many)?
            }

            impl $metrics::Recorder for Recorder {
                fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
                    self.core.describe(key.as_str(), unit.and_then(unit_name), &description);
                }

                fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
                    self.core.describe(key.as_str(), unit.and_then(unit_name), &description);
                }

                fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
                    self.core.describe(key.as_str(), unit.and_then(unit_name), &description);
                }

                fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
                    Counter::from_arc(self.core.handle::<Version, Arc<CounterHandle>>(key))
                }

                fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
                    Gauge::from_arc(self.core.handle::<Version, Arc<GaugeHandle>>(key))
                }

                fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
                    match self.core.handle::<Version, AnyHistogram>(key) {
                        AnyHistogram::Buckets(histogram) => Histogram::from_arc(histogram),
                        AnyHistogram::Quantiles(summary) => Histogram::from_arc(summary),
                    }
                }
            }

            /// Gives the word that stands for the unit in names.
            fn unit_name(unit: Unit) -> Option<UnitName> {
                match unit {
                    Unit::Count => None,
                    Unit::Percent => Some(UnitName("ratio")),
                    unit => Some(UnitName(unit.as_str())),
                }
            }

            pub(in crate::recorder) fn install(recorder: Recorder) -> Result<(), Error> {
                // The symbol by which this version is found among those that are linked.
                $metrics::with_recorder(|_| ());
                $metrics::set_global_recorder(recorder).map_err(|_| Error::RecorderInstalled { facade: $version })
            }
        }
    };
}

#[cfg(feature = "metrics-0-24")]
facade!(v0_24, metrics, "0.24", {
    fn record_many(&self, value: f64, count: usize) {
        if count == 0 {
            return self.0.touch();
        }
        self.0.observe_n(value, count as u64);
    }
});

#[cfg(feature = "metrics-0-23")]
facade!(v0_23, metrics_0_23, "0.23", {});

/// The versions this recorder serves.
pub(super) const VERSIONS: &[&str] = &[
    #[cfg(feature = "metrics-0-24")]
    "0.24",
    #[cfg(feature = "metrics-0-23")]
    "0.23",
];

/// Makes the recorder the global one of every version that is enabled, and tells the first that has one already.
pub(super) fn install(recorder: &super::Recorder) -> Result<(), crate::Error> {
    let installed = [
        #[cfg(feature = "metrics-0-24")]
        v0_24::install(recorder.share()),
        #[cfg(feature = "metrics-0-23")]
        v0_23::install(recorder.share()),
    ];
    installed.into_iter().collect()
}

/// Calls a function for each version that is enabled, and gives what they give.
macro_rules! for_each_version {
    (|$version:ident| $call:expr) => {
        [
            #[cfg(feature = "metrics-0-24")]
            {
                type $version = v0_24::Version;
                $call
            },
            #[cfg(feature = "metrics-0-23")]
            {
                type $version = v0_23::Version;
                $call
            },
        ]
    };
}

/// Forgets the handles of a recorder that no user holds, of the kinds that `mask` names.
pub(super) fn forget_unheld(recorder: &RecorderId, mask: super::MetricKindMask) {
    for_each_version!(|Version| Cache::<Version>::forget_unheld(recorder, mask));
}

/// Has every thread forget the recorders that are gone, where some went since the last time.
pub(super) fn forget_gone() {
    cache::forget_where_new(|| {
        for_each_version!(|Version| Cache::<Version>::forget_gone_in_all()).into_iter().all(|all| all)
    });
}

/// Has one thread forget the recorders that are gone.
pub(super) fn forget_gone_in_one() {
    for_each_version!(|Version| Version::visitors().forget_gone_in_one());
}

/// Has one thread of each version give room for another, whose cache has so many bytes.
pub(super) fn trim_one(asking: usize) {
    for_each_version!(|Version| Version::visitors().trim_one(asking));
}

/// Has all threads give room until the limit holds.
pub(super) fn trim_to_limit() {
    let (used, wanted) = (cache::cache_bytes(), cache::cache_limit());
    if used > wanted {
        for_each_version!(|Version| Version::visitors().trim_all(used, wanted));
    }
}
