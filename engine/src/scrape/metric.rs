//! What a visitor is shown of a series, for exporters of other formats.

use crate::encode::MetricValue;
use crate::kind::Kind;
use crate::registry::desc::Desc;
use crate::registry::store::Labels;
use crate::unit::Unit;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One series with its merged value, as [`Scraper::visit`](crate::Scraper::visit) shows it.
#[derive(Debug)]
pub struct Metric<'a> {
    pub(crate) desc: &'a Desc,
    pub(crate) labels: Labels<'a>,
    pub(crate) value: MetricValue<'a>,
}

impl<'a> Metric<'a> {
    /// Returns the name of the family.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.desc.name
    }

    /// Returns the help text of the family.
    #[must_use]
    pub fn help(&self) -> &'a str {
        &self.desc.help
    }

    /// Returns the kind of the family.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.desc.kind
    }

    /// Returns the unit of the family, where one was stated.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.desc.unit
    }

    /// Returns the labels in the family's order: names, and values as they were given.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// Returns when the series was made, to the millisecond; `None` for callbacks and collectors.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.labels.created_millis()?))
    }

    /// Returns the merged value.
    #[must_use]
    pub fn value(&self) -> MetricValue<'a> {
        self.value
    }
}
