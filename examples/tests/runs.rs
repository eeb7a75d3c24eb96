//! Whole runs of the demo, in this process.

use std::io::{Write, sink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use streamgauge_examples::feed::workload::DOOMED_NOTE;
use streamgauge_examples::feed::{head, schema};
use streamgauge_examples::pipeline::{ErrorKind, Replica, Stage};
use streamgauge_examples::{Config, Error, Fault, Outcome, run};

fn events(count: u64) -> Config {
    Config { events: Some(count), ..Config::default() }
}

/// The workload of one writer of orders and nobody else: what it writes does not depend on who has how many turns.
fn one_writer_of_orders(config: Config) -> Config {
    Config { writers: 1, tables: 0, ..config }
}

/// The same of the writer of short-lived tables.
fn only_short_lived_tables(config: Config) -> Config {
    Config { writers: 0, ..config }
}

fn outcome(config: &Config) -> Outcome {
    run(config, &mut sink(), &mut sink(), &AtomicBool::new(false)).expect("the run reaches its end")
}

fn count(db: &Path, sql: &str) -> i64 {
    let conn = Connection::open(db).expect("the database opens");
    conn.query_row(sql, [], |row| row.get(0)).expect("the query counts")
}

#[test]
fn a_run_captures_exactly_what_was_asked_for_and_verifies() {
    let verification = outcome(&events(5_001)).verification;
    assert_eq!(verification.differences, Vec::<String>::new());
    assert_eq!((verification.captured, verification.counted), (5_001, Some(5_001)));
    assert_eq!(verification.applied + verification.dead_lettered, 5_001);
    assert!(verification.dead_lettered > 0 && verification.rows > 200, "{verification:?}");
}

#[test]
fn a_disabled_registry_runs_the_same_code() {
    let verification = outcome(&Config { metrics: false, ..events(3_000) }).verification;
    assert!(verification.holds());
    assert_eq!((verification.captured, verification.counted), (3_000, None));
    assert!(verification.to_string().ends_with("counted=off"), "{verification}");
}

#[test]
fn a_lost_increment_is_noticed() {
    let verification = outcome(&Config { fault: Some(Fault::DropOneIncrement), ..events(3_000) }).verification;
    assert_eq!(verification.counted, Some(2_999));
    assert_eq!(verification.differences.len(), 2, "{:?}", verification.differences);
    assert_eq!(verification.applied + verification.dead_lettered, 3_000);
}

#[test]
fn what_is_rolled_back_never_appears_and_the_log_does_not_grow() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = outcome(&one_writer_of_orders(Config { dir: Some(dir.path().to_owned()), ..events(20_000) }));
    assert!(run.verification.holds() && run.writers.rolled_back > 50, "{run:?}");
    let (source, replica) = (dir.path().join("source.db"), dir.path().join("replica.db"));
    for (db, table) in
        [(&source, "orders"), (&replica, "orders_eu"), (&replica, "orders_us"), (&replica, "orders_apac")]
    {
        assert_eq!(count(db, &format!("SELECT COUNT(*) FROM {table} WHERE note = '{DOOMED_NOTE}'")), 0);
        assert!(count(db, &format!("SELECT COUNT(*) FROM {table}")) > 0);
    }
    let letters = format!("SELECT COUNT(*) FROM dead_letters WHERE new_row LIKE '%{DOOMED_NOTE}%'");
    assert_eq!(count(&replica, &letters), 0);
    assert_eq!(count(&source, "SELECT COUNT(*) FROM change_log"), 0);
}

#[test]
fn every_kind_of_poison_reaches_the_dead_letter_table() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = one_writer_of_orders(Config { dir: Some(dir.path().to_owned()), ..events(10_000) });
    assert!(outcome(&config).verification.holds());
    let replica = dir.path().join("replica.db");
    // The triggers write well-formed images; only the other kinds come from the workload.
    for kind in ErrorKind::ALL.into_iter().filter(|kind| *kind != ErrorKind::MalformedImage) {
        let (name, stage) = (kind.name(), kind.stage().name());
        let sql = format!(
            "SELECT COUNT(*) FROM dead_letters WHERE error_kind = '{name}' AND stage = '{stage}' AND message <> ''"
        );
        assert!(count(&replica, &sql) > 0, "{name}");
    }
}

