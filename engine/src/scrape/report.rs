//! What a scrape did.

/// What one encoding did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrapeReport {
    pub(crate) series: usize,
    pub(crate) bytes: usize,
    pub(crate) failed_callbacks: usize,
    pub(crate) failed_collectors: usize,
    pub(crate) rejected_samples: usize,
}

impl ScrapeReport {
    /// Returns the number of series written: a histogram or a state set is one.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }

    /// Returns the number of bytes appended.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of callbacks that panicked, or that another scrape has been in for ten seconds; their series
    /// were left out.
    #[must_use]
    pub fn failed_callbacks(&self) -> usize {
        self.failed_callbacks
    }

    /// Returns the number of collectors that panicked, or that another scrape has been in for ten seconds; all they
    /// gave was left out.
    #[must_use]
    pub fn failed_collectors(&self) -> usize {
        self.failed_collectors
    }

    /// Returns the number of samples of collectors that were left out: of a family that was not declared, with
    /// another number of labels, given twice, past a limit, or a counter that is negative or not a number.
    #[must_use]
    pub fn rejected_samples(&self) -> usize {
        self.rejected_samples
    }
}
