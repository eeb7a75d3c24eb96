//! What a scrape did.

/// What one encoding did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub(crate) series: usize,
    pub(crate) bytes: usize,
    pub(crate) failed_callbacks: usize,
}

impl Report {
    /// Gives the number of series written: a histogram is one.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }

    /// Gives the number of bytes appended.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives the number of callbacks that panicked; their series were left out.
    #[must_use]
    pub fn failed_callbacks(&self) -> usize {
        self.failed_callbacks
    }
}
