//! What instrumentation adds to a pipeline, an event.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::replay::{Bare, Feed, Instruments, Pipeline};
use crate::runner::{Outcome, Plan, Role, Samples};
use crate::sides::{metrics, ours, prometheus};

/// Slices of the feed: the sides take turns at each, so that a slow moment of the machine hits them all.
const SLICES: u64 = 16;

/// One million changes through decode, transform and route, with each instrumentation and with none, which is
/// subtracted.
pub fn pipeline(plan: Plan) -> Outcome {
    let feed = Feed::new(plan.changes, SLICES);
    let mut contestants = [
        Contestant::new("bare", Role::Bare, Bare, |_| {}),
        Contestant::new("streamgauge", Role::Ours, ours::Stage::new(), |_| {}),
        Contestant::new("prometheus", Role::Peer, prometheus::Stage::new(), |_| {}),
        Contestant::new("metrics", Role::Peer, metrics::Stage::new(), metrics::Stage::upkeep),
    ];
    for contestant in &mut contestants {
        contestant.replay(&feed.slices()[0]);
    }
    for round in 0..plan.rounds as usize {
        for (turn, slice) in feed.slices().iter().enumerate() {
            for step in 0..contestants.len() {
                let next = (round + turn + step) % contestants.len();
                let elapsed = contestants[next].replay(slice);
                contestants[next].elapsed += elapsed;
            }
        }
        for contestant in &mut contestants {
            contestant.end_round(feed.changes());
        }
    }
    let samples = contestants.into_iter().map(|contestant| contestant.samples).collect();
    Outcome::of("pipeline", 1, "ns added/event", samples)
}

/// Replays a slice of the feed and returns how long it took.
type Replay = dyn FnMut(&[u8]) -> Duration;

struct Contestant {
    samples: Samples,
    elapsed: Duration,
    replay: Box<Replay>,
}

impl Contestant {
    /// A pipeline with `instruments`; `upkeep` is what their users run beside it, and is not timed.
    fn new<I: Instruments + 'static>(
        name: &'static str,
        role: Role,
        instruments: I,
        upkeep: impl Fn(&I) + 'static,
    ) -> Self {
        let mut pipeline = Pipeline::new(instruments);
        let replay = move |slice: &[u8]| {
            let start = Instant::now();
            black_box(pipeline.replay(black_box(slice)));
            let elapsed = start.elapsed();
            upkeep(pipeline.instruments());
            elapsed
        };
        Self { samples: Samples::new(name, role), elapsed: Duration::ZERO, replay: Box::new(replay) }
    }

    fn replay(&mut self, slice: &[u8]) -> Duration {
        (self.replay)(slice)
    }

    fn end_round(&mut self, changes: u64) {
        self.samples.push(self.elapsed.as_nanos() as f64 / changes as f64);
        self.elapsed = Duration::ZERO;
    }
}
