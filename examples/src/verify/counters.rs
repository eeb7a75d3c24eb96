//! What the metrics say, against what the databases hold.

use std::collections::BTreeSet;

use crate::feed::Op;
use crate::pipeline::{Checkpoint, RowTallies};

/// The samples of a scrape in the text format.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Name, labels as they stand between the braces, value.
    lines: Vec<(String, String, f64)>,
}

impl Samples {
    /// Parses a scrape. Lines that are no samples are left out: a missing one shows in the comparison.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}')?),
                None => (series, ""),
            };
            Some((name.to_owned(), labels.to_owned(), value.parse().ok()?))
        };
        Self { lines: text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect() }
    }

    /// The values of a label on the series of a family.
    pub fn values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let value = |labels: &str| {
            let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == label).map(|(_, value)| value.trim_matches('"').to_owned()).next()
        };
        self.lines.iter().filter(|(family, ..)| family == name).filter_map(|(_, labels, _)| value(labels)).collect()
    }

    /// The sum of all series of a family that have all these labels; none if there is no such series.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let wanted: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        // Label values of this pipeline hold neither commas nor quotes.
        let has_all = |labels: &str| wanted.iter().all(|pair| labels.split(',').any(|label| label == pair));
        self.lines
            .iter()
            .filter(|(family, labels, _)| family == name && has_all(labels))
            .map(|(_, _, value)| *value as u64)
            .reduce(|sum, value| sum + value)
    }
}

/// What [`compare_counters`] found.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Events the metrics know of: those behind the checkpoint the process started from, and those it counted itself.
    pub events: u64,
    /// Series that do not agree with the databases.
    pub differences: Vec<String>,
}

