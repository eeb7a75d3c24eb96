//! The reader of the text formats: the shared vectors, positions of errors, limits, and what the encoder writes.

mod common;
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
