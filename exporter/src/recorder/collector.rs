//! What the recorder does at every scrape: it lets idle series go, and tells its own numbers once there are any.

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use streamgauge::{CollectedFamily, Collector, CollectorId, CollectorOutput, Registry};

use super::recorder::Core;
use super::served::{self, VERSIONS};
use super::versions;

const COLLISIONS: &str = "streamgauge_facade_collisions_total";
/// After so long without a record a recorder that is scraped is told to look for another version of the facade.
const SILENCE: Duration = Duration::from_secs(60);

/// The recorder's part in a scrape.
pub(super) struct FacadeCollector {
    core: Weak<Core>,
    /// Tells the numbers.
    tells: bool,
    made: Instant,
    /// Milliseconds from `made` to the last time that handles were forgotten.
    swept: AtomicU64,
    is_silent: AtomicBool,
}

impl FacadeCollector {
    /// Registers the part of a recorder that is being made.
    pub(super) fn register(registry: &Registry, core: &Weak<Core>) -> Option<CollectorId> {
        let collector = registry.register_collector(Self::new(core.clone()));
        // Where the registry has a recorder already, that one's numbers have the name.
        collector.or_else(|_| registry.register_collector(Self::quiet(core.clone()))).ok()
    }

    fn new(core: Weak<Core>) -> Self {
        Self { core, tells: true, made: Instant::now(), swept: AtomicU64::new(0), is_silent: AtomicBool::new(false) }
    }

    /// As [`new`](Self::new), without the numbers.
    fn quiet(core: Weak<Core>) -> Self {
        Self { tells: false, ..Self::new(core) }
    }

    /// Forgets what only keeps idle series alive, often enough for their timeout.
    fn sweep(&self, core: &Core) {
        let Some((_, timeout)) = core.config().idle else { return };
        let now = self.made.elapsed().as_millis() as u64;
        // Relaxed: two scrapes at once sweep twice.
        let last = self.swept.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= timeout.as_millis() as u64 / 8 {
            self.swept.store(now, Ordering::Relaxed);
            core.forget_unheld();
        }
    }

    /// Says once that nothing is recorded: the usual reason is a second version of the facade.
    fn listen(&self, core: &Core) {
        // Relaxed: said once, or twice at worst.
        if self.made.elapsed() < SILENCE || self.is_silent.load(Ordering::Relaxed) {
            return;
        }
        self.is_silent.store(true, Ordering::Relaxed);
        if core.families.is_empty() {
            versions::warn_unserved(&format!(
                "nothing was recorded through the crate `metrics` {} for {} s",
                VERSIONS.join(" or "),
                SILENCE.as_secs()
            ));
        }
    }
}

impl Collector for FacadeCollector {
    fn describe(&self) -> Vec<CollectedFamily> {
        if !self.tells {
            return Vec::new();
        }
        let help = "Names and labels of the metrics facade that could not be exposed as they were given.";
        vec![CollectedFamily::counter(COLLISIONS, help).labels(["what"])]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        let Some(core) = self.core.upgrade() else { return };
        served::forget_gone();
        self.sweep(&core);
        self.listen(&core);
        core.families.note_scrape();
        if !self.tells {
            return;
        }
        let collisions = &core.families.collisions;
        let counts = [
            ("name", &collisions.names),
            ("family", &collisions.families),
            ("label", &collisions.labels),
            ("refused", &collisions.refused),
            ("series", &core.full.refused),
        ];
        let mut family = out.family(COLLISIONS);
        for (what, count) in counts {
            // Relaxed: statistics. Without any, the output is what it was before this recorder.
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                family.sample(&[what], count);
            }
        }
    }
}

#[cfg(test)]
#[path = "../../tests/common/heard.rs"]
mod heard;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::heard::Heard;
    use super::*;
    use crate::recorder::Recorder;
    use crate::recorder::kind::Kind;

    /// Makes the collector of a recorder that was made so long ago.
    fn collector(recorder: &Recorder, age: Duration) -> FacadeCollector {
        let made = Instant::now().checked_sub(age).expect("the machine runs for longer");
        FacadeCollector { made, ..FacadeCollector::new(Arc::downgrade(&recorder.core)) }
    }

    #[test]
    fn a_recorder_that_is_scraped_and_hears_nothing_says_so_once() {
        let recorder = Recorder::builder().build_recorder();
        let heard = Heard::default();
        tracing::subscriber::with_default(heard.clone(), || {
            collector(&recorder, Duration::ZERO).listen(&recorder.core);
            assert!(heard.warnings().is_empty(), "it is too early to tell");
            let collector = collector(&recorder, SILENCE);
            collector.listen(&recorder.core);
            collector.listen(&recorder.core);
        });
        let warnings = heard.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("nothing was recorded through the crate `metrics` 0.2"), "{warnings:?}");
    }

    #[test]
    fn a_recorder_that_hears_something_is_content() {
        let recorder = Recorder::builder().build_recorder();
        recorder.core.families.get(Kind::Counter, "events");
        let heard = Heard::default();
        tracing::subscriber::with_default(heard.clone(), || {
            collector(&recorder, SILENCE).listen(&recorder.core);
        });
        assert!(heard.warnings().is_empty());
    }
}
