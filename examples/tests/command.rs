//! The `cdc` example as a process: exit codes, kills, the endpoint.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use streamgauge_examples::pipeline::Replica;
use streamgauge_examples::verify::{Samples, get};

/// The example beside this test: target/<profile>/deps/<test> and target/<profile>/examples/cdc.
fn cdc() -> Command {
    let test = std::env::current_exe().expect("a test knows its path");
    let profile: &Path = test.parent().and_then(Path::parent).expect("a test lies two directories deep");
    let example: PathBuf = profile.join("examples").join("cdc");
    assert!(
        example.exists(),
        "{} is missing; `cargo test -p streamgauge-examples` or `cargo build -p streamgauge-examples --examples` makes it",
        example.display()
    );
    Command::new(example)
}

fn finish(args: &[&str]) -> Output {
    cdc().args(args).output().expect("the example starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is text")
}

/// The one line on standard error of a run that fails at once.
fn complaint(args: &[&str], code: i32) -> String {
    let output = finish(args);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let stderr = String::from_utf8(output.stderr).expect("the output is text");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    stderr
}

/// A run in the background, once it listens.
struct Running {
    child: Child,
    /// What it says, errors included.
    output: BufReader<PipeReader>,
    address: SocketAddr,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let (output, ours) = std::io::pipe().expect("a pipe");
        let errors = ours.try_clone().expect("a pipe has two ends");
        let child = cdc().args(args).stdout(ours).stderr(errors).spawn().expect("the example starts");
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).expect("the first line comes");
        let url = line.trim().strip_prefix("listening on http://").and_then(|url| url.strip_suffix("/metrics"));
        let address = url.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("{line:?}"));
        Self { child, output, address }
    }

    fn scrape(&self) -> Samples {
        Samples::parse(&get(self.address, "/metrics").expect("the endpoint answers"))
    }

    /// Reads on until the run has been verified, and lingers.
    fn wait_for_the_verdict(&mut self) {
        let mut line = String::new();
        while !line.starts_with("verified: ") {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).expect("the output is text"), 0, "no verdict");
            assert!(!line.contains("differs: "), "{line}");
        }
    }

    /// Interrupts the run like Ctrl-C and gives the rest of its output.
    fn interrupt(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill starts").success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("the output is text");
        assert_eq!(self.child.wait().expect("the example ends").code(), Some(0), "{rest}");
        rest
    }
}

/// A test that fails leaves nothing running.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_run_is_resumed_behind_its_checkpoint() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a path in UTF-8");
    let all = ["--dir", path, "--events", "20000"];
    let mut done = 0;
    // Each kill happens inside a transaction of the sink, which then must not have happened.
    for kill_after in ["3000", "1", "517", "5000"] {
        let output = finish(&[&all[..], &["--kill-after", kill_after]].concat());
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        let checkpoint = Replica::open(&dir.path().join("replica.db")).and_then(|replica| replica.checkpoint());
        let checkpoint = checkpoint.expect("the replica is readable");
        let total = checkpoint.total();
        assert_eq!(total.applied + total.dead_lettered, checkpoint.lsn);
        let applied = total.applied - done;
        assert!(applied < kill_after.parse().expect("a number"), "applied {applied} before the kill");
        done = total.applied;
    }
    assert!(done > 1_000, "the kills left {done} events");

    let output = finish(&all);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text.contains("resumed behind event "), "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("verified: captured=20000 ")), "{text}");
    assert!(text.trim_end().ends_with(" counted=20000"), "{text}");
}

#[test]
fn a_run_that_is_killed_while_tables_come_and_go_is_resumed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a path in UTF-8");
    // No other writer: how many tables there are does not depend on who has how many turns.
    let all = ["--dir", path, "--events", "12000", "--writers", "0", "--table-rows", "2"];
    let checkpoint = || {
        let replica = Replica::open(&dir.path().join("replica.db"));
        replica.and_then(|replica| replica.checkpoint()).expect("the replica is readable")
    };
    let mut drops = 0;
    for kill_after in ["2500", "1200", "1", "2800"] {
        let output = finish(&[&all[..], &["--kill-after", kill_after]].concat());
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        // A create or a drop is durable with its count and its place in the catalogue, or not at all.
        let checkpoint = checkpoint();
        assert_eq!(checkpoint.total().events(), checkpoint.lsn);
        let live = checkpoint.relations.short_lived().count() as u64;
        assert_eq!(checkpoint.counts.creates - checkpoint.counts.drops, live);
        drops = checkpoint.counts.drops;
    }
    assert!(drops > 10, "the killed runs dropped {drops} tables");

    let output = finish(&all);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let counts = checkpoint().counts;
    assert!(counts.drops > drops, "the last run dropped no table");
    let tables = format!(
        "{} tables live, {} created, {} dropped",
        9 + counts.creates - counts.drops,
        counts.creates,
        counts.drops
    );
    assert!(text.lines().any(|line| line == tables), "{tables} is not in {text}");
    assert!(text.trim_end().ends_with(" counted=12000"), "{text}");
}

