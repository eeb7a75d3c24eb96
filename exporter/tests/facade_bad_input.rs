//! What nobody should record and somebody will: numbers that are none, texts without end, floods of names and labels,
//! settings that make no sense.
#![cfg(feature = "metrics-0-24")]

mod facade;

#[path = "facade_bad_input/floods.rs"]
mod floods;
#[path = "facade_bad_input/numbers.rs"]
mod numbers;
#[path = "facade_bad_input/settings.rs"]
mod settings;
#[path = "facade_bad_input/texts.rs"]
mod texts;
