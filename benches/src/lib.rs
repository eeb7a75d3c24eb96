//! What the scoreboard and the criterion benches share: the inputs, every contestant, the rows and the runner.
//!
//! A *row* is one question ("what does a counter increment cost?"), a *side* is one library's answer to it,
//! written by handle as its experts would, and a *round* runs every side of a row once. Rivals are compared
//! inside a round only, so that a machine that slows down slows them all.

pub mod inputs;
pub mod replay;
pub mod rows;
pub mod runner;
pub mod sides;