/// What the catalogues of source and replica say, oldest table first.
fn short_lived(db: &Path) -> Vec<(i64, String)> {
    let conn = Connection::open(db).expect("the database opens");
    let mut statement = conn.prepare("SELECT id, name FROM relations ORDER BY id").expect("there is a catalogue");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("it is readable");
    rows.collect::<Result<_, _>>().expect("every row is readable")
}

#[test]
fn hundreds_of_tables_come_and_go_and_all_accounts_balance() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let churning = |count| {
        only_short_lived_tables(Config { dir: Some(dir.path().to_owned()), tables: 8, table_rows: 5, ..events(count) })
    };
    let mut captured = 0;
    let mut drops = 0;
    // Each run but the first meets tables of the one before, and drops them.
    while drops < 300 {
        captured += 4_000;
        let verification = outcome(&churning(captured)).verification;
        assert!(verification.holds(), "{verification:?}");
        assert_eq!((verification.captured, verification.counted), (captured, Some(captured)));
        let checkpoint = Replica::open(&dir.path().join("replica.db")).and_then(|replica| replica.checkpoint());
        let counts = checkpoint.expect("the replica is readable").counts;
        assert!(counts.drops > drops && counts.creates - counts.drops <= 8, "{counts:?}");
        // What is kept of dropped tables does not grow with them.
        assert!(counts.tables.len() <= 9 + 8, "{counts:?}");
        drops = counts.drops;
    }
    let (source, replica) = (dir.path().join("source.db"), dir.path().join("replica.db"));
    assert_eq!(short_lived(&source), short_lived(&replica));
    let ids: Vec<_> = short_lived(&source).into_iter().map(|(id, _)| id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| (9..17).contains(id)), "ids are used again: {ids:?}");
    for name in short_lived(&source).into_iter().map(|(_, name)| name) {
        assert_eq!(count(&source, &format!("SELECT COUNT(*) FROM {name} WHERE id < 0")), 0, "{name} is there");
    }
    assert!(count(&replica, "SELECT COUNT(*) FROM event_counts") <= (9 + 8 + 1) * 3 + 2);
    let letters = "SELECT COUNT(*) FROM dead_letters WHERE table_name LIKE '%_2026w%'";
    assert!(count(&replica, letters) > 0, "the letters of dropped tables stay");

    // With none allowed, the last ones go too.
    let last = outcome(&Config { tables: 0, ..churning(captured + 500) });
    assert!(last.verification.holds(), "{last:?}");
    assert_eq!((short_lived(&source), short_lived(&replica)), (vec![], vec![]));
}

#[test]
fn the_summary_accounts_for_every_event_also_of_many_tables() {
    let config = only_short_lived_tables(Config { tables: 60, table_rows: 1, ..events(6_000) });
    let mut out = Vec::new();
    let outcome = run(&config, &mut out, &mut sink(), &AtomicBool::new(false)).expect("the run reaches its end");
    assert!(outcome.verification.holds(), "{outcome:?}");
    let out = String::from_utf8(out).expect("the output is text");
    let rows = out.lines().skip_while(|line| !line.starts_with("table ")).skip(1);
    let rows: Vec<_> = rows.take_while(|line| !line.contains(" tables live, ")).collect();
    let more = rows.iter().find(|row| row.starts_with('(') && row.contains(" more)"));
    assert!(more.is_some() && rows.len() <= 34, "{out}");
    // From the right: bytes, dead letters, applied.
    let applied = rows.iter().filter_map(|row| row.split_whitespace().rev().nth(2)?.parse::<u64>().ok()).sum::<u64>();
    let counts = out.lines().find(|line| line.contains(" tables live, ")).expect("a line on tables");
    let counts: Vec<u64> = counts.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(applied + counts[1] + counts[2], outcome.verification.applied, "{out}");
}

