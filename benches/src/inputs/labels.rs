//! Label sets of a change-data-capture pipeline, and an order to look them up in that cannot be foreseen.

use std::sync::OnceLock;

use super::numbers::{INPUTS, Rng};

/// Label sets a lookup chooses from.
pub const SETS: usize = 64;

const PIPELINES: [&str; 2] = ["orders", "inventory"];
const SOURCES: [&str; 2] = ["mysql-primary", "postgres-replica-2"];
const TABLES: [&str; 8] =
    ["orders", "order_items", "customers", "customer_addresses", "payments", "stock_levels", "shipments", "audit_log"];

/// The three label values of one set, owned; every side sees them only as borrowed strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The pipeline an event runs through.
    pub pipeline: String,
    /// Where it was captured.
    pub source: String,
    /// The table it changes.
    pub table: String,
}

impl Names {
    /// The values in label order.
    pub fn values(&self) -> [&str; 3] {
        [&self.pipeline, &self.source, &self.table]
    }
}

/// The 64 sets: 2 pipelines, 2 sources, 16 tables.
pub fn label_sets() -> &'static [Names; SETS] {
    static NAMES: OnceLock<Box<[Names; SETS]>> = OnceLock::new();
    NAMES.get_or_init(|| {
        Box::new(std::array::from_fn(|i| {
            let table = i % 16;
            Names {
                pipeline: PIPELINES[i / 32].into(),
                source: SOURCES[i / 16 % 2].into(),
                table: format!("public.{}_{}", TABLES[table % TABLES.len()], 10 + table),
            }
        }))
    })
}

/// Indices into [`label_sets`], drawn at random.
pub fn order() -> &'static [u8; INPUTS] {
    static ORDER: OnceLock<Box<[u8; INPUTS]>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut rng = Rng::new(64);
        Box::new(std::array::from_fn(|_| rng.below(SETS as u64) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_distinct_and_all_are_drawn() {
        let mut values: Vec<_> = label_sets().iter().map(Names::values).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), SETS);
        assert!((0..SETS as u8).all(|set| order().contains(&set)));
    }
}
