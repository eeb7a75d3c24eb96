//! The rows and their sides.

use std::fmt;

/// What a side stands for in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This project.
    Ours,
    /// The cheapest code that could do the job, with nothing of a metrics library around it.
    Limit,
    /// Another library.
    Peer,
    /// The work without any instrumentation: subtracted from every other side.
    Bare,
}

/// One contestant of a row: a name and a loop of `n` operations.
///
/// The loop, not the operation, is boxed, so the indirect call is paid once a slice and the operation inlines
/// exactly as it would in a user's code.
pub struct Side {
    name: &'static str,
    role: Role,
    run: Box<dyn Fn(u64) + Send + Sync>,
    between: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Side {
    /// Our side.
    pub fn ours(run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self::new("streamgauge", Role::Ours, run)
    }

    /// The floor of the row.
    pub fn limit(name: &'static str, run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self::new(name, Role::Limit, run)
    }

    /// A rival.
    pub fn peer(name: &'static str, run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self::new(name, Role::Peer, run)
    }

    fn new(name: &'static str, role: Role, run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { name, role, run: Box::new(run), between: None }
    }

    /// Adds what the side's users run beside the measured loop: it happens after each slice, outside its time.
    #[must_use]
    pub fn between(mut self, chore: impl Fn() + Send + Sync + 'static) -> Self {
        self.between = Some(Box::new(chore));
        self
    }

    /// The same loop in another part, for a row that is held against one of our own.
    #[must_use]
    pub fn as_limit(mut self, name: &'static str) -> Self {
        self.name = name;
        self.role = Role::Limit;
        self
    }

    /// The same loop with `times` operations as one, for a limit whose operation is a part of the row's.
    #[must_use]
    pub fn repeated(self, times: u64) -> Self {
        let Self { name, role, run, between } = self;
        Self { name, role, run: Box::new(move |n| run(n * times)), between }
    }

    /// The name in the table.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The part the side plays.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Runs `n` operations on the calling thread.
    pub fn run(&self, n: u64) {
        (self.run)(n);
    }

    /// Runs the chore that belongs between two slices, if the side has one.
    pub fn tidy(&self) {
        if let Some(chore) = &self.between {
            chore();
        }
    }
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// One question put to every side.
#[derive(Debug)]
pub struct Row {
    /// The name, also that of the criterion group.
    pub name: &'static str,
    /// How many threads ask it at once, one measurement each.
    pub threads: &'static [u32],
    /// What a figure counts.
    pub unit: &'static str,
    /// Units in one operation: an encoder's operation is a whole scrape of so many series.
    pub units_per_op: u64,
    /// The contestants.
    pub sides: Vec<Side>,
}
