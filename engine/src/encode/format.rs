//! Which format an exposition has.

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format 0.0.4, which every Prometheus-compatible system reads.
    #[default]
    Text,
}

/// A format with what was negotiated about it: all that an encoder and an HTTP answer need to know.
///
/// ```
/// use streamgauge::{Exposition, Format};
/// let exposition = Exposition::from(Format::Text);
/// assert_eq!(exposition.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exposition {
    format: Format,
}

impl Exposition {
    /// Gives the format.
    #[must_use]
    pub fn format(self) -> Format {
        self.format
    }

    /// Gives the value of the `Content-Type` header.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self.format {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl From<Format> for Exposition {
    fn from(format: Format) -> Self {
        Self { format }
    }
}
