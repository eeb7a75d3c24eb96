//! Telling, once, that a second version of the facade seems to record into the void.

use std::sync::Once;

use super::linked::linked;
use crate::recorder::served::VERSIONS;
use crate::say::say;

/// Looks, on a thread of its own and once a process, whether more versions are linked than this recorder serves. Where the
/// symbols are stripped nobody can tell, and that is said: at the level of information, for it is no sign of a mistake, and
/// so that whoever misses metrics finds the reason in the log.
pub(in crate::recorder) fn warn_if_unserved() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let looking = std::thread::Builder::new().name("metrics-versions".to_owned()).spawn(|| match linked() {
            Some(linked) if linked > VERSIONS.len() => {
                warn_unserved(&format!("{linked} versions of the crate `metrics` are linked"));
            }
            Some(_) => {}
            None => say!(
                info,
                "this executable has no symbols to tell whether it links other versions of the crate `metrics` than {}, \
                 whose records would go nowhere; `cargo tree -i metrics` shows them",
                VERSIONS.join(" and ")
            ),
        });
        if let Err(error) = looking {
            say!(debug, %error, "no thread to look for the linked versions of the crate metrics");
        }
    });
}

/// Says what was seen, and what to do about it.
pub(in crate::recorder) fn warn_unserved(seen: &str) {
    say!(
        warn,
        "{seen}, and this recorder serves {}: each version has a recorder of its own, and what is recorded through \
         another one goes nowhere. `cargo tree -i metrics` shows who uses which; the features `metrics-0-24` and \
         `metrics-0-23` of streamgauge-exporter serve both",
        VERSIONS.join(" and ")
    );
}
