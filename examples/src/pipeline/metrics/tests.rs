//! All metrics together, while tables come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use streamgauge::{Registry, Scraper, Tick};

use crate::feed::{Change, Op, Relation, Table};
use crate::pipeline::{Checkpoint, Envelope, Metrics, Progress};

/// The tables that a scrape shows.
fn shown(scraper: &mut Scraper) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    scraper.visit(|sample| tables.extend(sample.labels().get("table").map(String::from)));
    tables
}

#[test]
fn the_series_of_hundreds_of_tables_stay_bounded_and_their_events_are_kept() {
    const LIVE: u32 = 8;
    const TABLES: u32 = 300;
    let registry = Registry::new();
    let progress = Arc::new(Progress::new(0, 0));
    let metrics = Metrics::register(&registry, &Checkpoint::default(), &progress, LIVE as usize).expect("legal");
    let (mut source, mut sink) = (metrics.source.recorder(), metrics.sink.recorder());
    let mut scraper = Scraper::new(&registry);
    let permanent = shown(&mut scraper).len();
    let relation = |number: u32| {
        let id = Table::ALL.len() as u32 + number % LIVE;
        Arc::new(Relation { id, name: format!("t{number}").into(), shape: Table::Orders })
    };
    let mut event = |op, relation: &Arc<Relation>| {
        let (relation, now) = (Arc::clone(relation), Tick::now());
        let new = Some("{}".into());
        let change = Change { lsn: 1, relation, op, key: 1, captured_at_ms: 0, old: None, new };
        source.count(&change);
        sink.done(&Envelope { change, started: now, tick: now, body: Ok(()) });
    };
    for number in 0..TABLES {
        if number >= LIVE {
            let oldest = relation(number - LIVE);
            event(Op::Drop, &oldest);
            assert!(shown(&mut scraper).contains(&*oldest.name), "its final value is exposed once more");
            assert!(!shown(&mut scraper).contains(&*oldest.name), "and then no more");
        }
        let newest = relation(number);
        event(Op::Create, &newest);
        (0..=number).for_each(|_| event(Op::Insert, &newest));
        // Two changes of other kinds, so that a mix-up would show.
        event(Op::Update, &newest);
        event(Op::Delete, &newest);
        let live = (number + 1).min(LIVE) as usize;
        assert_eq!(shown(&mut scraper).len(), permanent + live);
    }
    let dropped = u64::from(TABLES - LIVE);
    let inserts = dropped * (dropped + 1) / 2;
    for (op, events) in [("insert", inserts), ("update", dropped), ("delete", dropped)] {
        for family in ["cdc_source_retired_events_total", "cdc_sink_retired_events_total"] {
            assert_eq!(registry.sample_value(family, &labels_of(op, family)), Some(events as f64), "{family} {op}");
        }
    }
    assert_eq!(metrics.source.retired_bytes(), 2 * (inserts + 2 * dropped));
    let last = relation(TABLES - 1);
    assert_eq!(metrics.source.bytes_of(&last), 2 * (u64::from(TABLES) + 2));
    assert_eq!(metrics.sink.tables(), (permanent as u64 + 8, u64::from(TABLES), dropped));
}

fn labels_of<'a>(op: &'a str, family: &str) -> Vec<(&'a str, &'a str)> {
    let source = family.contains("source").then_some(("source", "sqlite"));
    [("pipeline", "orders"), ("op", op)].into_iter().chain(source).collect()
}
