//! Runs the sides of a row against each other and turns the samples into figures.
//!
//! ```text
//! calibrate every side            so that a slice lasts 5-10 ms
//! for each round
//!     for each side, rotated      nobody is always first, or always after the same neighbour
//!         one slice  -> ns per operation
//! ratio = median over rounds of (theirs / ours in that round)
//! ```

mod measure;
mod outcome;
mod plan;
mod row;
mod slice;
mod stats;

pub use measure::measure;
pub use outcome::{Outcome, Samples};
pub use plan::Plan;
pub use row::{Role, Row, Side};
pub use slice::time;
pub use stats::{median, median_ratio};
