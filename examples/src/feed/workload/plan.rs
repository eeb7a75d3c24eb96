//! A transaction, planned before its turn comes.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::Transaction;

use crate::Error;
use crate::feed::{Datum, Relation, Table, schema};

use super::shop::{Customer, Order, Shop};

pub(super) const INSERT_ORDER: &str = "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(super) const INSERT_PAYMENT: &str = "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const INSERT_NOTIFICATION: &str = "INSERT INTO notifications VALUES (?1, ?2, ?3, ?4)";
const INSERT_ITEM: &str = "INSERT INTO order_items VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_SHIPMENT: &str = "INSERT INTO shipments VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_CUSTOMER: &str = "INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_ADDRESS: &str = "INSERT INTO addresses VALUES (?1, ?2, ?3, ?4, ?5)";
const RESERVE: &str = "UPDATE inventory SET reserved = reserved + ?2 WHERE id = ?1";
const RESTOCK: &str = "UPDATE inventory SET on_hand = on_hand + ?2, reserved = 0 WHERE id = ?1";
const REPRICE: &str = "UPDATE products SET price_cents = ?2 WHERE id = ?1";
const ORDER_STATUS: &str = "UPDATE orders SET status = ?2 WHERE id = ?1";
const ORDER_REGION: &str = "UPDATE orders SET region = ?2 WHERE id = ?1";
const PAYMENT_STATUS: &str = "UPDATE payments SET status = ?2 WHERE id = ?1";
const SHIPMENT_STATUS: &str = "UPDATE shipments SET status = ?2 WHERE id = ?1";
const CUSTOMER_EMAIL: &str = "UPDATE customers SET email = ?2, loyalty_points = loyalty_points + 10 WHERE id = ?1";
const ADDRESS_LINE: &str = "UPDATE addresses SET line = ?2 WHERE id = ?1";
const DELETE_ITEM: &str = "DELETE FROM order_items WHERE id = ?1";
const DELETE_PAYMENT: &str = "DELETE FROM payments WHERE id = ?1";
const DELETE_SHIPMENT: &str = "DELETE FROM shipments WHERE id = ?1";
const DELETE_NOTIFICATION: &str = "DELETE FROM notifications WHERE id = ?1";
const DELETE_ORDER: &str = "DELETE FROM orders WHERE id = ?1";
const DELETE_CUSTOMER: &str = "DELETE FROM customers WHERE id = ?1";
const DELETE_ADDRESS: &str = "DELETE FROM addresses WHERE id = ?1";

/// One statement that changes at most one row, so that a transaction can be cut short at any event.
#[derive(Debug)]
pub struct RowOp {
    /// The statement.
    pub sql: Cow<'static, str>,
    /// Its parameters.
    pub params: Vec<Datum>,
}

impl RowOp {
    /// A statement with its parameters.
    pub fn new(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Datum>>) -> Self {
        Self { sql: sql.into(), params: params.into() }
    }
}

/// What a transaction changes in its writer's view of the shop, once it is committed.
#[derive(Debug)]
pub enum Effect {
    /// Nothing a later transaction depends on.
    None,
    /// A customer came.
    Joined(Customer),
    /// The customer who was there longest went.
    Left,
    /// An order was placed.
    Admission(Order),
    /// The oldest placed order was shipped, by this shipment and notification.
    Shipped(i64, i64),
    /// The oldest shipped order was delivered, with this notification.
    Delivered(i64),
    /// The oldest delivered order was deleted with all its rows.
    Archived,
}

/// A statement that changes which tables there are. One event, like that of a [`RowOp`].
#[derive(Clone, Debug)]
pub enum Ddl {
    /// Create this table and capture its changes.
    Create(Arc<Relation>),
    /// Drop this table with its rows.
    Drop(Arc<Relation>),
}

impl Ddl {
    /// Runs it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn execute(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        match self {
            Self::Create(relation) => schema::create_table(tx, relation),
            Self::Drop(relation) => schema::drop_table(tx, relation),
        }
    }
}

