//! Which format an exposition has.

use crate::label::Escaping;
use std::fmt;

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format 0.0.4, which every Prometheus-compatible system reads.
    #[default]
    Text,
    /// The OpenMetrics text format 1.0.0.
    OpenMetrics,
    /// The same bytes as [`OpenMetrics`](Self::OpenMetrics), for readers that know its version 0.0.1 only.
    OpenMetrics001,
    /// Length-delimited protobuf messages `io.prometheus.client.MetricFamily`.
    Protobuf,
}

impl Format {
    /// Returns whether it is OpenMetrics text, of either version.
    pub(crate) fn is_open_metrics(self) -> bool {
        matches!(self, Self::OpenMetrics | Self::OpenMetrics001)
    }
}

/// The format with its version, as prose calls it.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text 0.0.4",
            Self::OpenMetrics => "OpenMetrics 1.0.0",
            Self::OpenMetrics001 => "OpenMetrics 0.0.1",
            Self::Protobuf => "protobuf",
        })
    }
}

/// A format with what was negotiated about it: all that an encoder and an HTTP answer need to know.
///
/// ```
/// use streamgauge::{Escaping, Exposition, Format};
/// let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2";
/// let exposition = Exposition::negotiate([accept]);
/// assert_eq!((exposition.format(), exposition.escaping()), (Format::OpenMetrics, Escaping::AllowUtf8));
/// assert_eq!(
///     exposition.content_type(),
///     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exposition {
    format: Format,
    /// `None` where nobody asked for a scheme: then it is not named either.
    escaping: Option<Escaping>,
    created_samples: bool,
}

impl Exposition {
    /// Returns the format.
    #[must_use]
    pub fn format(self) -> Format {
        self.format
    }

    /// Returns how names are written that are not of the classic data model.
    #[must_use]
    pub fn escaping(self) -> Escaping {
        self.escaping.unwrap_or_default()
    }

    /// Sets how names are written that are not of the classic data model; default: with underscores.
    #[must_use]
    pub fn with_escaping(self, escaping: Escaping) -> Self {
        Self { escaping: Some(escaping), ..self }
    }

    /// Returns whether OpenMetrics text has `_created` samples.
    #[must_use]
    pub fn created_samples(self) -> bool {
        self.created_samples
    }

    /// Sets whether OpenMetrics text has a `_created` sample beside each counter and histogram; default: it has none,
    /// as with the Go library, for a reader that does not know them stores each as a series of its own. Protobuf always
    /// carries creation times, in the metric itself.
    #[must_use]
    pub fn with_created_samples(self, created_samples: bool) -> Self {
        Self { created_samples, ..self }
    }

    /// Returns the value of the `Content-Type` header. It names the escaping scheme where one was negotiated or set.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        macro_rules! of {
            ($media_type:literal) => {
                match self.escaping {
                    None => $media_type,
                    Some(Escaping::AllowUtf8) => concat!($media_type, "; escaping=allow-utf-8"),
                    Some(Escaping::Underscores) => concat!($media_type, "; escaping=underscores"),
                    Some(Escaping::Dots) => concat!($media_type, "; escaping=dots"),
                    Some(Escaping::Values) => concat!($media_type, "; escaping=values"),
                }
            };
        }
        match self.format {
            Format::Text => of!("text/plain; version=0.0.4; charset=utf-8"),
            Format::OpenMetrics => of!("application/openmetrics-text; version=1.0.0; charset=utf-8"),
            Format::OpenMetrics001 => of!("application/openmetrics-text; version=0.0.1; charset=utf-8"),
            Format::Protobuf => {
                of!("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
            }
        }
    }
}

impl From<Format> for Exposition {
    fn from(format: Format) -> Self {
        Self { format, ..Self::default() }
    }
}
