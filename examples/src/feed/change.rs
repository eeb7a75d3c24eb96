//! One captured row change, as it stands in the change log.

use streamgauge::LabelValue;

use super::Table;

/// What happened to the row. The discriminant is the operation's code in the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[repr(u8)]
pub enum Op {
    /// A row appeared; only the new image is set.
    Insert,
    /// A row changed; both images are set.
    Update,
    /// A row went away; only the old image is set.
    Delete,
}

impl Op {
    /// Every operation, in code order.
    pub const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// The operation with this code in the change log.
    pub fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code).copied())
    }

    /// The operation's position in [`Op::ALL`], which is also its code.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The operation's name, as on the `op` label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One row of the change log.
#[derive(Clone, Debug)]
pub struct Change {
    /// The log sequence number: dense, ascending in commit order.
    pub lsn: u64,
    /// The table whose row changed.
    pub table: Table,
    /// What happened to it.
    pub op: Op,
    /// The row's primary key, kept outside the images so that a malformed image still names its row.
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
