//! What stands behind a row: the storage of one series.

use super::callback::Callback;
use crate::cells::{Counted, GaugeSeries, Held, OutOfCells, Range, Series, SummarySeries};
use crate::sync::{Arc, PlainArc};
use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;

/// The storage of one series, by the kind of its family.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// Cells: counters, up-down counters, histograms.
    Cells(Arc<Series>),
    /// One shared word: gauges.
    Gauge(Arc<GaugeSeries>),
    /// Sketches: summaries.
    Summary(Arc<SummarySeries>),
    /// A value made at scrape time.
    Callback(PlainArc<Callback>),
    /// The handles of a set: never exposed.
    Set(PlainArc<SetStorage>),
}

impl Storage {
    /// Makes a series of so many cells; with `sum_first` the first of them is a float.
    pub(crate) fn of_cells(cells: usize, sum_first: bool, created_millis: u64) -> Result<(Self, Range), OutOfCells> {
        let series = Series::new(cells, sum_first, created_millis)?;
        let range = series.range();
        Ok((Self::Cells(Arc::new(series)), range))
    }

    /// Makes a series of one word.
    pub(crate) fn of_word(created_millis: u64) -> (Self, Range) {
        (Self::Gauge(Arc::new(GaugeSeries::new(created_millis))), Range::SCRATCH)
    }

    /// Returns a hold on cells that counts nothing, valid as long as this is; `None` of another storage.
    #[inline(always)]
    pub(crate) fn borrow_cells(&self) -> Option<ManuallyDrop<Held<Series>>> {
        if let Self::Cells(series) = self { Some(Held::borrowed(series)) } else { None }
    }

    /// Returns a hold on a word that counts nothing, valid as long as this is; `None` of another storage.
    #[inline(always)]
    pub(crate) fn borrow_word(&self) -> Option<ManuallyDrop<Held<GaugeSeries>>> {
        if let Self::Gauge(series) = self { Some(Held::borrowed(series)) } else { None }
    }

    /// Returns when the series was made, in milliseconds of the Unix epoch; `None` for callbacks.
    pub(crate) fn created_millis(&self) -> Option<u64> {
        match self {
            Self::Cells(series) => Some(series.created_millis()),
            Self::Gauge(series) => Some(series.created_millis()),
            Self::Summary(series) => Some(series.created_millis()),
            Self::Callback(_) | Self::Set(_) => None,
        }
    }

    /// Returns whether both are the storage of one series.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cells(a), Self::Cells(b)) => Arc::ptr_eq(a, b),
            (Self::Gauge(a), Self::Gauge(b)) => Arc::ptr_eq(a, b),
            (Self::Summary(a), Self::Summary(b)) => Arc::ptr_eq(a, b),
            (Self::Callback(a), Self::Callback(b)) => PlainArc::ptr_eq(a, b),
            (Self::Set(a), Self::Set(b)) => PlainArc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Kills the series: no new user is admitted, a callback does not run any more.
    pub(crate) fn kill(&self) {
        match self {
            Self::Cells(series) => series.users().kill(),
            Self::Gauge(series) => series.users().kill(),
            Self::Summary(series) => series.users().kill(),
            Self::Callback(callback) => callback.end(),
            Self::Set(_) => {}
        }
    }

    /// Marks an overflow series, before anybody knows it.
    pub(crate) fn mark_overflow(&self) {
        match self {
            Self::Cells(series) => series.users().mark_overflow(),
            Self::Gauge(series) => series.users().mark_overflow(),
            Self::Summary(series) => series.users().mark_overflow(),
            Self::Callback(_) | Self::Set(_) => {}
        }
    }

    /// Kills the series unless a user holds it; returns whether it did. A callback is always in use.
    pub(crate) fn kill_if_unused(&self) -> bool {
        match self {
            Self::Cells(series) => series.users().kill_if_unused(),
            Self::Gauge(series) => series.users().kill_if_unused(),
            Self::Summary(series) => series.users().kill_if_unused(),
            Self::Callback(_) | Self::Set(_) => false,
        }
    }
}

/// Storage of a family of sets. Only its family knows which set it is.
pub(crate) struct SetStorage(Box<dyn Any + Send + Sync>);

impl SetStorage {
    pub(crate) fn new(set: impl Any + Send + Sync) -> Self {
        Self(Box::new(set))
    }

    /// Returns the set, if it is of this type.
    #[inline(always)]
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for SetStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetStorage").finish_non_exhaustive()
    }
}