/// N stages read the clock N + 1 times an event. What they read on top of that is once to begin, and once for each
/// time they had to wait.
#[test]
fn five_stages_read_the_clock_six_times_an_event() {
    let stages = outcome(&events(5_000)).pipeline.stages;
    assert_eq!(stages.iter().map(|report| report.stage).collect::<Vec<_>>(), Stage::ALL);
    let mut per_event = 0;
    for report in &stages {
        assert_eq!(report.events, 5_000, "{report:?}");
        // Only debug builds count.
        let Some(reads) = report.clock_reads else { return };
        let reads = reads - report.waits - 1;
        assert_eq!(reads % report.events, 0, "{report:?}");
        per_event += reads / report.events;
    }
    assert_eq!(per_event, Stage::ALL.len() as u64 + 1);
}

#[test]
fn a_stopped_run_drains_and_verifies_and_is_resumed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = Config { dir: Some(dir.path().to_owned()), ..Config::default() };
    let source = schema::open(&dir.path().join("source.db")).expect("a new database opens");
    let stop = AtomicBool::new(false);
    let first = std::thread::scope(|scope| {
        scope.spawn({
            let stop = &stop;
            move || {
                // In the middle of its work, which the products of the shop are not.
                while head(&source).expect("the log is readable") < 1_000 {
                    std::thread::yield_now();
                }
                stop.store(true, Ordering::Relaxed);
            }
        });
        run(&config, &mut sink(), &mut sink(), &stop).expect("the run reaches its end").verification
    });
    assert!(first.holds() && first.captured >= 1_000, "{first:?}");

    let more = first.captured + 1_000;
    let second = outcome(&Config { dir: config.dir.clone(), ..events(more) }).verification;
    assert!(second.holds(), "{second:?}");
    assert_eq!((second.captured, second.counted), (more, Some(more)));

    let third = outcome(&Config { dir: config.dir, ..events(1) }).verification;
    assert!(third.holds(), "nothing to do is fine: {third:?}");
    assert_eq!(third.counted, Some(more));
}

/// Sets the flag, as a signal does, when the verdict is written: at the earliest moment at which somebody may mean
/// the lingering with it.
struct StopsAtTheVerdict<'s>(&'s AtomicBool);

impl Write for StopsAtTheVerdict<'_> {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        if text.starts_with(b"verified: ") {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_signal_as_early_as_the_verdict_ends_the_lingering() {
    let stop = AtomicBool::new(false);
    let config = Config { linger: Duration::from_secs(3600), ..events(1_000) };
    let outcome = run(&config, &mut StopsAtTheVerdict(&stop), &mut sink(), &stop).expect("the run reaches its end");
    assert!(outcome.verification.holds());
}

/// The error of a run over a state directory that `spoil` prepared.
fn failure(spoil: impl FnOnce(&Path)) -> Error {
    let dir = tempfile::tempdir().expect("a temporary directory");
    spoil(dir.path());
    let config = Config { dir: Some(dir.path().to_owned()), ..events(100_000) };
    run(&config, &mut sink(), &mut sink(), &AtomicBool::new(false)).expect_err("the run cannot go well")
}

#[test]
fn an_event_that_does_not_fit_the_replica_ends_the_run() {
    let error = failure(|dir| {
        let replica = Replica::open(&dir.join("replica.db")).expect("a new database opens");
        replica.connection().execute("INSERT INTO products VALUES (7, '', '', 0)", []).expect("a row in the way");
    });
    assert!(matches!(error, Error::Conflict { key: 7, rows: 0, .. }), "{error}");
}

#[test]
fn databases_that_do_not_belong_together_are_refused() {
    let error = failure(|dir| {
        assert!(outcome(&Config { dir: Some(dir.to_owned()), ..events(1_000) }).verification.holds());
        std::fs::remove_file(dir.join("source.db")).expect("the source can be removed");
    });
    assert!(matches!(error, Error::CheckpointAhead { checkpoint: 1_000, head: 0 }), "{error}");
}

#[test]
fn a_log_with_a_hole_ends_the_run() {
    let error = failure(|dir| {
        let source = schema::open(&dir.join("source.db")).expect("a new database opens");
        for id in 0..3 {
            source.execute("INSERT INTO shipments VALUES (?1, 1, 'dhl', '', '')", [id]).expect("a row");
        }
        source.execute("DELETE FROM change_log WHERE lsn = 2", []).expect("a hole");
    });
    assert!(matches!(error, Error::LogGap { expected: 2, found: 3 }), "{error}");
}
