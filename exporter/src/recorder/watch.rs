//! Telling, once, that a second version of the facade seems to record into the void.

use super::{VERSIONS, versions};
use std::sync::Once;

/// Looks, on a thread of its own and once a process, whether more versions are linked than this recorder serves.
pub(super) fn look() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let looking = std::thread::Builder::new().name("metrics-versions".to_owned()).spawn(|| {
            if let Some(linked) = versions::linked().filter(|linked| *linked > VERSIONS.len()) {
                warn(&format!("{linked} versions of the crate `metrics` are linked"));
            }
        });
        if let Err(error) = looking {
            tracing::debug!(%error, "no thread to look for the linked versions of the crate metrics");
        }
    });
}

/// Says what was seen, and what to do about it.
pub(super) fn warn(seen: &str) {
    tracing::warn!(
        "{seen}, and this recorder serves {}: each version has a recorder of its own, and what is recorded through \
         another one goes nowhere. `cargo tree -i metrics` shows who uses which; the features `metrics-0-24` and \
         `metrics-0-23` of streamgauge-exporter serve both",
        VERSIONS.join(" and ")
    );
}
