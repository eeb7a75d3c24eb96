//! What stands behind a record: the storage of one series.

use super::callback::Callback;
use crate::cells::{GaugeSeries, Series};
use crate::sync::{Arc, PlainArc};

/// The storage of one series, by the kind of its family.
#[derive(Debug)]
pub(crate) enum SeriesRef {
    /// Cells: counters, up-down counters, histograms.
    Cells(Arc<Series>),
    /// One shared word: gauges.
    Gauge(Arc<GaugeSeries>),
    /// A value made at scrape time.
    Callback(PlainArc<Callback>),
}