/// A transaction.
#[derive(Debug)]
pub struct Plan<E> {
    /// What it does to tables, first.
    pub ddl: Vec<Ddl>,
    /// Its statements, in order.
    pub ops: Vec<RowOp>,
    /// What follows from its commit.
    pub effect: E,
    /// Whether it is rolled back after its last statement.
    pub doomed: bool,
}

/// A writer's view of what it writes to: decides which transaction comes next.
pub trait Planner {
    /// What a transaction changes in the view, once it is committed.
    type Effect;

    /// Plans the next transaction, if there is any more. It has no effect on this view before it is settled.
    fn plan(&mut self) -> Option<Plan<Self::Effect>>;

    /// Takes note of a committed transaction.
    fn settle(&mut self, effect: Self::Effect);
}

impl Shop {
    /// A new order with one to five lines, the reservations and the payment: the largest transaction.
    pub(super) fn place(&mut self) -> (Vec<RowOp>, Effect) {
        let id = self.ids.take(Table::Orders);
        let customer = self.any_customer();
        let region = self.pick(&["eu", "eu", "us", "us", "apac"]);
        let placed_at = 1_700_000_000_000 + id * 37;
        let mut ops = vec![RowOp::new(
            INSERT_ORDER,
            [id.into(), customer.into(), region.into(), "placed".into(), placed_at.into(), "web".into()],
        )];
        let mut items = Vec::new();
        let mut total = 0;
        for _ in 0..self.rng.u32(1..=5) {
            let (item, product) = (self.ids.take(Table::OrderItems), self.any_product());
            let (quantity, unit) = (self.rng.i64(1..=4), 199 + product * 50);
            total += quantity * unit;
            items.push(item);
            ops.push(RowOp::new(INSERT_ITEM, [item.into(), id.into(), product.into(), quantity.into(), unit.into()]));
            ops.push(RowOp::new(RESERVE, [product.into(), quantity.into()]));
        }
        let payment = self.ids.take(Table::Payments);
        let (amount, currency) = match self.rng.u32(0..10) {
            0 => (total.to_string(), "JPY"),
            1 => (format!("{}.{:03}", total / 1000, total % 1000), "KWD"),
            2..5 => (format!("{}.{:02}", total / 100, total % 100), "USD"),
            _ => (format!("{}.{:02}", total / 100, total % 100), "EUR"),
        };
        ops.push(RowOp::new(
            INSERT_PAYMENT,
            [payment.into(), id.into(), amount.into(), currency.into(), "authorised".into()],
        ));
        (ops, Effect::Admission(Order { id, items, payment, shipment: None, notifications: Vec::new() }))
    }

