//! A whole run: workload, pipeline, exporter, verification.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use streamgauge::Registry;
use streamgauge_exporter::Exporter;

use crate::feed::workload::{Churn, Ids, Planner, Shop, WriteGate, Writer, WriterReport, stock};
use crate::feed::{self, schema};
use crate::pipeline::{KillSwitch, Metrics, Options, Pipeline, Progress, Replica, Report};
use crate::report::{LiveLine, Summary};
use crate::verify::{Verification, verify};
use crate::{Config, Error, Fault, StateDir};

/// How often the main thread looks whether there is something to do.
const LOOK: Duration = Duration::from_millis(20);

/// How often the log is pruned, and how many rows it loses in one turn at the gate.
const PRUNE_EVERY: Duration = Duration::from_millis(100);
const PRUNE_ROWS: u64 = 2_000;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether everything agrees.
    pub verification: Verification,
    /// What the stages did.
    pub pipeline: Report,
    /// What the writers did.
    pub writers: WriterReport,
    /// From the start of the pipeline until it was drained.
    pub elapsed: Duration,
}

/// Runs the demo to its end: until `config.events` are captured, or until `stop` is set.
///
/// The report goes to `out`, the live line and the differences to `live`. A run whose accounts do not agree is an [`Outcome`] all the
/// same; its differences are in the verification.
///
/// # Errors
/// What kept the run from its end, or from the verification.
pub fn run(config: &Config, out: &mut dyn Write, live: &mut dyn Write, stop: &AtomicBool) -> Result<Outcome, Error> {
    let registry = if config.metrics { Registry::new() } else { Registry::disabled() };
    let exporter = Exporter::builder(&registry).listen(&config.listen).spawn()?;
    let address = *exporter.local_addrs().first().expect("a running exporter has an address");
    let dir = StateDir::open(config.dir.as_deref())?;
    writeln!(out, "listening on http://{address}/metrics")?;
    out.flush()?;

    let mut source = schema::open(&dir.source())?;
    let replica = Replica::open(&dir.replica())?;
    let (head, restored) = (feed::head(&source)?, replica.checkpoint()?);
    if restored.lsn > head {
        return Err(Error::CheckpointAhead { checkpoint: restored.lsn, head });
    }
    let progress = Arc::new(Progress::new(head, restored.lsn));
    let metrics = Metrics::register(&registry, &restored, &progress, config.tables)?;
    let began = Instant::now();
    let pipeline = Pipeline::spawn(Options {
        source: dir.source(),
        replica,
        checkpoint: restored.clone(),
        progress: Arc::clone(&progress),
        metrics: metrics.clone(),
        kill: config.kill_after.map(|remaining| KillSwitch { remaining }),
        drop_increment_at: config.fault.map(|Fault::DropOneIncrement| restored.lsn + 1),
    })?;

    let gate = Arc::new(WriteGate::new(head, config.events));
    let pruner = prune(&dir.source(), &gate, &progress)?;
    let writers = write(config, &mut source, &dir.source(), &gate, &progress, &metrics);
    let mut line = LiveLine::new(config.live, live, restored.lsn);
    let mut was_stopped = false;
    let writers = match writers {
        Ok(threads) => {
            while !threads.iter().all(JoinHandle::is_finished) {
                if stop.load(Ordering::Relaxed) {
                    was_stopped = true;
                    progress.stop_writers();
                }
                line.show(&progress, &metrics)?;
                std::thread::sleep(LOOK);
            }
            join(threads)
        }
        Err(error) => Err(error),
    };
    // Whatever happened to the writers, what they committed is carried to the replica before anything is reported.
    progress.drain_through(feed::head(&source)?);
    let pipeline = pipeline.join();
    let elapsed = began.elapsed();
    line.end()?;
    progress.stop_writers();
    pruner.join().unwrap_or(Err(Error::Panicked("pruner")))?;
    let (pipeline, writers) = (pipeline?, writers?);
    metrics.status.set(0.0);

    let replica = Replica::open(&dir.replica())?;
    let checkpoint = replica.checkpoint()?;
    let summary = Summary {
        checkpoint: &checkpoint,
        restored: &restored,
        metrics: &metrics,
        pipeline: &pipeline,
        writers,
        elapsed,
    };
    writeln!(out, "\n{summary}")?;
    let verification = verify(&source, &replica, config.metrics.then_some(address))?;
    // The signal that ended the run is used up; the next one ends the waiting. Before the verdict: whoever has read it
    // may send the next.
    if was_stopped {
        stop.store(false, Ordering::Relaxed);
    }
    if verification.holds() {
        writeln!(out, "{} rows compared", verification.rows)?;
        writeln!(out, "verified: {verification}")?;
    } else {
        for difference in &verification.differences {
            writeln!(live, "differs: {difference}")?;
        }
        writeln!(live, "not verified: {verification}")?;
    }
    out.flush()?;
    linger(config.linger, stop);
    Ok(Outcome { verification, pipeline, writers, elapsed })
}

