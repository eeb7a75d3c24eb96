//! The settings of a recorder, under the names that users of the stock builder know.

use std::net::SocketAddr;
use std::num::NonZeroU32;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use streamgauge::{Buckets, Format, Quantiles, Registry};

use super::adapters;
use super::collector::FacadeCollector;
use super::config::{Config, Observations};
use super::handle::Handle;
use super::kind::MetricKindMask;
use super::matcher::Matcher;
use super::naming::sanitise_label;
use super::recorder::{Core, Recorder};
use super::versions;
use crate::http::socket::networks::Networks;
use crate::{Error, Exporter, ExporterBuilder};

/// Of the window of summaries.
const LONGEST_SLICE: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_SLICES: u32 = 60;

/// Collects the settings of a [`Recorder`] and installs it.
///
/// The methods have the names they have in `PrometheusBuilder` of metrics-exporter-prometheus, so that a program
/// changes one line: `PrometheusBuilder::new()` becomes `Recorder::builder()`.
/// [docs/MIGRATION.md](https://github.com/streamgauge/streamgauge/blob/main/docs/MIGRATION.md) compares them line by
/// line.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `install`, `install_recorder` or `build_recorder`"]
pub struct RecorderBuilder {
    config: Config,
    exporter: ExporterBuilder,
    registry: Registry,
}

impl Recorder {
    /// Returns the settings of a recorder, ready to be changed.
    pub fn builder() -> RecorderBuilder {
        RecorderBuilder::new()
    }
}

impl RecorderBuilder {
    fn new() -> Self {
        let registry = Registry::new();
        // What dashboards find must not depend on what a reader asks for: OpenMetrics has other types, and `le="1.0"`.
        let exporter = Exporter::builder(&registry).formats([Format::Text]);
        Self { config: Config::default(), exporter, registry }
    }

