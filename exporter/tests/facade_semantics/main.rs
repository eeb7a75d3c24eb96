//! What a recorder makes of every call of the facade, through its macros.
#![cfg(feature = "metrics-0-24")]

#[path = "../facade/mod.rs"]
mod facade;

mod buckets;
mod collisions;
mod descriptions;
mod handles;
mod idle;
mod labels;
mod names;
mod records;
mod registries;
mod renders;
mod units;
