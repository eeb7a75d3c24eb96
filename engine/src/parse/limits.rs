//! How much a body may hold.

/// Bounds of what a [`Parser`](super::Parser) takes, so that a hostile body costs no more than an honest large one.
///
/// Lengths are those of the text in the body: escapes count as they are written.
///
/// ```
/// use streamgauge::parse::{ErrorKind, Limits, Parser};
///
/// let limits = Limits::default().samples(1);
/// let mut events = Parser::text(b"a 1\nb 2\n").with_limits(limits);
/// assert!(events.next().is_some_and(|event| event.is_ok()));
/// let error = events.next().and_then(Result::err).expect("a second sample");
/// assert_eq!((error.kind(), error.line()), (ErrorKind::Limit, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(super) line_bytes: usize,
    pub(super) name_bytes: usize,
    pub(super) value_bytes: usize,
    pub(super) labels: usize,
    pub(super) families: usize,
    pub(super) samples: u64,
    pub(super) owned_bytes: usize,
}

impl Default for Limits {
    /// Lines of 8 MiB, names of 8 KiB, label values of 32 KiB, 256 labels a sample, 100,000 families, 5 million
    /// samples; 4 GiB for what is kept of a body by those who keep it.
    ///
    /// No line that a [`Registry`](crate::Registry) writes is longer than that: names, values and help texts have
    /// limits there which leave room for how they grow when they are escaped. Nothing is kept of a line but names, so a
    /// long one costs no more than many short ones.
    fn default() -> Self {
        Self {
            line_bytes: 8 << 20,
            name_bytes: 8 << 10,
            value_bytes: 32 << 10,
            labels: 256,
            families: 100_000,
            samples: 5_000_000,
            owned_bytes: 4 << 30,
        }
    }
}

impl Limits {
    /// Sets how many bytes a line may have, without its line feed.
    #[must_use]
    pub fn line_bytes(mut self, bytes: usize) -> Self {
        self.line_bytes = bytes;
        self
    }

    /// Sets how many bytes the name of a metric or label may have.
    #[must_use]
    pub fn name_bytes(mut self, bytes: usize) -> Self {
        self.name_bytes = bytes;
        self
    }

    /// Sets how many bytes the value of a label may have.
    #[must_use]
    pub fn value_bytes(mut self, bytes: usize) -> Self {
        self.value_bytes = bytes;
        self
    }

    /// Sets how many labels a sample may have, and an exemplar.
    #[must_use]
    pub fn labels(mut self, labels: usize) -> Self {
        self.labels = labels;
        self
    }

    /// Sets how many families the body may have: what the parser remembers are their names.
    #[must_use]
    pub fn families(mut self, families: usize) -> Self {
        self.families = families;
        self
    }

    /// Sets how many samples the body may have.
    #[must_use]
    pub fn samples(mut self, samples: u64) -> Self {
        self.samples = samples;
        self
    }

    /// Sets how many bytes the families that [`families`](super::families) returns may take, and [`lint`](super::lint)
    /// for the largest of them, together: a little more than what they do take.
    #[must_use]
    pub fn owned_bytes(mut self, bytes: usize) -> Self {
        self.owned_bytes = bytes;
        self
    }
}
