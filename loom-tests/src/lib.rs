//! Models of the engine's protocols.
//!
//! They drive the engine itself, compiled over loom by `--cfg engine_loom`, through its public API.
//! Each model has a twin in which one rule is broken ([`streamgauge::Fault`]) and which must fail, with
//! the stated message: a model that cannot fail proves nothing. Without the cfg there is nothing here.
//! Run them with `scripts/loom.sh`.
#![cfg(engine_loom)]

mod harness;

pub use harness::{fails, holds, holds_with};