#[test]
fn after_many_tables_a_scrape_shows_those_that_are_left() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().to_str().expect("a path in UTF-8");
    let flags = ["--dir", path, "--events", "8000", "--writers", "0", "--tables", "4", "--table-rows", "2"];
    let mut running = Running::start(&[&flags[..], &["--linger", "3600"]].concat());
    running.wait_for_the_verdict();
    let samples = running.scrape();
    let created = samples.sum("cdc_sink_schema_changes_total", &[("change", "create")]);
    assert!(created.is_some_and(|created| created > 20), "{created:?} tables created");
    let replica = Replica::open(&dir.path().join("replica.db")).expect("the replica is readable");
    let relations = replica.checkpoint().expect("the replica is readable").relations;
    let left: BTreeSet<String> = relations.iter().map(|relation| relation.name.to_string()).collect();
    assert!((10..=13).contains(&left.len()), "{left:?}");
    for family in ["cdc_source_events_total", "cdc_source_bytes_total", "cdc_sink_events_total"] {
        assert_eq!(samples.values(family, "table"), left, "{family}");
    }
    assert_eq!(samples.sum("cdc_short_lived_tables", &[]), Some(left.len() as u64 - 9));
    running.interrupt();
}

#[test]
fn a_dropped_increment_is_exit_code_1() {
    let output = finish(&["--events", "2000", "--fault", "drop-one-increment"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8(output.stderr.clone()).expect("the output is text");
    assert!(stderr.contains("differs: counted and captured events: 1999 is not 2000"), "{stderr}");
    assert!(!stdout(&output).contains("verified:"), "{output:?}");
}

#[test]
fn without_metrics_nothing_is_counted() {
    let output = finish(&["--events", "2000", "--no-metrics"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).trim_end().ends_with(" counted=off"), "{output:?}");
}

#[test]
fn bad_input_is_one_line_and_a_code() {
    complaint(&["--evens", "7"], 2);
    complaint(&["--events", "0"], 2);
    complaint(&["--events", "lots"], 2);
    complaint(&["--listen", "nowhere"], 2);
    assert!(complaint(&["--tables", "1000"], 2).contains("--tables"));
    assert!(complaint(&["--table-rows", "0"], 2).contains("--table-rows"));

    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    assert!(complaint(&["--events", "9", "--listen", &address], 1).contains(&address));

    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let below = file.path().join("state");
    let below = below.to_str().expect("a path in UTF-8");
    assert!(complaint(&["--events", "9", "--dir", below], 1).contains(below));
}

#[test]
fn the_endpoint_shows_the_run_while_it_lasts_and_ctrl_c_ends_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let running = Running::start(&["--dir", dir.path().to_str().expect("a path in UTF-8"), "--listen", ":0"]);
    let samples = loop {
        let samples = running.scrape();
        // A run that comes to its end before this answers no more, which the scrape reports.
        if samples.sum("cdc_sink_events_total", &[]).is_some_and(|events| events > 1_000) {
            break samples;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(samples.sum("cdc_pipeline_status", &[("pipeline", "orders")]), Some(1));
    for stage in ["source", "decode", "transform", "route", "sink"] {
        let stage = [("stage", stage)];
        assert!(samples.sum("cdc_stage_latency_seconds_count", &stage).is_some_and(|count| count > 0));
        assert!(samples.sum("cdc_stage_busy_seconds_total", &stage).is_some());
        assert!(samples.sum("cdc_stage_blocked_seconds_total", &stage).is_some());
    }
    for edge in ["source->decode", "decode->transform", "transform->route", "route->sink"] {
        assert!(samples.sum("cdc_channel_depth", &[("edge", edge)]).is_some_and(|depth| depth <= 8), "{edge}");
    }
    for name in [
        "cdc_source_lag_seconds",
        "cdc_pipeline_lag_seconds",
        "cdc_checkpoint_age_seconds",
        "cdc_backlog_events",
        "cdc_dlq_entries",
        "cdc_e2e_latency_seconds_count",
        "cdc_checkpoints_total",
        "cdc_last_checkpoint_timestamp_seconds",
        "cdc_in_flight_events",
    ] {
        assert!(samples.sum(name, &[]).is_some(), "{name}");
    }
    let errors = [("stage", "route"), ("error_kind", "no_route")];
    assert!(samples.sum("cdc_errors_total", &errors).is_some());

    // The directory has one user at a time.
    assert!(complaint(&["--dir", dir.path().to_str().expect("a path in UTF-8")], 1).contains("in use"));

    let rest = running.interrupt();
    assert!(rest.lines().last().is_some_and(|line| line.starts_with("verified: ")), "{rest}");
}

#[test]
fn a_lingering_run_shows_an_idle_pipeline() {
    let mut running = Running::start(&["--events", "3000", "--linger", "3600"]);
    running.wait_for_the_verdict();
    // Long after the last event, there is no lag.
    std::thread::sleep(Duration::from_millis(1_200));
    let samples = running.scrape();
    for name in ["cdc_pipeline_status", "cdc_source_lag_seconds", "cdc_pipeline_lag_seconds", "cdc_channel_depth"] {
        assert_eq!(samples.sum(name, &[]), Some(0), "{name}");
    }
    let read = ["cdc_source_events_total", "cdc_source_retired_events_total", "cdc_source_schema_changes_total"];
    assert_eq!(read.map(|family| samples.sum(family, &[])).iter().flatten().sum::<u64>(), 3_000);
    running.interrupt();
}
