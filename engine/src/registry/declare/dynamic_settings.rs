//! What a bridge says of a family beside what everybody says.

use crate::registry::desc::PreferredName;

/// What only the dynamic families of bridges are told, see [`MetricBuilder::dynamic_family_with`].
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "settings do nothing until a family is declared with them"]
pub struct DynamicSettings<'n> {
    pub(super) wish: Option<PreferredName<'n>>,
    pub(super) plain_numbers: bool,
    pub(super) help_line: bool,
}

impl<'n> DynamicSettings<'n> {
    /// Gives those of [`MetricBuilder::dynamic_family`].
    pub const fn new() -> Self {
        Self { wish: None, plain_numbers: false, help_line: false }
    }

    /// Has the family give its name up where another one needs it, see [`PreferredName`].
    pub const fn preferred_name(self, wish: PreferredName<'n>) -> Self {
        Self { wish: Some(wish), ..self }
    }

    /// Sets whether floats are written without an exponent in the text format 0.0.4, labels `le` too: `0.00001` and
    /// `1048576` as Rust writes them, where they are `1e-05` and `1.048576e+06` otherwise, as Go does. For dashboards that
    /// name the bounds of another exporter. OpenMetrics has a way of its own, and only one.
    pub const fn plain_numbers(self, wanted: bool) -> Self {
        Self { plain_numbers: wanted, ..self }
    }

    /// Sets whether the family has a HELP line though its help is empty.
    pub const fn help_line(self, wanted: bool) -> Self {
        Self { help_line: wanted, ..self }
    }
}
