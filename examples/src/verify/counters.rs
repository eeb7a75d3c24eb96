//! What the metrics say, against what the databases hold.

use crate::feed::{Op, Table};
use crate::pipeline::Checkpoint;

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

/// Compares every table's and operation's counters with the counts in the replica's checkpoint.
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
    for table in Table::ALL {
        for op in Op::ALL {
            let tally = checkpoint.counts[table.index()][op.index()];
            let labels = [("table", table.name()), ("op", op.name())];
            let restored = |outcome| {
                samples.sum("cdc_restored_events", &[labels[0], labels[1], ("outcome", outcome)]).unwrap_or(0)
            };
            let (applied, dead_lettered) = (restored("applied"), restored("dead_lettered"));
            let name = |family: &str| format!("{family}{{table={},op={}}}", table.name(), op.name());
            let read = samples.sum("cdc_source_events_total", &labels).map(|live| live + applied + dead_lettered);
            expect(&|| name("cdc_source_events_total"), read, tally.applied + tally.dead_lettered);
            let written = samples.sum("cdc_sink_events_total", &labels).map(|live| live + applied);
            expect(&|| name("cdc_sink_events_total"), written, tally.applied);
            events += read.unwrap_or(0);
        }
    }
    let total = checkpoint.total().dead_lettered;
    let restored = samples.sum("cdc_restored_events", &[("outcome", "dead_lettered")]).unwrap_or(0);
    let dead_lettered = samples.sum("cdc_dlq_events_total", &[]).map(|live| live + restored);
    expect(&|| String::from("cdc_dlq_events_total"), dead_lettered, total);
    expect(&|| String::from("cdc_dlq_entries"), samples.sum("cdc_dlq_entries", &[]), total);
    expect(&|| String::from("cdc_in_flight_events"), samples.sum("cdc_in_flight_events", &[]), 0);
    Counted { events, differences }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Tally;

    fn scrape(read: u64, written: u64, dead: u64) -> String {
        let mut text = String::from("# TYPE cdc_source_events_total counter\n");
        for table in Table::ALL.map(Table::name) {
            for op in Op::ALL.map(Op::name) {
                let (read, written) = if (table, op) == ("orders", "insert") { (read, written) } else { (0, 0) };
                text +=
                    &format!("cdc_source_events_total{{pipeline=\"orders\",table=\"{table}\",op=\"{op}\"}} {read}\n");
                text +=
                    &format!("cdc_sink_events_total{{pipeline=\"orders\",table=\"{table}\",op=\"{op}\"}} {written}\n");
            }
        }
        text += "cdc_restored_events{table=\"orders\",op=\"insert\",outcome=\"applied\"} 10\n";
        text += "cdc_restored_events{table=\"orders\",op=\"insert\",outcome=\"dead_lettered\"} 2\n";
        text += &format!("cdc_dlq_events_total{{error_kind=\"no_route\"}} {dead}\n");
        text + "cdc_dlq_entries 5\ncdc_in_flight_events 0\n"
    }

    fn done() -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        checkpoint.counts[Table::Orders.index()][Op::Insert.index()] = Tally { applied: 100, dead_lettered: 5 };
        checkpoint
    }

    #[test]
    fn restored_and_live_events_add_up() {
        let counted = compare_counters(&Samples::parse(&scrape(93, 90, 3)), &done());
        assert_eq!((counted.events, counted.differences), (105, vec![]));
    }

    #[test]
    fn one_increment_too_few_shows() {
        let counted = compare_counters(&Samples::parse(&scrape(92, 90, 3)), &done());
        let expected = "cdc_source_events_total{table=orders,op=insert}: counted 104, done 105";
        assert_eq!((counted.events, counted.differences), (104, vec![expected.to_owned()]));
        assert_eq!(compare_counters(&Samples::parse(&scrape(93, 89, 3)), &done()).differences.len(), 1);
        assert_eq!(compare_counters(&Samples::parse(&scrape(93, 90, 2)), &done()).differences.len(), 1);
    }

    #[test]
    fn a_missing_series_shows() {
        let counted = compare_counters(&Samples::parse(""), &Checkpoint::default());
        assert_eq!(counted.differences.len(), 2 * Table::ALL.len() * Op::ALL.len() + 3);
    }
}
