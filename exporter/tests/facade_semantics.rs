//! What a recorder makes of every call of the facade, through its macros.
#![cfg(feature = "metrics-0-24")]

mod facade;

#[path = "facade_semantics/buckets.rs"]
mod buckets;
#[path = "facade_semantics/collisions.rs"]
mod collisions;
#[path = "facade_semantics/descriptions.rs"]
mod descriptions;
#[path = "facade_semantics/handles.rs"]
mod handles;
#[path = "facade_semantics/idle.rs"]
mod idle;
#[path = "facade_semantics/labels.rs"]
mod labels;
#[path = "facade_semantics/names.rs"]
mod names;
#[path = "facade_semantics/records.rs"]
mod records;
#[path = "facade_semantics/registries.rs"]
mod registries;
#[path = "facade_semantics/renders.rs"]
mod renders;
#[path = "facade_semantics/units.rs"]
mod units;
