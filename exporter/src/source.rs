//! Where the bodies come from: a registry and its scraper.

use streamgauge::{Exposition, Filter, Registry, Scraper};

use crate::http::render::Render;

/// Renders a registry.
pub(crate) struct RegistrySource {
    registry: Registry,
    /// Taken out while it works: after a panic it is gone, and the next rendering begins with a fresh one.
    scraper: Option<Scraper>,
    created_samples: bool,
    /// How many callbacks failed last time.
    failed: usize,
}

impl RegistrySource {
    pub(crate) fn new(registry: Registry, created_samples: bool) -> RegistrySource {
        RegistrySource { registry, scraper: None, created_samples, failed: 0 }
    }
}

impl RegistrySource {
    /// Warns when the number of failures changes. Whoever can scrape decides how often a callback fails, and must not
    /// decide how much is logged.
    fn log_failures(&mut self, failed: usize) {
        if failed > self.failed {
            tracing::warn!(failed, "callbacks panicked; their metrics are missing");
        }
        self.failed = failed;
    }
}

impl Render for RegistrySource {
    fn render(&mut self, exposition: Exposition, filter: &Filter, body: &mut Vec<u8>) {
        let mut scraper = self.scraper.take().unwrap_or_else(|| Scraper::new(&self.registry));
        let exposition = exposition.with_created_samples(self.created_samples);
        let report = scraper.encode_filtered(exposition, filter, body);
        self.log_failures(report.failed_callbacks());
        self.scraper = Some(scraper);
    }
}
