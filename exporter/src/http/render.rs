//! One rendering for everybody who waits.
//!
//! A thread of its own owns the scraper. A request *joins* the next turn; the thread takes the turn, renders once, and
//! gives all who joined the same `Bytes`:
//!
//! ```text
//! request A ----join turn 1----------------+ A gets body 1
//! thread         [ render turn 1          ]|[ render turn 2          ]
//! request B             ----join turn 2------------------------------+ B and C get body 2
//! request C                   ----join turn 2------------------------+
//! ```
//!
//! - Nobody gets a body that was begun before they asked: a turn that has been taken cannot be joined any more.
//! - At most one rendering runs and at most one turn waits, however many clients there are.
//! - No request leads: one that goes away takes nothing with it, and a turn that everybody has left is not rendered.
//! - A panic of the renderer is the result of its turn, and only of that.
//!
//! A thread rather than `spawn_blocking`, because the endpoint must not wait behind the application's blocking
//! tasks when it is mounted in the application's own runtime, and because a pool thread that idles out between two
//! scrapes would be started again for each.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::watch;

use super::buffer::BodyBuffer;
use super::limits::{MEMORY_POLL, MEMORY_TIMEOUT};
use super::pressure::Pressure;

/// Writes one exposition.
pub(crate) trait Render: Send + 'static {
    /// Appends the exposition to `body` and returns its content type.
    fn render(&mut self, body: &mut Vec<u8>) -> &'static str;
}

/// A rendered exposition.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) content_type: &'static str,
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
}

type Outcome = Result<Rendered, RenderError>;
type Turn = watch::Sender<Option<Outcome>>;

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
    /// The turn that requests join, once one has.
    next: Option<Turn>,
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
        let state = State { next: None, source: Some(Box::new(source)), started: false, closed: false };
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
    pub(crate) async fn render(&self) -> Outcome {
        let mut turn = self.owner.shared.join()?;
        // An error means that the turn was dropped without a result. The thread does not do that, but a request must
        // not wait for ever because of it.
        let outcome = turn.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
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
    fn join(self: &Arc<Shared>) -> Result<watch::Receiver<Option<Outcome>>, RenderError> {
        let mut state = self.lock();
        if !state.started {
            // The flag stays down where the system refuses, and the next request tries again.
            spawn(Arc::clone(self))?;
            state.started = true;
        }
        let turn = state.next.get_or_insert_with(|| watch::Sender::new(None)).subscribe();
        drop(state);
        self.wake.notify_one();
        Ok(turn)
    }

    /// Takes the turn that is due, or returns `None` once nobody can ask any more.
    fn take_turn(&self) -> Option<Turn> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(turn) = state.next.take() {
                return Some(turn);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
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
    let mut buffer = BodyBuffer::new();
    while let Some(turn) = shared.take_turn() {
        // Everybody who joined has gone: nobody would read the result.
        if turn.is_closed() {
            continue;
        }
        // After a panic `source` is used again. It must not keep half a state; `RegistrySource` drops its own.
        let outcome = catch_unwind(AssertUnwindSafe(|| render_once(&mut *source, &mut buffer, &shared.pressure)));
        let outcome = outcome.unwrap_or_else(|_| {
            tracing::error!("a panic ended the rendering of the metrics");
            Err(RenderError::Panicked)
        });
        turn.send_replace(Some(outcome));
    }
}

fn render_once(source: &mut dyn Render, buffer: &mut BodyBuffer, pressure: &Pressure) -> Outcome {
    let mut body = find_memory(buffer, pressure).ok_or(RenderError::NoMemory)?;
    let content_type = source.render(&mut body);
    Ok(Rendered { content_type, body: buffer.share(body) })
}

/// Takes memory for a body, and if there is none has the readers cut off that do not read.
fn find_memory(buffer: &mut BodyBuffer, pressure: &Pressure) -> Option<Vec<u8>> {
    let start = Instant::now();
    loop {
        let body = buffer.take();
        pressure.set(body.is_none());
        if body.is_some() || start.elapsed() > MEMORY_TIMEOUT {
            return body;
        }
        thread::sleep(MEMORY_POLL);
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
