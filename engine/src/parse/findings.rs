//! What a linter has to say.

use super::error::named;
use std::fmt;

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The format allows it, and readers cope, but somebody will be surprised.
    Warning,
    /// The format forbids it: readers refuse the body, drop samples, or compute nonsense.
    Error,
}

/// What a [`Finding`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The family has samples but no TYPE.
    MissingType,
    /// The family has samples but no HELP.
    MissingHelp,
    /// The family has metadata but no samples.
    NoSamples,
    /// The samples of a family, or of one metric in it, stand apart.
    InPieces,
    /// A series comes twice.
    Duplicate,
    /// Timestamps of one metric fall, or only some of its samples have one.
    Timestamps,
    /// A name or label that the type requires is missing, or one that it has no place for is there.
    Sample,
    /// A counter is negative or not a number.
    CounterValue,
    /// A counter of the text format is not called `_total`, or something else is.
    TotalSuffix,
    /// A name ends in what only samples of another type end in.
    Suffix,
    /// A name or label is not written as names are: snake_case, and no colons.
    Name,
    /// A name has the type in it.
    TypeInName,
    /// A name has a unit that is not a base unit, or an abbreviation.
    Unit,
    /// A label is there that only another type has.
    Label,
    /// A quantile is not from 0 to 1.
    Quantile,
    /// The bounds of a histogram do not ascend.
    BucketOrder,
    /// The counts of a histogram's buckets fall from one bound to the next.
    BucketCounts,
    /// A histogram has no bucket for `+Inf`.
    MissingInf,
    /// The count of a histogram differs from its bucket for `+Inf`.
    Count,
    /// The sum of a histogram is missing, or there where it may not be, or negative where it cannot be.
    Sum,
    /// An exemplar does not belong in its bucket.
    Exemplar,
}

/// Something that [`lint`](super::lint) found in a body the parser took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub check: Check,
    /// The line, counted from 1.
    pub line: u64,
    /// The name of the family.
    pub family: String,
    /// What was found, and what is expected.
    pub message: String,
}

/// What [`lint_at_most`](super::lint_at_most) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Linted {
    /// The first findings of the first families, as many as were asked for.
    pub findings: Vec<Finding>,
    /// How many errors there are, with those that are not among the findings.
    pub errors: usize,
    /// How many warnings there are.
    pub warnings: usize,
}

/// One line: names of other characters than letters, digits, `_` and `:` are in quotes, with escapes, and cut.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "line {}: {severity}: {}: {}", self.line, named(&self.family), self.message)
    }
}
