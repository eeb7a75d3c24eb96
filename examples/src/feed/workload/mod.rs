//! The order-processing workload: several writers that place, ship, deliver and archive orders.
//!
//! Each writer is a thread with its own connection, its own seed and its own orders, so that a run is as reproducible
//! as the interleaving of its transactions allows. Traffic is skewed: order lines and stock take most of it, customers
//! and products next to none. Some transactions are rolled back after all their rows were written, and a few write a
//! row that the pipeline cannot process. One more writer creates, fills and drops short-lived tables.

mod churn;
mod gate;
mod ids;
mod plan;
mod poison;
mod shop;
mod stock;
mod writer;

pub use churn::{Churn, Churned};
pub use gate::{Entry, WriteGate};
pub use ids::Ids;
pub use plan::{Ddl, Effect, Plan, Planner, RowOp};
pub use poison::{DOOMED_NOTE, Poison};
pub use shop::Shop;
pub use stock::stock;
pub use writer::{Writer, WriterReport};
