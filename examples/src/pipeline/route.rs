//! The route stage: which table of the replica a row belongs to, and how it gets there.

use super::envelope::{ErrorKind, Rejection};
use super::transform::Decoded;
use crate::feed::{Change, Op, Relation, Row, Table};

/// A table of the replica. The shop's orders have one a region, every other table has one of its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The table of the same name.
    Same,
    /// Orders of the European Union.
    OrdersEu,
    /// Orders of the United States.
    OrdersUs,
    /// Orders of Asia and the Pacific.
    OrdersApac,
}

impl Destination {
    /// The destinations a table's rows can have.
    pub fn all_of(relation: &Relation) -> &'static [Self] {
        if is_split(relation) { &[Self::OrdersEu, Self::OrdersUs, Self::OrdersApac] } else { &[Self::Same] }
    }

    /// The table's name in the replica, of rows of `relation`.
    pub fn name(self, relation: &Relation) -> &str {
        match self {
            Self::Same => &relation.name,
            Self::OrdersEu => "orders_eu",
            Self::OrdersUs => "orders_us",
            Self::OrdersApac => "orders_apac",
        }
    }
}

/// Whether the table is split by region. A short-lived table of orders is not.
fn is_split(relation: &Relation) -> bool {
    relation.is_permanent() && relation.shape == Table::Orders
}

/// What the sink has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Insert a row that must not be there.
    Insert(Destination, Row),
    /// Replace a row that must be there.
    Update(Destination, Row),
    /// Delete a row from one table and insert it in another: an update that changed its route.
    Move(Destination, Destination, Row),
    /// Delete a row that must be there.
    Delete(Destination),
    /// Create the destinations of a table that came.
    CreateTable,
    /// Drop the destinations of a table that went, with all their rows.
    DropTable,
}

/// The table of the replica that takes this row. Works on source rows and on transformed rows alike.
///
/// # Errors
/// A [`Rejection`] of kind [`ErrorKind::NoRoute`].
pub fn destination(relation: &Relation, row: &Row) -> Result<Destination, Rejection> {
    if !is_split(relation) {
        return Ok(Destination::Same);
    }
    match row[2].as_text() {
        Some("eu") => Ok(Destination::OrdersEu),
        Some("us") => Ok(Destination::OrdersUs),
        Some("apac") => Ok(Destination::OrdersApac),
        region => Err(Rejection::new(ErrorKind::NoRoute, format!("region {region:?}"))),
    }
}

/// Turns a change into the write that repeats it in the replica.
///
/// # Errors
/// A [`Rejection`] of kind [`ErrorKind::NoRoute`].
pub fn route(change: &Change, decoded: Decoded) -> Result<Write, Rejection> {
    match change.op {
        Op::Create => return Ok(Write::CreateTable),
        Op::Drop => return Ok(Write::DropTable),
        Op::Insert | Op::Update | Op::Delete => {}
    }
    let relation = &change.relation;
    let from = decoded.old.as_ref().map(|row| destination(relation, row)).transpose()?;
    let to = decoded.new.as_ref().map(|row| destination(relation, row)).transpose()?;
    match (from, to, decoded.new) {
        (None, Some(to), Some(row)) => Ok(Write::Insert(to, row)),
        (Some(from), Some(to), Some(row)) if from == to => Ok(Write::Update(to, row)),
        (Some(from), Some(to), Some(row)) => Ok(Write::Move(from, to, row)),
        (Some(from), _, None) => Ok(Write::Delete(from)),
        _ => Err(Rejection::new(ErrorKind::NoRoute, "a change without an image")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn order(region: &str) -> Row {
        vec![1.into(), 2.into(), region.into(), "placed".into(), 0.into(), "".into()]
    }

    fn of(relation: Arc<Relation>, op: Op, decoded: Decoded) -> Result<Write, Rejection> {
        route(&Change { lsn: 1, relation, op, key: 1, captured_at_ms: 0, old: None, new: None }, decoded)
    }

    fn routed(old: Option<Row>, new: Option<Row>) -> Result<Write, Rejection> {
        of(Relation::shop(Table::Orders), Op::Update, Decoded { old, new })
    }

    #[test]
    fn an_order_goes_to_its_region_and_moves_with_it() {
        use Destination::{OrdersEu, OrdersUs};
        assert_eq!(routed(None, Some(order("eu"))), Ok(Write::Insert(OrdersEu, order("eu"))));
        assert_eq!(routed(Some(order("eu")), Some(order("eu"))), Ok(Write::Update(OrdersEu, order("eu"))));
        assert_eq!(routed(Some(order("eu")), Some(order("us"))), Ok(Write::Move(OrdersEu, OrdersUs, order("us"))));
        assert_eq!(routed(Some(order("us")), None), Ok(Write::Delete(OrdersUs)));
        assert_eq!(routed(None, Some(order("atlantis"))).expect_err("no such region").kind, ErrorKind::NoRoute);
    }

    #[test]
    fn a_short_lived_table_of_orders_keeps_its_rows_together() {
        let relation = Arc::new(Relation { id: 9, name: "orders_2026w47".into(), shape: Table::Orders });
        assert_eq!(
            Destination::all_of(&relation).iter().map(|to| to.name(&relation)).collect::<Vec<_>>(),
            ["orders_2026w47"]
        );
        let decoded = |new| Decoded { old: None, new };
        let row = order("atlantis");
        let write = of(Arc::clone(&relation), Op::Insert, decoded(Some(row.clone())));
        assert_eq!(write, Ok(Write::Insert(Destination::Same, row)));
        assert_eq!(of(Arc::clone(&relation), Op::Create, decoded(None)), Ok(Write::CreateTable));
        assert_eq!(of(relation, Op::Drop, decoded(None)), Ok(Write::DropTable));
    }
}
