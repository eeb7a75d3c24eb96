//! What nobody should record and somebody will: numbers that are none, texts without end, floods of names and labels,
//! settings that make no sense.
#![cfg(feature = "metrics-0-24")]

#[path = "../facade/mod.rs"]
mod facade;

mod floods;
mod numbers;
mod settings;
mod texts;
