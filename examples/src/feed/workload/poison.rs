//! Rows that a stage of the pipeline has to refuse.

use super::plan::{INSERT_NOTIFICATION, INSERT_ORDER, INSERT_PAYMENT};
use super::{Ids, RowOp};
use crate::feed::Table;

/// The note of every order written by a transaction that is going to be rolled back. It must never be seen again.
pub const DOOMED_NOTE: &str = "never commits";

/// A way for a row to be wrong.
///
/// Every poison row is inserted under a key of its own and never updated or deleted: the dead-letter table then says
/// exactly which rows the replica lacks, and nothing later refers to a row that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// Text in an integer column, which SQLite accepts; refused by decode.
    TypeMismatch,
    /// A truncated JSON payload; refused by decode.
    MalformedPayload,
    /// A currency nobody knows; refused by transform.
    UnknownCurrency,
    /// An amount with a comma and a letter; refused by transform.
    BadAmount,
    /// A region without a replica table; refused by route.
    NoRoute,
}

impl Poison {
    /// Every kind, in the order in which a writer cycles through them.
    pub const ALL: [Self; 5] =
        [Self::TypeMismatch, Self::UnknownCurrency, Self::NoRoute, Self::MalformedPayload, Self::BadAmount];

    /// The insert that writes such a row.
    pub fn row_op(self, ids: &Ids) -> RowOp {
        match self {
            Self::TypeMismatch => {
                let id = ids.take(Table::Orders);
                RowOp::new(INSERT_ORDER, [id.into(), "guest".into(), "eu".into(), "placed".into(), 0.into(), "".into()])
            }
            Self::NoRoute => {
                let id = ids.take(Table::Orders);
                RowOp::new(INSERT_ORDER, [id.into(), 1.into(), "atlantis".into(), "placed".into(), 0.into(), "".into()])
            }
            Self::UnknownCurrency => Self::payment(ids, "19.90", "ZZZ"),
            Self::BadAmount => Self::payment(ids, "12,5O", "EUR"),
            Self::MalformedPayload => {
                let id = ids.take(Table::Notifications);
                RowOp::new(INSERT_NOTIFICATION, [id.into(), 1.into(), "email".into(), r#"{"event":"shipp"#.into()])
            }
        }
    }

    fn payment(ids: &Ids, amount: &str, currency: &str) -> RowOp {
        let id = ids.take(Table::Payments);
        RowOp::new(INSERT_PAYMENT, [id.into(), 1.into(), amount.into(), currency.into(), "captured".into()])
    }
}
