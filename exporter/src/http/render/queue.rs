//! What is wanted of the render thread, and what comes first.
//!
//! Requests that want the same join one [`Job`] until the thread takes it. It takes all there are as a [`Turn`], whose
//! callbacks and collectors run once, before all of them. Of a turn those come first who want everything. There are 32
//! forms of that: four formats, four escaping schemes, compressed or not. By turns comes the one that nobody wanted for
//! the longest time and the one that most wait for, so that neither who scrapes now and then in a form of its own waits
//! for those who ask for all of them, nor who shares a form with many. Parts follow one at a time, and between two of them
//! the thread looks whether somebody wants everything, who then is the next turn.
//!
//! Parts that can wait are few. A part that was rendered often is likely to be scraped, and one that nobody asked for before
//! may be anything: where there is no room the first takes that of the second.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use streamgauge::{Exposition, Filter};
use tokio::sync::watch;
use tokio::time::Instant;

use super::wanted::{Outcome, RenderError, Wanted};
use crate::http::limits::{PARTS, PARTS_OFTEN, PARTS_ONCE};

/// One rendering that is due.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) wanted: Wanted,
    /// When the same was wanted the time before, of one that wants everything.
    before: Option<Instant>,
    /// Gives the outcome to those who wait for it.
    outcome: watch::Sender<Option<Outcome>>,
}

impl Job {
    /// Returns whether all who joined have gone: nobody would read the result.
    fn is_left(&self) -> bool {
        self.outcome.is_closed()
    }

    pub(crate) fn end(self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }
}

/// What requests can join.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    jobs: Vec<Job>,
    known: KnownParts,
    /// When each form of everything was wanted last: its exposition, and whether it is compressed.
    asked: Vec<(Exposition, bool, Instant)>,
}

impl Queue {
    /// Joins the job for what is wanted, which is made if there is room for it.
    pub(crate) fn join(&mut self, wanted: Wanted) -> Result<watch::Receiver<Option<Outcome>>, RenderError> {
        let before = if wanted.is_part() { None } else { self.note(&wanted) };
        if let Some(job) = self.jobs.iter_mut().find(|job| job.wanted.is_like(&wanted)) {
            job.wanted.coding = job.wanted.coding.max(wanted.coding);
            return Ok(job.outcome.subscribe());
        }
        if wanted.is_part() {
            self.find_room_for_part(&wanted)?;
        }
        let (outcome, job) = watch::channel(None);
        self.jobs.push(Job { wanted, before, outcome });
        Ok(job)
    }

    /// Notes that a form is wanted; returns when it was wanted before.
    fn note(&mut self, wanted: &Wanted) -> Option<Instant> {
        let now = Instant::now();
        let compressed = wanted.coding.compresses();
        let is_same = |(exposition, is_compressed, _): &&mut (Exposition, bool, Instant)| {
            *exposition == wanted.exposition && *is_compressed == compressed
        };
        match self.asked.iter_mut().find(is_same) {
            Some((_, _, last)) => Some(std::mem::replace(last, now)),
            None => {
                self.asked.push((wanted.exposition, compressed, now));
                None
            }
        }
    }

    fn find_room_for_part(&mut self, wanted: &Wanted) -> Result<(), RenderError> {
        let parts = |jobs: &[Job]| jobs.iter().filter(|job| job.wanted.is_part()).count();
        if parts(&self.jobs) >= PARTS {
            // Those who went away leave their place.
            self.jobs.retain(|job| !job.is_left());
        }
        if parts(&self.jobs) < PARTS {
            return Ok(());
        }
        let count = |wanted: &Wanted| self.known.count(&wanted.filter);
        let parts = self.jobs.iter().enumerate().rev().filter(|(_, job)| job.wanted.is_part());
        // Of equals the last one.
        let rarest = parts.map(|(index, job)| (count(&job.wanted), index)).min_by_key(|(count, _)| *count);
        match rarest {
            Some((rarest, index)) if rarest < count(wanted) => {
                self.jobs.remove(index).end(Err(RenderError::TooManyParts));
                Ok(())
            }
            _ => Err(RenderError::TooManyParts),
        }
    }

    /// Notes that a part is rendered.
    pub(crate) fn note_part(&mut self, filter: &Filter) {
        self.known.note(filter);
    }

    /// Returns whether somebody wants everything.
    pub(crate) fn has_whole(&self) -> bool {
        self.jobs.iter().any(|job| !job.wanted.is_part() && !job.is_left())
    }

