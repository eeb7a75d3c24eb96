//! A writer's view of the shop: the rows it may still change, and which transaction comes next.

use std::collections::VecDeque;
use std::sync::Arc;

use super::plan::INSERT_ORDER;
use super::stock::PRODUCTS;
use super::{DOOMED_NOTE, Effect, Ids, Plan, Planner, Poison, RowOp};
use crate::feed::Table;

/// A writer stops placing orders while it has this many in one state, and stops taking customers at this many.
const CROWD: usize = 300;

/// Every so many transactions of a writer, one writes a poison row.
const POISON_EVERY: u64 = 25;

/// Every so many transactions of a writer, one is rolled back. Not a multiple of the former or its divisor: some
/// poison rows are rolled back too, and most are not.
const DOOMED_EVERY: u64 = 20;

/// A customer and the address that came with them.
#[derive(Debug)]
pub struct Customer {
    pub(super) id: i64,
    pub(super) address: i64,
}

/// An order and the rows that belong to it.
#[derive(Debug)]
pub struct Order {
    pub(super) id: i64,
    pub(super) items: Vec<i64>,
    pub(super) payment: i64,
    pub(super) shipment: Option<i64>,
    pub(super) notifications: Vec<i64>,
}

/// The rows a writer has committed and may change again. Only its own: no two writers change the same order.
///
/// Its size is bounded: orders move from queue to queue and leave at the end.
#[derive(Debug)]
pub struct Shop {
    pub(super) rng: fastrand::Rng,
    pub(super) ids: Arc<Ids>,
    pub(super) customers: VecDeque<Customer>,
    pub(super) placed: VecDeque<Order>,
    pub(super) shipped: VecDeque<Order>,
    pub(super) delivered: VecDeque<Order>,
    planned: u64,
}

impl Shop {
    /// An empty view.
    pub fn new(seed: u64, ids: Arc<Ids>) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            ids,
            customers: VecDeque::new(),
            placed: VecDeque::new(),
            shipped: VecDeque::new(),
            delivered: VecDeque::new(),
            planned: 0,
        }
    }

    /// One kind of transaction by its weight, or none if there is no row for it to work on.
    fn choose(&mut self) -> Option<(Vec<RowOp>, Effect)> {
        match self.rng.u32(0..100) {
            0..24 if self.placed.len() < CROWD => Some(self.place()),
            0..46 if self.shipped.len() < CROWD => self.ship(),
            0..68 if self.delivered.len() < CROWD => self.deliver(),
            0..89 => self.archive(),
            89..91 => self.reroute(),
            91..93 => self.refund(),
            93..96 => Some(self.restock()),
            96..98 => self.profile(),
            _ if self.customers.len() < CROWD => Some(self.join()),
            _ => self.leave(),
        }
    }

    pub(super) fn pick(&mut self, among: &[&'static str]) -> &'static str {
        among[self.rng.usize(..among.len())]
    }

    /// A product; the first tenth of them gets almost half of the traffic.
    pub(super) fn any_product(&mut self) -> i64 {
        let skewed = self.rng.f64().powi(3);
        1 + (skewed * PRODUCTS as f64) as i64
    }

    pub(super) fn any_customer(&mut self) -> i64 {
        match self.customers.len() {
            0 => 1,
            count => self.customers[self.rng.usize(..count)].id,
        }
    }
}

impl Planner for Shop {
    type Effect = Effect;

    fn plan(&mut self) -> Option<Plan<Effect>> {
        let number = self.planned;
        self.planned += 1;
        let (mut ops, effect) = match self.choose() {
            Some(chosen) => chosen,
            None if self.placed.len() < CROWD => self.place(),
            None => self.restock(),
        };
        if number % POISON_EVERY == 2 {
            let kind = Poison::ALL[(number / POISON_EVERY) as usize % Poison::ALL.len()];
            ops.push(kind.row_op(&self.ids));
        }
        let doomed = number % DOOMED_EVERY == 7;
        if doomed {
            let id = self.ids.take(Table::Orders);
            let note = DOOMED_NOTE;
            ops.push(RowOp::new(
                INSERT_ORDER,
                [id.into(), 1.into(), "eu".into(), "placed".into(), 0.into(), note.into()],
            ));
        }
        Some(Plan { ddl: Vec::new(), ops, effect, doomed })
    }

    fn settle(&mut self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Joined(customer) => self.customers.push_back(customer),
            Effect::Left => {
                self.customers.pop_front();
            }
            Effect::Admission(order) => self.placed.push_back(order),
            Effect::Shipped(shipment, notification) => {
                if let Some(mut order) = self.placed.pop_front() {
                    order.shipment = Some(shipment);
                    order.notifications.push(notification);
                    self.shipped.push_back(order);
                }
            }
            Effect::Delivered(notification) => {
                if let Some(mut order) = self.shipped.pop_front() {
                    order.notifications.push(notification);
                    self.delivered.push_back(order);
                }
            }
            Effect::Archived => {
                self.delivered.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_stays_bounded_and_every_poison_gets_its_turn() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let conn = crate::feed::schema::open(&dir.path().join("source.db")).expect("a new database opens");
        let mut shop = Shop::new(1, Arc::new(Ids::load(&conn).expect("ids")));
        let (mut doomed, mut rows, mut poisoned) = (0, 0, [0_u32; Poison::ALL.len()]);
        for number in 0..20_000_u64 {
            let plan = shop.plan().expect("there is always something to do");
            rows += plan.ops.len();
            if number % POISON_EVERY == 2 && !plan.doomed {
                poisoned[(number / POISON_EVERY) as usize % Poison::ALL.len()] += 1;
            }
            // The second kind is rolled back in the first cycle, and comes again in the next.
            if number == 6 * POISON_EVERY + 2 {
                assert!(poisoned.iter().all(|rows| *rows > 0), "{poisoned:?}");
            }
            if plan.doomed {
                doomed += 1;
            } else {
                shop.settle(plan.effect);
            }
            assert!(shop.placed.len() <= CROWD && shop.shipped.len() <= CROWD && shop.delivered.len() <= CROWD);
            assert!(shop.customers.len() <= CROWD);
        }
        assert_eq!(doomed, 1000);
        assert_eq!(poisoned.iter().sum::<u32>(), 800 - 200, "a quarter of the poison is rolled back");
        assert!(rows > 80_000, "a transaction has {} rows on average", rows as f64 / 20_000.0);
    }
}
