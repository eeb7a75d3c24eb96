//! What the facade calls: its traits, for the recorder and its handles, in every version that is enabled.

use super::recorder::Recorder;
use crate::Error;

/// Implements what one version of the facade calls, where its feature is on.
///
/// The attribute is on the module and not on the call: the documentation would not see that one, and would show the
/// implementations of two traits of the same name without what tells them apart.
macro_rules! adapter {
    ($feature:literal, $name:ident, $metrics:ident, $version:literal, { $($record_many:item)? }) => {
        #[cfg(feature = $feature)]
        #[doc = concat!("Version ", $version, " of the facade.")]
        mod $name {
            use std::sync::Arc;

            use $metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn};
            use $metrics::{Key, KeyName, Metadata, SharedString, Unit};

            use crate::Error;
            use crate::recorder::handles::{AnyHistogram, CounterHandle, GaugeHandle, HistogramHandle, SummaryHandle};
            use crate::recorder::naming::UnitName;
            use crate::recorder::recorder::Recorder;
            use crate::recorder::served::$name::Version;

            impl CounterFn for CounterHandle {
                fn increment(&self, value: u64) {
                    if value == 0 {
                        // An update, though no look at the total can tell.
                        return self.0.touch();
                    }
                    self.0.add(value);
                }

                fn absolute(&self, value: u64) {
                    self.0.raise_to(value);
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

            /// Returns the word that stands for the unit in names.
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

adapter!("metrics-0-24", v0_24, metrics, "0.24", {
    fn record_many(&self, value: f64, count: usize) {
        if count == 0 {
            return self.0.touch();
        }
        self.0.observe_n(value, count as u64);
    }
});

adapter!("metrics-0-23", v0_23, metrics_0_23, "0.23", {});

/// Makes the recorder the global one of every version that is enabled, and returns the error of the first that has one
/// already.
pub(super) fn install(recorder: &Recorder) -> Result<(), Error> {
    let installed = [
        #[cfg(feature = "metrics-0-24")]
        v0_24::install(recorder.share()),
        #[cfg(feature = "metrics-0-23")]
        v0_23::install(recorder.share()),
    ];
    installed.into_iter().collect()
}
