//! Threads that stay alive, and do nothing, for as long as a side needs their slabs to be in use.

use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// Live, idle threads; dropping it lets them end and waits for them.
#[derive(Debug)]
pub(super) struct Parked {
    release: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Parked {
    /// Starts `count` threads and returns once each has done its `work`.
    pub(super) fn start(count: u64, work: impl Fn(u64) + Clone + Send + 'static) -> Self {
        let (done, all_done) = channel();
        let mut parked = Self { release: Vec::new(), threads: Vec::new() };
        for index in 0..count {
            let (release, released) = channel();
            let (work, done) = (work.clone(), done.clone());
            parked.release.push(release);
            parked.threads.push(thread::spawn(move || {
                work(index);
                // Both ends only close when the side is dropped, which is as good a signal as a message.
                drop(done);
                let _closed = released.recv();
            }));
        }
        drop(done);
        let _all: Result<(), _> = all_done.recv();
        parked
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.release.clear();
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}