    /// Returns whether there is something for `turn` to take.
    pub(crate) fn is_due(&self, turn: &Turn) -> bool {
        self.has_whole() || (turn.is_empty() && self.jobs.iter().any(|job| !job.is_left()))
    }

    /// Lets `turn` take what is due; false where it has to go on with what it has, or to wait.
    pub(crate) fn fill(&mut self, turn: &mut Turn) -> bool {
        turn.parts.retain(|job| !job.is_left());
        let is_due = self.is_due(turn);
        if is_due {
            let mut wholes = VecDeque::new();
            for job in std::mem::take(&mut self.jobs).into_iter().filter(|job| !job.is_left()) {
                match job.wanted.is_part() {
                    false => wholes.push_back(job),
                    true if turn.parts.len() < PARTS => turn.parts.push_back(job),
                    true => self.jobs.push(job),
                }
            }
            turn.take_wholes(wholes);
        }
        is_due
    }
}

/// How often parts were rendered, by their hashes: two with the same hash are taken for one, which costs a refusal at
/// worst.
#[derive(Debug, Default)]
struct KnownParts {
    /// Those that were rendered once, the latest last.
    once: VecDeque<u64>,
    /// Those that were rendered more often, and how often. Where there are too many the rarest is forgotten, so that no flood
    /// of parts, each once or twice, forgets those that are scraped.
    often: Vec<(u64, u32)>,
}

impl KnownParts {
    fn hash(filter: &Filter) -> u64 {
        let mut hasher = DefaultHasher::new();
        filter.hash(&mut hasher);
        hasher.finish()
    }

    fn count(&self, filter: &Filter) -> u32 {
        let hash = Self::hash(filter);
        self.often.iter().find(|(known, _)| *known == hash).map_or(0, |(_, count)| *count)
    }

    fn note(&mut self, filter: &Filter) {
        let hash = Self::hash(filter);
        if let Some((_, count)) = self.often.iter_mut().find(|(known, _)| *known == hash) {
            *count = count.saturating_add(1);
        } else if let Some(at) = self.once.iter().position(|known| *known == hash) {
            self.once.remove(at);
            if self.often.len() >= PARTS_OFTEN
                && let Some((rarest, _)) = self.often.iter().enumerate().min_by_key(|(_, (_, count))| *count)
            {
                self.often.remove(rarest);
            }
            self.often.push((hash, 2));
        } else {
            if self.once.len() >= PARTS_ONCE {
                self.once.pop_front();
            }
            self.once.push_back(hash);
        }
    }
}

/// What the thread has taken: nobody can join it any more.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    wholes: VecDeque<Job>,
    parts: VecDeque<Job>,
}

impl Turn {
    pub(crate) fn is_empty(&self) -> bool {
        self.wholes.is_empty() && self.parts.is_empty()
    }

    pub(crate) fn next_whole(&mut self) -> Option<Job> {
        next(&mut self.wholes)
    }

    pub(crate) fn next_part(&mut self) -> Option<Job> {
        next(&mut self.parts)
    }

    /// Takes the forms of everything: by turns the one that was wanted longest ago and the one that most wait for.
    fn take_wholes(&mut self, mut wholes: VecDeque<Job>) {
        // Stable: among equals, first come, first served.
        wholes.make_contiguous().sort_by_key(|job| job.before);
        while let Some(rare) = wholes.pop_front() {
            self.wholes.push_back(rare);
            let readers = |(index, job): &(usize, &Job)| (job.outcome.receiver_count(), std::cmp::Reverse(*index));
            if let Some((most, _)) = wholes.iter().enumerate().max_by_key(readers) {
                self.wholes.extend(wholes.remove(most));
            }
        }
    }

    /// Takes a part back that has to wait.
    pub(crate) fn postpone(&mut self, job: Job) {
        self.parts.push_front(job);
    }

    /// Ends all there is.
    pub(crate) fn fail(&mut self, error: RenderError) {
        for job in self.wholes.drain(..).chain(self.parts.drain(..)) {
            job.end(Err(error));
        }
    }
}

/// Takes the first job that somebody waits for, and throws those away that are before it.
fn next(jobs: &mut VecDeque<Job>) -> Option<Job> {
    std::iter::from_fn(|| jobs.pop_front()).find(|job| !job.is_left())
}
