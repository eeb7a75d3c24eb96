//! The labels.

use streamgauge::LabelSet;

use crate::feed::Op;
use crate::pipeline::{ErrorKind, Stage};

/// The labels of a per-table metric.
#[derive(Clone, Copy, Debug, LabelSet)]
pub struct TableOp<'a> {
    /// The source table.
    pub table: &'a str,
    /// What happened to the row.
    pub op: Op,
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct Restored<'a> {
    pub(super) table: &'a str,
    pub(super) op: Op,
    pub(super) outcome: &'a str,
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
