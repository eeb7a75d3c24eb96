//! The route stage: which table of the replica a row belongs to, and how it gets there.

use super::envelope::{ErrorKind, Rejection};
use super::transform::Decoded;
use crate::feed::{Change, Row, Table};

/// A table of the replica. Orders have one a region, every other table has one of its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The table of the same name.
    Same(Table),
    /// Orders of the European Union.
    OrdersEu,
    /// Orders of the United States.
    OrdersUs,
    /// Orders of Asia and the Pacific.
    OrdersApac,
}

impl Destination {
    /// The destinations a table's rows can have.
    pub fn all_of(table: Table) -> Vec<Self> {
        match table {
            Table::Orders => vec![Self::OrdersEu, Self::OrdersUs, Self::OrdersApac],
            other => vec![Self::Same(other)],
        }
    }

    /// The table's name in the replica.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same(table) => table.name(),
            Self::OrdersEu => "orders_eu",
            Self::OrdersUs => "orders_us",
            Self::OrdersApac => "orders_apac",
        }
    }

    /// The source table whose rows it holds.
    pub const fn source(self) -> Table {
        match self {
            Self::Same(table) => table,
            Self::OrdersEu | Self::OrdersUs | Self::OrdersApac => Table::Orders,
        }
    }
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
}

/// The table of the replica that takes this row. Works on source rows and on transformed rows alike.
///
/// # Errors
/// A [`Rejection`] of kind [`ErrorKind::NoRoute`].
pub fn destination(table: Table, row: &Row) -> Result<Destination, Rejection> {
    if table != Table::Orders {
        return Ok(Destination::Same(table));
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
    let from = decoded.old.as_ref().map(|row| destination(change.table, row)).transpose()?;
    let to = decoded.new.as_ref().map(|row| destination(change.table, row)).transpose()?;
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
    use super::*;
    use crate::feed::Op;

    fn order(region: &str) -> Row {
        vec![1.into(), 2.into(), region.into(), "placed".into(), 0.into(), "".into()]
    }

    fn routed(old: Option<Row>, new: Option<Row>) -> Result<Write, Rejection> {
        let op = Op::Update;
        let change = Change { lsn: 1, table: Table::Orders, op, key: 1, captured_at_ms: 0, old: None, new: None };
        route(&change, Decoded { old, new })
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
}
