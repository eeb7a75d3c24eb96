//! What requests want of the render thread, and what they get.

use std::sync::Arc;

use streamgauge::{Exposition, Filter};

use super::body::Loan;
use super::coding::Coding;

/// Writes expositions.
pub(crate) trait Render: Send + 'static {
    /// Has the user's code give its values, for all that is rendered until the next call.
    fn collect(&mut self);

    /// Appends what `filter` chooses to `body`.
    fn render(&mut self, exposition: Exposition, filter: &Filter, body: &mut Vec<u8>);
}

/// What a request wants. Requests that want the same share a rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) exposition: Exposition,
    pub(crate) filter: Filter,
    pub(crate) coding: Coding,
}

impl Wanted {
    /// Returns whether one rendering suits both.
    pub(crate) fn is_like(&self, other: &Wanted) -> bool {
        self.exposition == other.exposition
            && self.coding.compresses() == other.coding.compresses()
            && self.filter == other.filter
    }

    /// Returns whether only a part of the metrics is wanted.
    pub(crate) fn is_part(&self) -> bool {
        self.filter != Filter::all()
    }
}

/// A rendered exposition.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) content_type: &'static str,
    pub(crate) compressed: bool,
    pub(crate) loan: Arc<Loan>,
}

/// Why there is no exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenderError {
    /// The renderer panicked.
    Panicked,
    /// The system gives us no thread.
    NoThread,
    /// Too many different parts are wanted at the same time.
    TooManyParts,
}

pub(crate) type Outcome = Result<Rendered, RenderError>;