type WriterThread = JoinHandle<Result<WriterReport, Error>>;

/// Stocks the shop and starts the writers.
fn write(
    config: &Config,
    source: &mut Connection,
    path: &Path,
    gate: &Arc<WriteGate>,
    progress: &Arc<Progress>,
    metrics: &Metrics,
) -> Result<Vec<WriterThread>, Error> {
    progress.committed(stock(source, gate)?);
    let ids = Arc::new(Ids::load(source)?);
    // The head makes the seed another one after a resume: the same customers do not come twice.
    let seed = |number: usize| config.seed ^ (progress.head() << 8) ^ number as u64;
    let churn = Churn::load(source, seed(config.writers), config.tables, config.table_rows)?;
    let shops = (0..config.writers).map(|number| {
        let shop = Shop::new(seed(number), Arc::clone(&ids));
        start(format!("writer-{number}"), path, shop, gate, progress, metrics)
    });
    shops.chain([start("writer-tables".into(), path, churn, gate, progress, metrics)]).collect()
}

fn start(
    name: String,
    path: &Path,
    planner: impl Planner + Send + 'static,
    gate: &Arc<WriteGate>,
    progress: &Arc<Progress>,
    metrics: &Metrics,
) -> Result<WriterThread, Error> {
    let progress = Arc::clone(progress);
    let writer = Writer::open(path, planner, Arc::clone(gate), Arc::clone(&progress), metrics.workload.clone())?;
    let run = move || writer.run().inspect_err(|_| progress.stop_writers());
    Ok(Builder::new().name(name).spawn(run)?)
}

fn join(threads: Vec<WriterThread>) -> Result<WriterReport, Error> {
    let ends: Vec<_> =
        threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Panicked("writer")))).collect();
    ends.into_iter().try_fold(WriterReport::default(), |sum, end| {
        let report = end?;
        Ok(WriterReport {
            committed: sum.committed + report.committed,
            rolled_back: sum.rolled_back + report.rolled_back,
        })
    })
}

/// Starts the thread that deletes the log behind the checkpoint, so that it does not grow with the run.
fn prune(path: &Path, gate: &Arc<WriteGate>, progress: &Arc<Progress>) -> Result<JoinHandle<Result<(), Error>>, Error> {
    let conn = schema::open(path)?;
    let (gate, progress) = (Arc::clone(gate), Arc::clone(progress));
    let run = move || {
        loop {
            let last = progress.stopping();
            let mut pruned = usize::MAX;
            while pruned >= PRUNE_ROWS as usize {
                let _turn = gate.enter();
                pruned = feed::prune(&conn, progress.applied(), PRUNE_ROWS)?;
            }
            if last {
                return Ok(());
            }
            std::thread::sleep(PRUNE_EVERY);
        }
    };
    Ok(Builder::new().name("pruner".into()).spawn(run)?)
}

/// Keeps the exporter up for a while; Ctrl-C ends it.
fn linger(time: Duration, stop: &AtomicBool) {
    let began = Instant::now();
    while began.elapsed() < time && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(time.saturating_sub(began.elapsed())));
    }
}
