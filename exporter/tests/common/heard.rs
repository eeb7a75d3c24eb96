//! A subscriber that keeps what it hears.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps warnings, and what is of the level of information. Clones keep them together.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<(Level, String)>>>);

impl Heard {
    /// Gives the warnings so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.of(|level| *level <= Level::WARN)
    }

    /// Gives what was only information.
    #[allow(dead_code, reason = "each test binary uses a part")]
    pub(crate) fn information(&self) -> Vec<String> {
        self.of(|level| *level == Level::INFO)
    }

    fn of(&self, wanted: impl Fn(&Level) -> bool) -> Vec<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|(level, _)| wanted(level)).map(|(_, text)| text.clone()).collect()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // A string takes everything.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((*event.metadata().level(), text.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
