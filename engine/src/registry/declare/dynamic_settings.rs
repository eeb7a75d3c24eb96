//! What a bridge declares of a family beside what every declaration has.

use crate::registry::desc::PreferredName;

/// Settings that only the dynamic families of bridges need; see
/// [`MetricBuilder::dynamic_family_with`](crate::MetricBuilder::dynamic_family_with).
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "settings do nothing until a family is declared with them"]
pub struct DynamicSettings<'n> {
    pub(super) wish: Option<PreferredName<'n>>,
    pub(super) plain_numbers: bool,
    pub(super) help_line: bool,
}

impl<'n> DynamicSettings<'n> {
    /// Returns the settings of [`MetricBuilder::dynamic_family`](crate::MetricBuilder::dynamic_family).
    pub const fn new() -> Self {
        Self { wish: None, plain_numbers: false, help_line: false }
    }

    /// Has the family give its name up where another one needs it, see [`PreferredName`].
    pub const fn preferred_name(self, wish: PreferredName<'n>) -> Self {
        Self { wish: Some(wish), ..self }
    }

    /// Sets whether the text format 0.0.4 writes floats without an exponent, in labels `le` too: `0.00001` and
    /// `1048576`, as Rust does, in place of `1e-05` and `1.048576e+06`, as Go does. For dashboards that name the bounds
    /// of another exporter. OpenMetrics has one way to write them, which stays.
    pub const fn plain_numbers(self, wanted: bool) -> Self {
        Self { plain_numbers: wanted, ..self }
    }

    /// Sets whether the family has a HELP line though its help is empty.
    pub const fn help_line(self, wanted: bool) -> Self {
        Self { help_line: wanted, ..self }
    }
}
