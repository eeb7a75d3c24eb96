//! The reader of the text formats: the shared vectors, positions of errors, limits, and what the encoder writes.

mod conformance;
mod errors;
mod expositions;
mod linting;
mod round_trip;
