//! Where the bodies come from: a registry and its scraper.

use streamgauge::{Exposition, Format, Registry, Scraper};

use crate::http::render::Render;

/// Renders a registry.
pub(crate) struct RegistrySource {
    registry: Registry,
    /// Taken out while it works: after a panic it is gone, and the next rendering begins with a fresh one.
    scraper: Option<Scraper>,
    /// How many callbacks failed last time.
    failed: usize,
}

impl RegistrySource {
    pub(crate) fn new(registry: Registry) -> RegistrySource {
        RegistrySource { registry, scraper: None, failed: 0 }
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
    fn render(&mut self, body: &mut Vec<u8>) -> &'static str {
        let mut scraper = self.scraper.take().unwrap_or_else(|| Scraper::new(&self.registry));
        let exposition = Exposition::from(Format::Text);
        let report = scraper.encode(exposition, body);
        self.log_failures(report.failed_callbacks());
        self.scraper = Some(scraper);
        exposition.content_type()
    }
}
