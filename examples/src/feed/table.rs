//! The tables of the shop and their columns.

/// What a column holds, and so what a row image has to hold there to be well formed.
///
/// SQLite stores any type in any column; the declared kind is enforced when the image is decoded, not when the row is
/// written. That is how a malformed row gets into a change log in the first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit integer.
    Integer,
    /// Any text.
    Text,
    /// Text that has to parse as JSON.
    Json,
}

/// A column of a captured table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The column's name in SQL and in the row image.
    pub name: &'static str,
    /// What it has to hold.
    pub kind: Kind,
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn json(name: &'static str) -> Column {
    Column { name, kind: Kind::Json }
}

/// A table of the shop. The discriminant is the table's id in the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Table {
    /// People who buy.
    Customers,
    /// Where they live.
    Addresses,
    /// What is for sale.
    Products,
    /// How much of it there is; the busiest table by updates.
    Inventory,
    /// Orders, routed by region.
    Orders,
    /// Order lines; the busiest table by inserts and deletes.
    OrderItems,
    /// Payments, amounts as decimal text in the payment's currency.
    Payments,
    /// Parcels.
    Shipments,
    /// Messages sent to customers, with a JSON payload.
    Notifications,
}

impl Table {
    /// Every table, in id order.
    pub const ALL: [Self; 9] = [
        Self::Customers,
        Self::Addresses,
        Self::Products,
        Self::Inventory,
        Self::Orders,
        Self::OrderItems,
        Self::Payments,
        Self::Shipments,
        Self::Notifications,
    ];

    /// The table with this id in the change log.
    pub fn from_id(id: i64) -> Option<Self> {
        usize::try_from(id).ok().and_then(|id| Self::ALL.get(id).copied())
    }

    /// The table's position in [`Table::ALL`], which is also its id.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The table's name in SQL and on the `table` label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Addresses => "addresses",
            Self::Products => "products",
            Self::Inventory => "inventory",
            Self::Orders => "orders",
            Self::OrderItems => "order_items",
            Self::Payments => "payments",
            Self::Shipments => "shipments",
            Self::Notifications => "notifications",
        }
    }

    /// The columns in table order. The first is always `id`, the integer primary key.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Customers => {
                const { &[integer("id"), text("email"), text("full_name"), text("country"), integer("loyalty_points")] }
            }
            Self::Addresses => {
                const { &[integer("id"), integer("customer_id"), text("line"), text("city"), text("postcode")] }
            }
            Self::Products => const { &[integer("id"), text("sku"), text("title"), integer("price_cents")] },
            Self::Inventory => const { &[integer("id"), integer("on_hand"), integer("reserved")] },
            Self::Orders => {
                const {
                    &[
                        integer("id"),
                        integer("customer_id"),
                        text("region"),
                        text("status"),
                        integer("placed_at_ms"),
                        text("note"),
                    ]
                }
            }
            Self::OrderItems => {
                const {
                    &[
                        integer("id"),
                        integer("order_id"),
                        integer("product_id"),
                        integer("quantity"),
                        integer("unit_cents"),
                    ]
                }
            }
            Self::Payments => {
                const { &[integer("id"), integer("order_id"), text("amount"), text("currency"), text("status")] }
            }
            Self::Shipments => {
                const { &[integer("id"), integer("order_id"), text("carrier"), text("tracking"), text("status")] }
            }
            Self::Notifications => const { &[integer("id"), integer("order_id"), text("channel"), json("payload")] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_order_of_all() {
        for (id, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), id);
            assert_eq!(Table::from_id(id as i64), Some(table));
            assert_eq!(table.columns()[0].name, "id");
        }
        assert_eq!(Table::from_id(Table::ALL.len() as i64), None);
        assert_eq!(Table::from_id(-1), None);
    }
}
