//! A strict, bounded reader of the Prometheus text format 0.0.4 and of OpenMetrics 1.0.
//!
//! [`Parser`] goes over a body line by line and yields [`Event`]s that borrow from it: nothing is allocated for a
//! sample of a family that is known, unless its name has escapes. [`families`] gathers the events into owned
//! families, and [`lint`] looks at those for what a grammar cannot see: histograms that do not add up, series that
//! come twice.
//!
//! ```
//! use streamgauge::parse::{Event, Parser};
//!
//! let body = b"# TYPE rows_total counter\nrows_total{table=\"orders\"} 3\n";
//! let mut rows = 0.0;
//! for event in Parser::text(body) {
//!     if let Event::Sample(sample) = event? {
//!         assert_eq!(sample.family(), "rows_total");
//!         assert!(sample.labels().any(|(name, value)| name == "table" && value == "orders"));
//!         rows += sample.value();
//!     }
//! }
//! assert_eq!(rows, 3.0);
//! # Ok::<(), streamgauge::parse::Error>(())
//! ```
//!
//! # What is an error
//!
//! The body of a peer is not to be trusted: whatever it holds, the answer is events or one [`Error`] with its
//! position, in time and memory that grow with the body at most linearly and stay within [`Limits`].
//!
//! - **Text 0.0.4** is read as the Go library reads it, with the blanks at the ends of lines that the format allows.
//!   Families may come in pieces there, and HELP behind the samples. A TYPE behind them may not, and neither may a
//!   second HELP or TYPE, a last line without its line feed, an escape other than `\\`, `\n` and `\"`, a `le` or
//!   `quantile` that is not a number, or a negative count of a histogram.
//! - **OpenMetrics 1.0** is read by its grammar, with `# EOF` required: single spaces, no blank lines, no comments; one
//!   space behind the commas between labels and plain quotes in HELP are let pass, as its reference reader does.
//!   Families are in one piece, metadata first, sample names are those of the type, and no two families can have a
//!   sample of one name. Units end the name. Counts are whole numbers, exemplars are short and only where they may be.
//! - Both read names in quotes, `{"my.name", "my.label"="x"}`, as Prometheus 3 writes them; composite values belong
//!   to OpenMetrics 2.0 and are refused.
//!
//! What takes a memory of all series to tell is a [`Finding`] of [`lint`], not an error of the parser.
//!
//! # Numbers
//!
//! Values are what Go's `strconv.ParseFloat` takes in these formats: decimal, with an exponent or without, `NaN`,
//! `Inf` and `Infinity` in any case, the latter two signed or not; neither hexadecimal floats nor underscores. A number
//! beyond the floats, such as `1e400`, is an error. Integers above 2^53 are rounded to the nearest float, as every
//! reader of these formats does; [`Sample::value_text`] has all their digits.

mod conventions;
mod cursor;
mod error;
mod event;
mod families;
mod findings;
mod histograms;
mod kind;
mod labels;
mod limits;
mod line;
mod lint;
mod number;
mod openmetrics;
mod owned;
mod parser;
mod strings;
mod text;
mod timestamp;

pub use error::{Error, ErrorKind};
pub use event::{Event, Exemplar, Sample};
pub use findings::{Check, Finding, Linted, Severity};
pub use kind::{MetricType, Syntax};
pub use labels::Labels;
pub use limits::Limits;
pub use lint::{lint, lint_at_most};
pub use owned::{OwnedExemplar, OwnedFamily, OwnedSample, families};
pub use parser::Parser;
pub use timestamp::Timestamp;
