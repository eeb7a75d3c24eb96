//! One rendering for everybody who waits and wants the same.
//!
//! A thread of its own owns the scraper. A request *joins* the next turn; the thread takes the turn, renders once for
//! each thing that is wanted (format, families, content coding), and gives all who want it the same `Bytes`:
//!
//! ```text
//! request A ----join turn 1----------------+ A gets body 1
//! thread         [ render turn 1          ]|[ render turn 2          ]
//! request B             ----join turn 2------------------------------+ B and C get body 2
//! request C                   ----join turn 2------------------------+
//! ```
//!
//! - Nobody gets a body that was begun before they asked: a turn that has been taken cannot be joined any more.
//! - Callbacks and collectors run once a turn, before all that it renders.
//! - At most one rendering runs, and what can wait is bounded, however many clients there are; see [`queue`](super::queue).
//! - Whoever wants everything waits for no more than one part and one run of the callbacks before the own turn begins. No
//!   client can keep Prometheus waiting by asking for many parts.
//! - No request leads: one that goes away takes nothing with it, and what nobody waits for any more is not rendered.
//! - A panic of the renderer is the result of one rendering, and only of that. None ends the thread.
//!
//! A thread rather than `spawn_blocking`, because the endpoint must not wait behind the application's blocking
//! tasks when it is mounted in the application's own runtime, and because a pool thread that idles out between two
//! scrapes would be started again for each.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::queue::{Job, Queue, Turn};
use super::wanted::{Outcome, Render, RenderError, Wanted};
use super::workshop::{Made, Workshop};
use crate::http::limits::REST;
use crate::say::{Seldom, caught, say};

/// The way to the render thread. Clones share it; the thread ends with the last of them.
#[derive(Clone)]
pub(crate) struct Renderer {
    owner: Arc<Owner>,
}

/// Ends the thread when it goes. Apart from `Shared`, because the thread itself holds that.
struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    /// What requests join.
    queue: Queue,
    /// What renders, until the thread takes it.
    source: Option<Box<dyn Render>>,
    /// The thread runs, or is about to.
    started: bool,
    /// No request can come any more.
    closed: bool,
    /// When it was told last that there is no thread.
    told: Seldom,
}

impl Renderer {
    /// Prepares rendering from `source`. The thread starts with the first request.
    pub(crate) fn new(source: impl Render) -> Renderer {
        let state = State {
            queue: Queue::default(),
            source: Some(Box::new(source)),
            started: false,
            closed: false,
            told: Seldom::default(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        Renderer { owner: Arc::new(Owner { shared }) }
    }

    /// Waits for an exposition that was begun after this call.
    ///
    /// May be dropped at any point; others who wait for the same rendering are not affected.
    pub(crate) async fn render(&self, wanted: Wanted) -> Outcome {
        let mut job = self.owner.shared.join(wanted)?;
        // An error means that the job was dropped without a result. The thread does not do that, but a request must
        // not wait for ever because of it.
        let outcome = job.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        outcome.ok().flatten().unwrap_or(Err(RenderError::Panicked))
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
    }
}

impl Shared {
    /// Locks the state. No user code runs under the lock, so even a poisoned one guards a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the next turn, and starts the thread if there is none yet.
    fn join(self: &Arc<Shared>, wanted: Wanted) -> Result<watch::Receiver<Option<Outcome>>, RenderError> {
        let mut state = self.lock();
        if !state.started {
            // The flag stays down where the system refuses, and the next request tries again.
            if let Err(error) = spawn(Arc::clone(self)) {
                let is_due = state.told.is_due();
                drop(state);
                if is_due {
                    say!(error, %error, "cannot start the thread that renders metrics");
                }
                return Err(RenderError::NoThread);
            }
            state.started = true;
        }
        let job = state.queue.join(wanted)?;
        drop(state);
        self.wake.notify_one();
        Ok(job)
    }

    /// Fills `turn` with what is due, `rest` after there is something, or waits; says what to do.
    fn next(&self, turn: &mut Turn, rest: Duration) -> Next {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Next::End;
            }
            if state.queue.is_due(turn) && !rest.is_zero() {
                drop(state);
                thread::sleep(rest);
                state = self.lock();
            }
            if state.queue.fill(turn) {
                return Next::Collect;
            }
            if !turn.is_empty() {
                return Next::GoOn;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What the thread has to do.
enum Next {
    /// A turn has begun.
    Collect,
    /// Parts are left.
    GoOn,
    /// Nobody can ask any more.
    End,
}

#[cold]
fn spawn(shared: Arc<Shared>) -> std::io::Result<()> {
    thread::Builder::new().name("metrics-render".to_owned()).spawn(move || run(&shared)).map(drop)
}

/// The life of the thread.
fn run(shared: &Shared) {
    let Some(mut source) = shared.lock().source.take() else { return };
    let mut workshop = Workshop::new();
    let mut turn = Turn::default();
    let (rest, told) = (Duration::ZERO, Seldom::default());
    let mut work = Work { shared, source: &mut *source, workshop: &mut workshop, turn: &mut turn, rest, told };
    // All code of the user is run inside `caught` of its own. What comes through nevertheless ends one rendering, whose
    // readers find its sender gone, and not the thread.
    while caught(|| work.go_on()).is_none() {}
}

/// What the thread works with. After a panic all of it is used again: `RegistrySource` drops half a state, `Workshop`
/// empties its buffers before it uses them.
struct Work<'a> {
    shared: &'a Shared,
    source: &'a mut dyn Render,
    workshop: &'a mut Workshop,
    turn: &'a mut Turn,
    /// Where callbacks are slow, whoever misses a turn by a moment waits for another run of them: for all of a crowd that
    /// was answered to ask again, and for a newcomer among them, it pays to wait a little.
    rest: Duration,
    told: Seldom,
}

impl Work<'_> {
    fn go_on(&mut self) {
        loop {
            while let Some(job) = self.turn.next_whole() {
                self.make(job);
            }
            if let Some(job) = self.turn.next_part() {
                self.make(job);
            }
            match self.shared.next(self.turn, self.rest) {
                Next::GoOn => {}
                Next::End => return,
                Next::Collect => {
                    let start = Instant::now();
                    if caught(|| self.source.collect()).is_none() {
                        self.turn.fail(RenderError::Panicked);
                        self.say_panic();
                    }
                    let took = start.elapsed();
                    self.rest = if took < REST { Duration::ZERO } else { (took / 20).min(REST) };
                }
            }
        }
    }

    fn make(&mut self, job: Job) {
        let gives_way = || job.wanted.is_part() && self.shared.lock().queue.has_whole();
        match caught(|| self.workshop.make(self.source, &job.wanted, &gives_way)) {
            Some(Made::Body(rendered)) => {
                if job.wanted.is_part() {
                    self.shared.lock().queue.note_part(&job.wanted.filter);
                }
                job.end(Ok(rendered));
            }
            Some(Made::Postponed) => self.turn.postpone(job),
            None => {
                job.end(Err(RenderError::Panicked));
                self.say_panic();
            }
        }
    }

    fn say_panic(&mut self) {
        if self.told.is_due() {
            say!(error, "a panic ended the rendering of the metrics");
        }
    }
}

#[cfg(test)]
#[path = "renderer_tests.rs"]
mod tests;
