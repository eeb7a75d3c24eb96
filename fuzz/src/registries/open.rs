//! Handles of every kind alike, and families of them whose series have names of their own.

use std::time::Duration;
use streamgauge::bridge::DynamicFamily;
use streamgauge::{
    Counter, DurationCounter, Error, Gauge, Histogram, Info, Instrument, StateSet, Summary, Unit, UpDownCounter,
};

/// A handle that can be told a number.
pub(super) trait Record {
    fn record(&self, number: f64);
}

macro_rules! record {
    ($($metric:ty => |$handle:ident, $number:ident| $record:expr;)*) => {$(
        impl Record for $metric {
            fn record(&self, $number: f64) {
                let $handle = self;
                $record;
            }
        }
    )*};
}
record! {
    Counter => |it, number| it.add(number.to_bits());
    DurationCounter => |it, number| it.add(Duration::from_nanos(number.to_bits()));
    Gauge => |it, number| it.set(number);
    UpDownCounter => |it, number| it.add(number.to_bits().cast_signed());
    Histogram => |it, number| it.observe_n(number, number.to_bits() >> 40);
    Summary => |it, number| it.observe(number);
    StateSet => |it, number| it.set_index(usize::from(number > 0.0));
    Info => |it, _number| { let _ = it; };
}

/// A family of any kind whose series have names of their own.
pub(super) trait Series {
    fn record(&self, labels: &[(&str, &str)], number: f64);
    fn remove(&self, labels: &[(&str, &str)], all: bool);
    fn rename(&self, name: &str) -> Result<(), Error>;
    fn describe(&self, help: &str, unit: Option<Unit>) -> Result<(), Error>;
}

impl<M: Instrument + Record> Series for DynamicFamily<M> {
    fn record(&self, labels: &[(&str, &str)], number: f64) {
        // Labels that are not allowed are refused.
        if let Ok(metric) = self.get_or_create(labels) {
            metric.record(number);
        }
    }

    fn remove(&self, labels: &[(&str, &str)], all: bool) {
        match all {
            true => drop(self.clear()),
            false => drop(DynamicFamily::remove(self, labels)),
        }
    }

    fn rename(&self, name: &str) -> Result<(), Error> {
        DynamicFamily::rename(self, name)
    }

    fn describe(&self, help: &str, unit: Option<Unit>) -> Result<(), Error> {
        DynamicFamily::describe(self, help, unit)
    }
}
