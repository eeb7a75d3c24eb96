//! Published crates that use the facade, unmodified, above this recorder.
#![cfg(feature = "metrics-0-24")]

mod facade;

#[path = "facade_crates/axum.rs"]
mod axum;
#[path = "facade_crates/beside_stock.rs"]
mod beside_stock;
#[path = "facade_crates/derive.rs"]
mod derive;
#[path = "facade_crates/layers.rs"]
mod layers;
#[cfg(target_os = "linux")]
#[path = "facade_crates/process.rs"]
mod process;
#[path = "facade_crates/spans.rs"]
mod spans;
#[path = "facade_crates/tokio_runtime.rs"]
mod tokio_runtime;
