//! One captured row change, as it stands in the change log.

use std::sync::Arc;

use streamgauge::LabelValue;

use super::Relation;

/// What happened to the row or, of the last two, to the whole table. The discriminant is the operation's code in the
/// change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[repr(u8)]
pub enum Op {
    /// A row appeared; only the new image is set.
    Insert,
    /// A row changed; both images are set.
    Update,
    /// A row went away; only the old image is set.
    Delete,
    /// A table appeared; the new image is its row of the catalogue.
    Create,
    /// A table went away with all its rows; the old image is its row of the catalogue.
    Drop,
}

impl Op {
    /// Every operation, in code order.
    pub const ALL: [Self; 5] = [Self::Insert, Self::Update, Self::Delete, Self::Create, Self::Drop];

    /// The operations on rows: the first ones.
    pub const ROWS: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// The operation with this code in the change log.
    pub fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code).copied())
    }

    /// The operation's position in [`Op::ALL`], which is also its code.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether a row changed, and not a table.
    pub const fn is_row(self) -> bool {
        self.index() < Self::ROWS.len()
    }

    /// The operation's name, as on the `op` and `change` labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Create => "create",
            Self::Drop => "drop",
        }
    }
}

/// One row of the change log.
#[derive(Clone, Debug)]
pub struct Change {
    /// The log sequence number: dense, ascending in commit order.
    pub lsn: u64,
    /// The table whose row changed, or which came or went.
    pub relation: Arc<Relation>,
    /// What happened.
    pub op: Op,
    /// The row's primary key, kept outside the images so that a malformed image still names its row; of a table its id.
    pub key: i64,
    /// When the row changed, in milliseconds since the Unix epoch; the commit follows within the same transaction.
    pub captured_at_ms: u64,
    /// The row before the change, a JSON object.
    pub old: Option<Box<str>>,
    /// The row after the change, a JSON object.
    pub new: Option<Box<str>>,
}

impl Change {
    /// The size of both images in bytes: what the event weighs in `source_bytes_total`.
    pub fn bytes(&self) -> usize {
        self.old.as_deref().map_or(0, str::len) + self.new.as_deref().map_or(0, str::len)
    }
}
