//! Where the bodies come from: a registry and its scraper.

use streamgauge::{Exposition, Filter, Registry, Scraper};

use crate::http::render::wanted::Render;
use crate::say::{Seldom, say};

/// Renders a registry.
pub(crate) struct RegistrySource {
    registry: Registry,
    /// Taken out while it works: after a panic it is gone, and the next rendering begins with a fresh one.
    scraper: Option<Scraper>,
    created_samples: bool,
    /// How many callbacks failed last time.
    failed: usize,
    /// When that was told.
    told: Seldom,
    /// It was said that the system refuses memory barriers.
    told_of_fences: bool,
}

impl RegistrySource {
    pub(crate) fn new(registry: Registry, created_samples: bool) -> RegistrySource {
        RegistrySource {
            registry,
            scraper: None,
            created_samples,
            failed: 0,
            told: Seldom::default(),
            told_of_fences: false,
        }
    }
}

impl RegistrySource {
    /// Warns when there are more failures than before, once in a while. Whoever can scrape decides how often a callback
    /// fails, and must not decide how much is logged.
    fn log_failures(&mut self, failed: usize) {
        if failed > self.failed && self.told.is_due() {
            say!(warn, failed, "callbacks panicked or hang; their metrics are missing");
        }
        self.failed = failed;
    }

    /// Warns once, where what is removed can no longer be freed.
    fn log_fences(&mut self) {
        if !self.told_of_fences && streamgauge::stats().failed_fences > 0 {
            self.told_of_fences = true;
            say!(
                warn,
                "the system refuses membarrier, which it allowed when the process began to record: removed series cannot \
                 be freed, and in the end are not removed; allow the call, or install the filter before the first record"
            );
        }
    }
}

impl Render for RegistrySource {
    fn collect(&mut self) {
        let mut scraper = self.scraper.take().unwrap_or_else(|| Scraper::new(&self.registry));
        scraper.collect();
        self.scraper = Some(scraper);
    }

    fn render(&mut self, exposition: Exposition, filter: &Filter, body: &mut Vec<u8>) {
        if self.scraper.is_none() {
            self.collect();
        }
        let Some(mut scraper) = self.scraper.take() else { return };
        let exposition = exposition.with_created_samples(self.created_samples);
        let report = scraper.encode_collected(exposition, filter, body);
        self.log_failures(report.failed_callbacks() + report.failed_collectors());
        self.log_fences();
        self.scraper = Some(scraper);
    }
}