/// Compares every table's and operation's counters with the counts in the replica's checkpoint. Tables that were dropped
/// have none any more, but for what went into the counters of all dropped tables.
///
/// Counters begin at 0 with the process. What earlier processes did is in `cdc_restored_events`, so that the sum is
/// the total over the life of the state directory.
pub fn compare_counters(samples: &Samples, checkpoint: &Checkpoint) -> Counted {
    let mut events = 0;
    let mut differences = Vec::new();
    let mut expect = |what: &dyn Fn() -> String, counted: Option<u64>, done: u64| match counted {
        Some(counted) if counted == done => {}
        Some(counted) => differences.push(format!("{}: counted {counted}, done {done}", what())),
        None => differences.push(format!("{}: no such series, done {done}", what())),
    };
    // A table's series, or those of all dropped tables; what the source read and the sink wrote, beside what was restored.
    let mut balance = |tallies: &RowTallies, families: [&str; 3], table: Option<&str>| {
        for op in Op::ROWS {
            let tally = tallies[op.index()];
            let labels: Vec<_> = table.map(|table| ("table", table)).into_iter().chain([("op", op.name())]).collect();
            let [read, written, restored] = families;
            let restored = |outcome| {
                let labels = [&labels[..], &[("outcome", outcome)]].concat();
                samples.sum(restored, &labels).unwrap_or(0)
            };
            let (applied, dead_lettered) = (restored("applied"), restored("dead_lettered"));
            let name = |family: &str| match table {
                Some(table) => format!("{family}{{table={table},op={}}}", op.name()),
                None => format!("{family}{{op={}}}", op.name()),
            };
            let counted = samples.sum(read, &labels).map(|live| live + applied + dead_lettered);
            expect(&|| name(read), counted, tally.events());
            expect(&|| name(written), samples.sum(written, &labels).map(|live| live + applied), tally.applied);
            events += counted.unwrap_or(0);
        }
    };
    let live = ["cdc_source_events_total", "cdc_sink_events_total", "cdc_restored_events"];
    for (relation, tallies) in checkpoint.tables() {
        balance(&tallies, live, Some(&relation.name));
    }
    let retired = ["cdc_source_retired_events_total", "cdc_sink_retired_events_total", "cdc_restored_retired_events"];
    balance(&checkpoint.counts.dropped, retired, None);
    let schema_changes = [(Op::Create, checkpoint.counts.creates), (Op::Drop, checkpoint.counts.drops)];
    for (op, done) in schema_changes {
        let labels = [("change", op.name())];
        let restored = samples.sum("cdc_restored_schema_changes", &labels).unwrap_or(0);
        for family in ["cdc_source_schema_changes_total", "cdc_sink_schema_changes_total"] {
            let counted = samples.sum(family, &labels).map(|live| live + restored);
            expect(&|| format!("{family}{{change={}}}", op.name()), counted, done);
        }
        events += samples.sum("cdc_source_schema_changes_total", &labels).unwrap_or(0) + restored;
    }
    let short_lived = checkpoint.relations.short_lived().count() as u64;
    let counted = samples.sum("cdc_short_lived_tables", &[]);
    expect(&|| String::from("cdc_short_lived_tables"), counted, short_lived);
    let total = checkpoint.total().dead_lettered;
    let restored: u64 = ["cdc_restored_events", "cdc_restored_retired_events"]
        .iter()
        .filter_map(|family| samples.sum(family, &[("outcome", "dead_lettered")]))
        .sum();
    let dead_lettered = samples.sum("cdc_dlq_events_total", &[]).map(|live| live + restored);
    expect(&|| String::from("cdc_dlq_events_total"), dead_lettered, total);
    expect(&|| String::from("cdc_dlq_entries"), samples.sum("cdc_dlq_entries", &[]), total);
    expect(&|| String::from("cdc_in_flight_events"), samples.sum("cdc_in_flight_events", &[]), 0);
    Counted { events, differences }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::feed::{Relation, Relations, Table};
    use crate::pipeline::{Counts, Tally};

    /// A scrape in which only the inserted orders, those of dropped tables and one short-lived table have counts.
    fn scrape(read: u64, written: u64, dead: u64) -> String {
        let mut text = String::from("# TYPE cdc_source_events_total counter\n");
        for relation in done().relations.iter() {
            for op in Op::ROWS.map(Op::name) {
                let is_counted = (&*relation.name, op) == ("orders", "insert");
                let (read, written) = if is_counted { (read, written) } else { (0, 0) };
                let labels = format!("pipeline=\"orders\",table=\"{}\",op=\"{op}\"", relation.name);
                text += &format!("cdc_source_events_total{{{labels}}} {read}\n");
                text += &format!("cdc_sink_events_total{{{labels}}} {written}\n");
            }
        }
        for op in Op::ROWS.map(Op::name) {
            let retired = if op == "delete" { 4 } else { 0 };
            text += &format!("cdc_source_retired_events_total{{op=\"{op}\"}} {retired}\n");
            text += &format!("cdc_sink_retired_events_total{{op=\"{op}\"}} {retired}\n");
        }
        for (change, count) in [("create", 2), ("drop", 0)] {
            text += &format!("cdc_source_schema_changes_total{{change=\"{change}\"}} {count}\n");
            text += &format!("cdc_sink_schema_changes_total{{change=\"{change}\"}} {count}\n");
        }
        text += "cdc_restored_schema_changes{change=\"drop\"} 1\n";
        text += "cdc_restored_retired_events{op=\"delete\",outcome=\"applied\"} 3\n";
        text += "cdc_restored_retired_events{op=\"delete\",outcome=\"dead_lettered\"} 1\n";
        text += "cdc_restored_events{table=\"orders\",op=\"insert\",outcome=\"applied\"} 10\n";
        text += "cdc_restored_events{table=\"orders\",op=\"insert\",outcome=\"dead_lettered\"} 2\n";
        text += &format!("cdc_dlq_events_total{{error_kind=\"no_route\"}} {dead}\n");
        text + "cdc_dlq_entries 6\ncdc_in_flight_events 0\ncdc_short_lived_tables 1\n"
    }

    fn done() -> Checkpoint {
        let mut counts = Counts { creates: 2, drops: 1, ..Counts::default() };
        let orders = counts.tables.entry(Table::Orders.index() as u32).or_default();
        orders[Op::Insert.index()] = Tally { applied: 100, dead_lettered: 5 };
        counts.dropped[Op::Delete.index()] = Tally { applied: 7, dead_lettered: 1 };
        let mut relations = Relations::shop();
        relations.insert(Arc::new(Relation { id: 9, name: "staging_payments_0".into(), shape: Table::Payments }));
        Checkpoint { counts, relations, ..Checkpoint::default() }
    }

    #[test]
    fn restored_retired_and_live_events_add_up() {
        let counted = compare_counters(&Samples::parse(&scrape(93, 90, 3)), &done());
        assert_eq!((counted.events, counted.differences), (116, vec![]));
    }

    #[test]
    fn one_increment_too_few_shows() {
        let counted = compare_counters(&Samples::parse(&scrape(92, 90, 3)), &done());
        let expected = "cdc_source_events_total{table=orders,op=insert}: counted 104, done 105";
        assert_eq!((counted.events, counted.differences), (115, vec![expected.to_owned()]));
        assert_eq!(compare_counters(&Samples::parse(&scrape(93, 89, 3)), &done()).differences.len(), 1);
        assert_eq!(compare_counters(&Samples::parse(&scrape(93, 90, 2)), &done()).differences.len(), 1);
    }

    #[test]
    fn one_event_of_a_dropped_table_too_few_shows() {
        let spoilt = scrape(93, 90, 3)
            .replace("source_retired_events_total{op=\"delete\"} 4", "source_retired_events_total{op=\"delete\"} 3");
        let counted = compare_counters(&Samples::parse(&spoilt), &done());
        let expected = "cdc_source_retired_events_total{op=delete}: counted 7, done 8";
        assert_eq!((counted.events, counted.differences), (115, vec![expected.to_owned()]));
    }

    #[test]
    fn a_missing_series_shows() {
        let counted = compare_counters(&Samples::parse(""), &Checkpoint::default());
        // Each table's, and those of dropped tables; creates and drops; four without labels.
        assert_eq!(counted.differences.len(), 2 * (Table::ALL.len() + 1) * Op::ROWS.len() + 2 * 2 + 4);
    }
}
