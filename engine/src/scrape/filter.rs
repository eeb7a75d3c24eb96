//! Which families a scrape shows.

use crate::label::Escaping;
use crate::registry::desc::Desc;
use crate::registry::names::any_name;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Chooses families by the names of their samples, or all of them.
///
/// A family is chosen by its own name (`latency_seconds`), by that of any of its samples (`latency_seconds_bucket`,
/// `latency_seconds_created`), or by the name it has in OpenMetrics (`events` of a counter `events_total`), whatever
/// the format, and shown whole: its samples mean nothing alone. Each of these names counts as it is registered and as
/// it stands in the body, under the escaping scheme of the exposition: `http_requests` chooses `http.requests` where
/// names are written with underscores, as they are unless a reader asks for more.
///
/// # Examples
/// ```
/// use streamgauge::{Filter, Format, Registry, Scraper};
/// let registry = Registry::new();
/// registry.counter("events_total", "Events.").register()?.inc();
/// registry.gauge("depth", "Depth.").register()?.set(2.0);
/// let mut body = Vec::new();
/// Scraper::new(&registry).encode_filtered(Format::Text, &Filter::names(["depth"]), &mut body);
/// assert_eq!(body, b"# HELP depth Depth.\n# TYPE depth gauge\ndepth 2\n");
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `None` chooses all.
    names: Option<HashSet<String>>,
}

/// Equal filters have equal hashes, in whatever order their names were given.
impl Hash for Filter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Some(names) = &self.names else { return 0u8.hash(state) };
        let hash = |name: &String| {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            hasher.finish()
        };
        (names.len(), names.iter().map(hash).fold(0, u64::wrapping_add)).hash(state);
    }
}

impl Filter {
    /// Chooses all families.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Chooses the families that have one of these names, or a sample of one of them; an empty list chooses nothing. A
    /// name is one that is registered, or one that stands in the body.
    #[must_use]
    pub fn names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: Some(names.into_iter().map(Into::into).collect()) }
    }

    /// Returns whether all families are chosen.
    pub(crate) fn is_all(&self) -> bool {
        self.names.is_none()
    }

    /// Returns whether a family is chosen.
    pub(crate) fn chooses(&self, desc: &Desc, escaping: Escaping) -> bool {
        let Some(names) = &self.names else { return true };
        any_name(desc, escaping, |name| names.contains(name))
    }
}
