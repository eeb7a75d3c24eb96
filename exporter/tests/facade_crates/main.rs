//! Published crates that use the facade, unmodified, above this recorder.
#![cfg(feature = "metrics-0-24")]

#[path = "../facade/mod.rs"]
mod facade;

mod axum;
mod beside_stock;
mod derive;
mod layers;
#[cfg(target_os = "linux")]
mod process;
mod spans;
mod tokio_runtime;
