//! A running pipeline: its five threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use super::apply::Applier;
use super::checkpoint::Checkpoint;
use super::decode::decode;
use super::edge::Edge;
use super::envelope::Stage;
use super::metrics::Metrics;
use super::progress::Progress;
use super::replica::Replica;
use super::route::route;
use super::sink::{KillSwitch, Sink};
use super::source::Source;
use super::stage::{self, StageClock, StageReport};
use super::transform::transform;
use crate::Error;
use crate::feed::Tail;

/// What a pipeline is made of.
#[derive(Debug)]
pub struct Options {
    /// The database whose change log is read.
    pub source: PathBuf,
    /// Where the events go.
    pub replica: Replica,
    /// Where they stopped last time.
    pub checkpoint: Checkpoint,
    /// Shared positions.
    pub progress: Arc<Progress>,
    /// What is counted.
    pub metrics: Metrics,
    /// Kills the process on purpose.
    pub kill: Option<KillSwitch>,
    /// Drops the increment of this LSN on purpose.
    pub drop_increment_at: Option<u64>,
}

/// What the stages did.
#[derive(Clone, Debug)]
pub struct Report {
    /// One entry a stage, in pipeline order.
    pub stages: Vec<StageReport>,
}

/// A running pipeline.
#[derive(Debug)]
pub struct Pipeline {
    threads: Vec<(Stage, JoinHandle<Result<StageReport, Error>>)>,
}

impl Pipeline {
    /// Starts all stages behind the checkpoint.
    ///
    /// # Errors
    /// If the log cannot be opened, a metric not be registered or a thread not be started.
    pub fn spawn(options: Options) -> Result<Self, Error> {
        let Options { source, replica, checkpoint, progress, metrics, kill, drop_increment_at } = options;
        let (captured, decoded, transformed, routed) = (Edge::new(), Edge::new(), Edge::new(), Edge::new());
        metrics.watch(Stage::Source, Stage::Decode, &captured)?;
        metrics.watch(Stage::Decode, Stage::Transform, &decoded)?;
        metrics.watch(Stage::Transform, Stage::Route, &transformed)?;
        metrics.watch(Stage::Route, Stage::Sink, &routed)?;

        let source = Source {
            tail: Tail::open(&source, checkpoint.lsn, checkpoint.relations.clone())?,
            progress: Arc::clone(&progress),
            metrics: metrics.source.recorder(),
            drop_increment_at,
        };
        let sink = Sink {
            replica,
            applier: Applier::new(&checkpoint.relations),
            checkpoint,
            progress: Arc::clone(&progress),
            metrics: metrics.sink.recorder(),
            kill,
        };

        let mut pipeline = Self { threads: Vec::new() };
        let mut start = |stage, body| pipeline.start(stage, &metrics, &progress, body);
        let to = captured.sender;
        start(Stage::Source, Box::new(move |clock| source.run(clock, &to)))?;
        let (from, to) = (captured.receiver, decoded.sender);
        start(Stage::Decode, Box::new(move |clock| Ok(stage::run(clock, &from, &to, |change, ()| decode(change)))))?;
        let (from, to) = (decoded.receiver, transformed.sender);
        start(Stage::Transform, Box::new(move |clock| Ok(stage::run(clock, &from, &to, transform))))?;
        let (from, to) = (transformed.receiver, routed.sender);
        start(Stage::Route, Box::new(move |clock| Ok(stage::run(clock, &from, &to, route))))?;
        let from = routed.receiver;
        start(Stage::Sink, Box::new(move |clock| sink.run(clock, &from)))?;
        metrics.status.set(1.0);
        Ok(pipeline)
    }

    /// Waits until all stages have ended, which they do in pipeline order once the log is drained.
    ///
    /// # Errors
    /// The first error of a stage, the source's before the sink's.
    pub fn join(self) -> Result<Report, Error> {
        let ends: Vec<_> = self
            .threads
            .into_iter()
            .map(|(stage, thread)| thread.join().unwrap_or(Err(Error::Panicked(stage.name()))))
            .collect();
        Ok(Report { stages: ends.into_iter().collect::<Result<_, _>>()? })
    }

    fn start(
        &mut self,
        stage: Stage,
        metrics: &Metrics,
        progress: &Arc<Progress>,
        body: Box<dyn FnOnce(StageClock) -> Result<StageReport, Error> + Send>,
    ) -> Result<(), Error> {
        let guard = FailOnPanic { progress: Arc::clone(progress), metrics: metrics.clone() };
        let thread = Builder::new().name(stage.name().into()).spawn(move || {
            let report = body(StageClock::start(stage, guard.metrics.stages[stage.index()].clone()));
            if let Err(error) = &report {
                guard.metrics.failed(stage, error);
                guard.progress.fail();
            }
            report
        })?;
        self.threads.push((stage, thread));
        Ok(())
    }
}

/// Without it the writers would go on before a pipeline that lost a stage, and its status would be "running".
struct FailOnPanic {
    progress: Arc<Progress>,
    metrics: Metrics,
}

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.metrics.status.set(-1.0);
            self.progress.fail();
        }
    }
}
