//! The labels.

use streamgauge::LabelSet;

use crate::feed::Op;
use crate::pipeline::{ErrorKind, Stage};

#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct ByOp {
    pub(super) op: Op,
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct ByChange {
    pub(super) change: Op,
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct StageError<'a> {
    pub(super) stage: Stage,
    pub(super) error_kind: &'a str,
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct Kind {
    pub(super) error_kind: ErrorKind,
}
