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
//! - At most one rendering runs and at most one turn waits, however many clients there are. The turn is bounded as well:
//!   there are few ways to want everything, and those who want a part get in while there is room.
//! - In a turn whoever wants everything comes first. No client can keep Prometheus waiting by asking for many parts.
//! - No request leads: one that goes away takes nothing with it, and what nobody waits for any more is not rendered.
//! - A panic of the renderer is the result of one rendering, and only of that.
//!
//! A thread rather than `spawn_blocking`, because the endpoint must not wait behind the application's blocking
//! tasks when it is mounted in the application's own runtime, and because a pool thread that idles out between two
//! scrapes would be started again for each.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use streamgauge::{Exposition, Filter};
use tokio::sync::watch;

use super::coding::Coding;
use super::limits::PARTS;
use super::pressure::Pressure;
use super::workshop::Workshop;

/// Writes expositions.
pub(crate) trait Render: Send + 'static {
    /// Appends what `filter` chooses to `body`.
    fn render(&mut self, exposition: Exposition, filter: &Filter, body: &mut Vec<u8>);
}

/// What a request wants. Requests that want the same share a rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) exposition: Exposition,
    pub(crate) filter: Filter,
    pub(crate) coding: Coding,
}

impl Wanted {
    /// Says whether only a part of the metrics is wanted.
    fn is_part(&self) -> bool {
        self.filter != Filter::all()
    }
}

/// A rendered exposition.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) content_type: &'static str,
    pub(crate) compressed: bool,
    pub(crate) body: Bytes,
}

/// Why there is no exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenderError {
    /// The renderer panicked.
    Panicked,
    /// The system gives us no thread.
    NoThread,
    /// Slow readers hold all the memory that bodies may have.
    NoMemory,
    /// Too many different parts are wanted at the same time.
    TooManyParts,
}

type Outcome = Result<Rendered, RenderError>;

/// One rendering that is due.
struct Job {
    wanted: Wanted,
    /// Gives the outcome to those who wait for it.
    outcome: watch::Sender<Option<Outcome>>,
}

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
    pressure: Pressure,
}

struct State {
    /// The turn that requests join: what is wanted, each once.
    next: Vec<Job>,
    /// What renders, until the thread takes it.
    source: Option<Box<dyn Render>>,
    /// The thread runs, or is about to.
    started: bool,
    /// No request can come any more.
    closed: bool,
}

impl Renderer {
    /// Prepares rendering from `source`. The thread starts with the first request.
    pub(crate) fn new(source: impl Render) -> Renderer {
        let state = State { next: Vec::new(), source: Some(Box::new(source)), started: false, closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new(), pressure: Pressure::default() });
        Renderer { owner: Arc::new(Owner { shared }) }
    }

    /// Returns what the thread says about its memory.
    pub(crate) fn pressure(&self) -> Pressure {
        self.owner.shared.pressure.clone()
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
            spawn(Arc::clone(self))?;
            state.started = true;
        }
        if let Some(job) = state.next.iter().find(|job| job.wanted == wanted) {
            return Ok(job.outcome.subscribe());
        }
        if wanted.is_part() && !state.has_room() {
            return Err(RenderError::TooManyParts);
        }
        let (outcome, job) = watch::channel(None);
        state.next.push(Job { wanted, outcome });
        drop(state);
        self.wake.notify_one();
        Ok(job)
    }

    /// Takes the turn that is due into the empty `turn`, or returns false once nobody can ask any more.
    fn take_turn(&self, turn: &mut Vec<Job>) -> bool {
        let mut state = self.lock();
        loop {
            if state.closed {
                return false;
            }
            if !state.next.is_empty() {
                std::mem::swap(&mut state.next, turn);
                return true;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// Says whether the turn can take another rendering of a part.
    fn has_room(&mut self) -> bool {
        let parts = |jobs: &[Job]| jobs.iter().filter(|job| job.wanted.is_part()).count();
        if parts(&self.next) < PARTS {
            return true;
        }
        // Those who went away leave their place.
        self.next.retain(|job| !job.outcome.is_closed());
        parts(&self.next) < PARTS
    }
}

#[cold]
fn spawn(shared: Arc<Shared>) -> Result<(), RenderError> {
    match thread::Builder::new().name("metrics-render".to_owned()).spawn(move || run(&shared)) {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::error!(%error, "cannot start the thread that renders metrics");
            Err(RenderError::NoThread)
        }
    }
}

/// The life of the thread.
fn run(shared: &Shared) {
    let Some(mut source) = shared.lock().source.take() else { return };
    let mut workshop = Workshop::new(shared.pressure.clone());
    let mut turn = Vec::new();
    while shared.take_turn(&mut turn) {
        // Stable: among equals, first come, first served.
        turn.sort_by_key(|job: &Job| job.wanted.is_part());
        for Job { wanted, outcome } in turn.drain(..) {
            // Everybody who joined has gone: nobody would read the result.
            if outcome.is_closed() {
                continue;
            }
            // After a panic `source` and `workshop` are used again. They must not keep half a state: `RegistrySource`
            // drops its own, `Workshop` empties its buffers before it uses them.
            let result = catch_unwind(AssertUnwindSafe(|| workshop.make(&mut *source, &wanted)));
            outcome.send_replace(Some(result.unwrap_or_else(|_| {
                tracing::error!("a panic ended the rendering of the metrics");
                Err(RenderError::Panicked)
            })));
        }
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
