//! Info: labels that say something by themselves.

use super::handle::handle;
use crate::cells::{GaugeSeries, Held};

/// Facts about the process that do not change, as labels: version, commit, the name of a source. Its value is always
/// 1. Dropping the handle changes nothing.
///
/// # Examples
/// ```
/// let registry = streamgauge::Registry::new();
/// let scope = registry.scope("deltaforge");
/// scope.info("build", "What is running.").label("version", "1.4.2").label("commit", "9f8b6fc").register()?;
/// let labels = [("version", "1.4.2"), ("commit", "9f8b6fc")];
/// assert_eq!(registry.sample_value("deltaforge_build_info", &labels), Some(1.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Info {
    held: Held<GaugeSeries>,
}

handle!(Info { held });

impl Info {
    pub(crate) fn new(held: Held<GaugeSeries>) -> Self {
        Self { held }
    }

    /// Makes an info that is exposed nowhere.
    pub const fn noop() -> Self {
        Self { held: Held::NOOP }
    }
}