    /// Records into a registry of yours, beside the metrics that need no facade; else into one of the recorder's own.
    ///
    /// Where a metric of the facade has the name of one that is registered, before or after it, it gets another name, see
    /// [`recorder`](super). A recorder that is dropped leaves its families in the registry.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.exporter = self.exporter.with_registry(registry);
        self.registry = registry.clone();
        self
    }

    /// Listens on an address, `127.0.0.1:9000` unless said otherwise: only this host can connect to that.
    pub fn with_http_listener(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.exporter = self.exporter.listen(addr.into());
        self
    }

    /// Listens on a Unix socket instead; see [`listen_unix`](ExporterBuilder::listen_unix). With
    /// [`with_http_listener`](Self::with_http_listener) on both.
    #[cfg(unix)]
    pub fn with_http_uds_listener(mut self, path: impl AsRef<Path>) -> Self {
        self.exporter = self.exporter.listen_unix(path);
        self
    }

    /// Allows a network or an address, and no others that are not allowed too; see
    /// [`allow_network`](ExporterBuilder::allow_network).
    ///
    /// # Errors
    /// [`Error::Network`] where it is neither.
    pub fn add_allowed_address(mut self, network: impl AsRef<str>) -> Result<Self, Error> {
        Networks::parse(&[network.as_ref().to_owned()])?;
        self.exporter = self.exporter.allow_network(network);
        Ok(self)
    }

    /// Changes the settings of the exporter that [`install`](Self::install) starts: path, several addresses, formats,
    /// created samples.
    ///
    /// As the stock exporter it serves text 0.0.4 alone, whatever a reader asks for, so that types and `le` labels are
    /// what dashboards know. Without formats pinned it negotiates, and sends OpenMetrics to most:
    ///
    /// ```
    /// use streamgauge_exporter::recorder::Recorder;
    /// let builder = Recorder::builder().with_exporter(|exporter| exporter.formats([]).created_samples(true));
    /// # let _ = builder.build_recorder();
    /// ```
    pub fn with_exporter(mut self, change: impl FnOnce(ExporterBuilder) -> ExporterBuilder) -> Self {
        self.exporter = change(self.exporter);
        self
    }

    /// Sets the upper bounds of all histograms that have none of their own.
    ///
    /// # Errors
    /// [`Error::Buckets`] where there is none, or they are not finite and ascending.
    pub fn set_buckets(mut self, bounds: &[f64]) -> Result<Self, Error> {
        self.config.buckets = Some(buckets(bounds)?);
        Ok(self)
    }

    /// Sets the upper bounds of the histograms that `matcher` chooses.
    ///
    /// # Errors
    /// As [`set_buckets`](Self::set_buckets).
    pub fn set_buckets_for_metric(mut self, matcher: Matcher, bounds: &[f64]) -> Result<Self, Error> {
        self.config.overrides.insert(matcher, Observations::Buckets(buckets(bounds)?));
        Ok(self)
    }

    /// Exposes the histograms that have no bounds as summaries, with these quantiles of a
    /// [window](Self::set_bucket_duration) that slides: for dashboards that expect `x{quantile="0.99"}`. Else they are
    /// histograms, whose quantiles the reader computes over all instances.
    ///
    /// # Errors
    /// [`Error::Quantiles`] where there is none, or one is not from 0 to 1.
    pub fn set_quantiles(mut self, values: &[f64]) -> Result<Self, Error> {
        self.config.quantiles = Some(quantiles(values)?);
        Ok(self)
    }

    /// Exposes the histograms that `matcher` chooses as summaries. Of settings with one matcher the last counts.
    ///
    /// # Errors
    /// As [`set_quantiles`](Self::set_quantiles).
    pub fn set_quantiles_for_metric(mut self, matcher: Matcher, values: &[f64]) -> Result<Self, Error> {
        self.config.overrides.insert(matcher, Observations::Quantiles(quantiles(values)?));
        Ok(self)
    }

    /// Sets the width of the slices by which the window of summaries moves, 20 s unless said otherwise.
    ///
    /// # Errors
    /// [`Error::Window`] where it is zero, or longer than a day.
    pub fn set_bucket_duration(mut self, width: Duration) -> Result<Self, Error> {
        if width.is_zero() || width > LONGEST_SLICE {
            return Err(Error::Window { given: width });
        }
        self.config.window.0 = width;
        Ok(self)
    }

    /// Sets how many slices the window of summaries has, 3 unless said otherwise; more than 60 are 60.
    pub fn set_bucket_count(mut self, slices: NonZeroU32) -> Self {
        self.config.window.1 = slices.get().min(MOST_SLICES);
        self
    }

    /// Adds a label to every metric. A key that has the label keeps its own value; of two calls with one name the last
    /// counts.
    pub fn add_global_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (sanitise_label(&name.into()).into_owned(), value.into());
        self.config.global_labels.retain(|(known, _)| *known != name);
        self.config.global_labels.push((name, value));
        self
    }

    /// Removes series of these kinds that had no update for `timeout`, looked at when something scrapes; `None` keeps
    /// them.
    ///
    /// A series that is removed is exposed once more with its final value. One whose handle somebody holds stays: what
    /// is recorded through it is never lost.
    pub fn idle_timeout(mut self, mask: MetricKindMask, timeout: Option<Duration>) -> Self {
        self.config.idle = timeout.map(|timeout| (mask, timeout));
        self
    }

    /// Sets whether the unit that a metric is described with is appended to its name, where it is not there:
    /// `read` in bytes becomes `read_bytes`.
    pub fn set_enable_unit_suffix(mut self, wanted: bool) -> Self {
        self.config.unit_suffixes = wanted;
        self
    }

    /// Sets whether names follow the rules of Prometheus: units as with
    /// [`set_enable_unit_suffix`](Self::set_enable_unit_suffix), and `_total` for counters.
    pub fn with_recommended_naming(mut self, wanted: bool) -> Self {
        self.config.recommended_naming = wanted;
        self
    }

    /// Sets how many series a metric may have, 10,000 unless said otherwise. Past it, records go to one series with the
    /// label `overflow="__overflow__"`.
    pub fn series_limit(mut self, series: usize) -> Self {
        self.config.series_limit = Some(series);
        self
    }

    /// Sets how many bytes a label value may have, 1024 unless said otherwise; longer ones are cut. With 0 no series has a
    /// label, so each metric is one.
    pub fn value_limit(mut self, bytes: usize) -> Self {
        self.config.value_limit = Some(bytes);
        self
    }

    /// Sets how many metric names there may be, 10,000 unless said otherwise. Past it, records go to the families
    /// `metrics_facade_overflow_..`.
    pub fn name_limit(mut self, names: usize) -> Self {
        self.config.name_limit = names;
        self
    }

    /// Does nothing: histograms keep buckets, not samples, so there is nothing to keep up.
    #[deprecated(note = "this recorder needs no upkeep; remove the call")]
    pub fn upkeep_timeout(self, _: Duration) -> Self {
        self
    }

    /// Makes the recorder the global one, of every version of the facade that is enabled, and serves its metrics over
    /// HTTP from a thread of its own until the process ends.
    ///
    /// # Errors
    /// [`Error::RecorderInstalled`] where the facade has a global recorder; those of
    /// [`ExporterBuilder::spawn`]. Where there is an error nothing listens.
    pub fn install(self) -> Result<Handle, Error> {
        let exporter = self.exporter.clone().spawn()?;
        let mut handle = self.install_recorder()?;
        handle.addrs = exporter.local_addrs().into();
        exporter.detach();
        Ok(handle)
    }

    /// Makes the recorder the global one, of every version of the facade that is enabled, and returns what reads it.
    ///
    /// # Errors
    /// [`Error::RecorderInstalled`] where a version has a global recorder. It says which; the other one has this
    /// recorder nevertheless, for it cannot be taken back.
    pub fn install_recorder(self) -> Result<Handle, Error> {
        let recorder = self.build_recorder();
        adapters::install(&recorder)?;
        versions::warn_if_unserved();
        Ok(recorder.handle())
    }

    /// Makes a recorder, to be installed for a part of the program, or under layers of metrics-util.
    #[must_use]
    pub fn build_recorder(self) -> Recorder {
        let core = Arc::new_cyclic(|core| {
            let collector = FacadeCollector::register(&self.registry, core);
            Core::new(self.config, self.registry, collector)
        });
        Recorder { core }
    }
}

/// Checks quantiles before a summary has them.
fn quantiles(values: &[f64]) -> Result<Vec<f64>, Error> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    match Quantiles::new(sorted.iter().copied()).check() {
        Ok(()) => Ok(sorted),
        Err(problem) => Err(Error::Quantiles { given: values.to_vec(), problem }),
    }
}

/// Checks bounds before a histogram has them.
fn buckets(bounds: &[f64]) -> Result<Buckets, Error> {
    let refuse = |problem: String| Error::Buckets { given: bounds.to_vec(), problem };
    if bounds.is_empty() {
        // An engine's histogram may do with `+Inf` alone.
        return Err(refuse("at least one bound is needed".to_owned()));
    }
    let buckets = Buckets::explicit(bounds.iter().copied());
    match buckets.check() {
        Ok(()) => Ok(buckets),
        Err(problem) => Err(refuse(problem)),
    }
}
