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

// The guides' code, that of the peers too, is compiled and run here, because here the peers are dependencies.
#[cfg(doctest)]
#[doc = include_str!("../../docs/FROM-PROMETHEUS.md")]
struct FromPrometheus;

#[cfg(doctest)]
#[doc = include_str!("../../docs/FROM-PROMETHEUS-CLIENT.md")]
struct FromPrometheusClient;

#[cfg(doctest)]
#[doc = include_str!("../../docs/FROM-OPENTELEMETRY.md")]
struct FromOpenTelemetry;
