//! The two formats, and the types of metrics.

use std::fmt;

/// The text format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// The Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Syntax {
    /// Returns the format that a `Content-Type` header announces; `None` where it is neither of the two.
    ///
    /// ```
    /// use streamgauge::parse::Syntax;
    /// let header = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    /// assert_eq!(Syntax::of_content_type(header), Some(Syntax::OpenMetrics));
    /// assert_eq!(Syntax::of_content_type("text/plain; version=0.0.4"), Some(Syntax::Text));
    /// assert_eq!(Syntax::of_content_type("text/html"), None);
    /// ```
    #[must_use]
    pub fn of_content_type(header: &str) -> Option<Self> {
        let media_type = header.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("text/plain") {
            Some(Self::Text)
        } else if media_type.eq_ignore_ascii_case("application/openmetrics-text") {
            Some(Self::OpenMetrics)
        } else {
            None
        }
    }
}

/// The type of a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MetricType {
    /// A total that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
    /// Buckets that go up and down.
    GaugeHistogram,
    /// Quantiles, a sum and a count.
    Summary,
    /// Labels with the value 1. OpenMetrics only.
    Info,
    /// A value of 0 or 1 for each state. OpenMetrics only.
    StateSet,
    /// No type was given, or `unknown`, which the text format calls `untyped`.
    #[default]
    Unknown,
}

impl MetricType {
    /// Returns the name, as OpenMetrics writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word of a TYPE line. The text format takes it in any case, as the Go library does.
    pub(super) fn of(word: &str, syntax: Syntax) -> Option<Self> {
        if syntax == Syntax::OpenMetrics {
            const ALL: [MetricType; 8] = [
                MetricType::Counter,
                MetricType::Gauge,
                MetricType::Histogram,
                MetricType::GaugeHistogram,
                MetricType::Summary,
                MetricType::Info,
                MetricType::StateSet,
                MetricType::Unknown,
            ];
            return ALL.into_iter().find(|kind| kind.as_str() == word);
        }
        let known = [
            ("counter", Self::Counter),
            ("gauge", Self::Gauge),
            ("histogram", Self::Histogram),
            ("gaugehistogram", Self::GaugeHistogram),
            ("gauge_histogram", Self::GaugeHistogram),
            ("summary", Self::Summary),
            ("untyped", Self::Unknown),
        ];
        known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, kind)| kind)
    }

    /// Returns what OpenMetrics adds to the family's name in the names of its samples; empty for the name itself.
    pub(super) fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Histogram => &["_bucket", "_count", "_sum", "_created"],
            Self::GaugeHistogram => &["_bucket", "_gcount", "_gsum"],
            Self::Summary => &["", "_count", "_sum", "_created"],
            Self::Info => &["_info"],
            Self::Gauge | Self::StateSet | Self::Unknown => &[""],
        }
    }

    /// Returns what the text format adds, beside the name itself: any other suffix begins another family.
    pub(super) fn text_suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Histogram | Self::GaugeHistogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["_sum", "_count"],
            _ => &[],
        }
    }

    /// Returns whether the type has buckets.
    pub(super) fn has_buckets(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
