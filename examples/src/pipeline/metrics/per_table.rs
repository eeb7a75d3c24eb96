//! Metrics of tables that come and go: a set for each, found on the stream by the table's id.

use streamgauge::{Counter, Family, HandleCache, LabelSet, MetricSet};

use crate::feed::{Op, Relation};

/// The label that tells the sets of a family apart; each set adds the `op` itself.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(super) struct TableLabels<'a> {
    /// The source table.
    pub(super) table: &'a str,
}

/// A family of sets, with a cache for the one thread that records into it.
#[derive(Debug)]
pub(super) struct PerTable<S: MetricSet> {
    family: Family<TableLabels<'static>, S>,
    cache: HandleCache<u32, TableLabels<'static>, S>,
}

impl<S: MetricSet> PerTable<S> {
    pub(super) fn new(family: &Family<TableLabels<'static>, S>) -> Self {
        Self { family: family.clone(), cache: family.handle_cache() }
    }

    /// The set of a table. Its name is only looked at where the id is not in the cache.
    #[inline]
    pub(super) fn of(&mut self, relation: &Relation) -> &S {
        self.cache.get_or_insert_with(relation.id, |family| family.get_or_create(&labels(relation)))
    }

    /// Begins with a table that was created: its series exist from the next scrape on, and its id means no other
    /// table any more, also where the end of that one was missed.
    pub(super) fn created(&mut self, relation: &Relation) {
        self.cache.remove(relation.id);
        self.of(relation);
    }

    /// Ends with a table that was dropped. `keep` sees its values, which are exposed once more and then gone.
    pub(super) fn dropped(&mut self, relation: &Relation, keep: impl FnOnce(&S)) {
        keep(self.of(relation));
        self.family.remove(&labels(relation));
        self.cache.remove(relation.id);
    }
}

pub(super) fn labels(relation: &Relation) -> TableLabels<'_> {
    TableLabels { table: &relation.name }
}

/// What the source counts of one table and operation.
#[derive(MetricSet)]
pub(super) struct SourceOp {
    /// Events read from the change log.
    pub(super) source_events_total: Counter,
    /// Bytes of the row images read from the change log.
    #[metric(unit = "bytes")]
    pub(super) source_bytes_total: Counter,
}

/// What the source counts of one table.
#[derive(MetricSet)]
pub(super) struct SourceTable {
    #[metric(label(op = "insert"))]
    insert: SourceOp,
    #[metric(label(op = "update"))]
    update: SourceOp,
    #[metric(label(op = "delete"))]
    delete: SourceOp,
}

impl SourceTable {
    /// By [`Op::index`].
    #[inline]
    pub(super) fn ops(&self) -> [&SourceOp; Op::ROWS.len()] {
        [&self.insert, &self.update, &self.delete]
    }
}

/// What the source counted of one operation on tables that were dropped since: without it, the sum over all tables
/// would fall with each drop.
#[derive(MetricSet)]
pub(super) struct SourceRetired {
    /// Events read from the change log, of tables that were dropped since.
    pub(super) source_retired_events_total: Counter,
    /// Bytes of the row images read from the change log, of tables that were dropped since.
    #[metric(unit = "bytes")]
    pub(super) source_retired_bytes_total: Counter,
}

/// What the sink counts of one table.
#[derive(MetricSet)]
pub(super) struct SinkTable {
    /// Events applied to the replica.
    #[metric(name = "sink_events_total", label(op = "insert"))]
    insert: Counter,
    /// Events applied to the replica.
    #[metric(name = "sink_events_total", label(op = "update"))]
    update: Counter,
    /// Events applied to the replica.
    #[metric(name = "sink_events_total", label(op = "delete"))]
    delete: Counter,
}

impl SinkTable {
    /// By [`Op::index`].
    #[inline]
    pub(super) fn ops(&self) -> [&Counter; Op::ROWS.len()] {
        [&self.insert, &self.update, &self.delete]
    }
}

#[cfg(test)]
mod tests {
    use streamgauge::{MetricValue, Registry, Scraper};

    use super::*;
    use crate::feed::Table;

    fn relation(name: &str) -> Relation {
        Relation { id: 9, name: name.into(), shape: Table::Orders }
    }

    fn made(registry: &Registry) -> PerTable<SinkTable> {
        PerTable::new(&Family::register(registry).expect("the names are legal"))
    }

    fn inserts(registry: &Registry, table: &str) -> Option<f64> {
        registry.sample_value("sink_events_total", &[("table", table), ("op", "insert")])
    }

    #[test]
    fn an_id_that_means_another_table_now_counts_for_that_one() {
        let registry = Registry::new();
        let mut tables = made(&registry);
        tables.created(&relation("a"));
        tables.of(&relation("a")).insert.inc();
        // Nobody has said that "a" was dropped.
        tables.created(&relation("b"));
        tables.of(&relation("b")).insert.add(2);
        assert_eq!((inserts(&registry, "a"), inserts(&registry, "b")), (Some(1.0), Some(2.0)));
    }

    #[test]
    fn a_dropped_table_is_exposed_once_more_and_can_come_again() {
        let registry = Registry::new();
        let mut tables = made(&registry);
        let mut scraper = Scraper::new(&registry);
        let mut shown = || {
            let mut shown = Vec::new();
            scraper.visit(|sample| {
                if let MetricValue::Counter(value) = sample.value() {
                    shown.push(value);
                }
            });
            shown
        };
        tables.created(&relation("a"));
        tables.of(&relation("a")).update.add(7);
        let mut kept = 0;
        tables.dropped(&relation("a"), |set| kept = set.ops()[Op::Update.index()].get());
        assert_eq!(kept, 7);
        assert_eq!((shown(), shown()), (vec![0, 7, 0], vec![]));
        tables.created(&relation("a"));
        assert_eq!(shown(), [0; 3], "it begins anew");
    }
}