    /// The oldest placed order leaves the warehouse and its payment is captured.
    pub(super) fn ship(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let (order, payment) = self.placed.front().map(|order| (order.id, order.payment))?;
        let (shipment, notification) = (self.ids.take(Table::Shipments), self.ids.take(Table::Notifications));
        let carrier = self.pick(&["dhl", "ups", "post"]);
        let tracking = format!("{carrier}-{:010}", self.rng.u32(..));
        let payload = format!(r#"{{"event":"shipped","order":{order},"tracking":"{tracking}"}}"#);
        let ops = vec![
            RowOp::new(ORDER_STATUS, [order.into(), "shipped".into()]),
            RowOp::new(PAYMENT_STATUS, [payment.into(), "captured".into()]),
            RowOp::new(
                INSERT_SHIPMENT,
                [shipment.into(), order.into(), carrier.into(), tracking.into(), "in transit".into()],
            ),
            RowOp::new(INSERT_NOTIFICATION, [notification.into(), order.into(), "email".into(), payload.into()]),
        ];
        Some((ops, Effect::Shipped(shipment, notification)))
    }

    /// The oldest shipped order arrives.
    pub(super) fn deliver(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let (order, shipment) = self.shipped.front().map(|order| (order.id, order.shipment))?;
        let notification = self.ids.take(Table::Notifications);
        let payload = format!(r#"{{"event":"delivered","order":{order}}}"#);
        let ops = vec![
            RowOp::new(SHIPMENT_STATUS, [shipment.map_or(Datum::Null, Datum::from), "delivered".into()]),
            RowOp::new(ORDER_STATUS, [order.into(), "delivered".into()]),
            RowOp::new(INSERT_NOTIFICATION, [notification.into(), order.into(), "push".into(), payload.into()]),
        ];
        Some((ops, Effect::Delivered(notification)))
    }

    /// The oldest delivered order is deleted, line by line: the source of the deletes, and what bounds the database.
    pub(super) fn archive(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let order = self.delivered.front()?;
        let mut ops: Vec<_> = order.items.iter().map(|id| RowOp::new(DELETE_ITEM, [(*id).into()])).collect();
        ops.extend(order.notifications.iter().map(|id| RowOp::new(DELETE_NOTIFICATION, [(*id).into()])));
        ops.extend(order.shipment.map(|id| RowOp::new(DELETE_SHIPMENT, [id.into()])));
        ops.push(RowOp::new(DELETE_PAYMENT, [order.payment.into()]));
        ops.push(RowOp::new(DELETE_ORDER, [order.id.into()]));
        Some((ops, Effect::Archived))
    }

    /// A placed order changes its region, which moves its row to another table of the replica.
    pub(super) fn reroute(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let order = self.placed.back()?.id;
        let region = self.pick(&["eu", "us", "apac"]);
        Some((vec![RowOp::new(ORDER_REGION, [order.into(), region.into()])], Effect::None))
    }

    /// A delivered order is paid back.
    pub(super) fn refund(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let (order, payment) = self.delivered.back().map(|order| (order.id, order.payment))?;
        let ops = vec![
            RowOp::new(PAYMENT_STATUS, [payment.into(), "refunded".into()]),
            RowOp::new(ORDER_STATUS, [order.into(), "refunded".into()]),
        ];
        Some((ops, Effect::None))
    }

    /// The warehouse is filled up and a product changes its price.
    pub(super) fn restock(&mut self) -> (Vec<RowOp>, Effect) {
        let mut ops: Vec<_> =
            (0..3).map(|_| RowOp::new(RESTOCK, [self.any_product().into(), self.rng.i64(10..100).into()])).collect();
        ops.push(RowOp::new(REPRICE, [self.any_product().into(), self.rng.i64(199..9_999).into()]));
        (ops, Effect::None)
    }

    /// A customer changes the address book entry and the email.
    pub(super) fn profile(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let number = self.rng.u32(..);
        let customer = self.customers.back()?;
        let ops = vec![
            RowOp::new(CUSTOMER_EMAIL, [customer.id.into(), format!("user{number}@example.net").into()]),
            RowOp::new(ADDRESS_LINE, [customer.address.into(), format!("{} Mill Lane", number % 200).into()]),
        ];
        Some((ops, Effect::None))
    }

    /// A customer comes.
    pub(super) fn join(&mut self) -> (Vec<RowOp>, Effect) {
        let (id, address) = (self.ids.take(Table::Customers), self.ids.take(Table::Addresses));
        let name = self.pick(&["Ada", "Grace", "Edsger", "Barbara", "Tony", "Zoë"]);
        let country = self.pick(&["DE", "FR", "US", "JP"]);
        let email = format!("{}.{id}@example.org", name.to_lowercase());
        let ops = vec![
            RowOp::new(INSERT_CUSTOMER, [id.into(), email.into(), name.into(), country.into(), 0.into()]),
            RowOp::new(
                INSERT_ADDRESS,
                [address.into(), id.into(), "1 Mill Lane".into(), "Springfield".into(), format!("{id:05}").into()],
            ),
        ];
        (ops, Effect::Joined(Customer { id, address }))
    }

    /// The customer who was there longest goes.
    pub(super) fn leave(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        let customer = self.customers.front()?;
        let ops = vec![
            RowOp::new(DELETE_ADDRESS, [customer.address.into()]),
            RowOp::new(DELETE_CUSTOMER, [customer.id.into()]),
        ];
        Some((ops, Effect::Left))
    }
}
