//! The reader of the text formats: the shared vectors, positions of errors, limits, and what the encoder writes.

#![allow(clippy::print_stderr, reason = "says what it skips")]

#[path = "parse/conformance.rs"]
mod conformance;
#[path = "parse/errors.rs"]
mod errors;
#[path = "parse/expositions.rs"]
mod expositions;
#[path = "parse/linting.rs"]
mod linting;
#[path = "parse/round_trip.rs"]
mod round_trip;
#[path = "parse/vectors.rs"]
mod vectors;
