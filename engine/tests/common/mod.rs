//! What the integration tests share: a parser of its own for the text format, the reader of the shared vectors, label
//! sets, code that does the worst it can, and the floor under values.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod labels;
pub(crate) mod text;
pub(crate) mod vectors;
pub(crate) mod worst;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use streamgauge::{Format, Scraper};
use text::{Key, Parsed};

/// Lets one test of a binary run at a time: slabs and cells are the process's, and what counts them must not run beside
/// another test.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static SERIAL: Mutex<()> = Mutex::new(());
    SERIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many times the default size a test runs at: `STREAMGAUGE_STRESS`, 1 where it is not set.
pub(crate) fn stress() -> usize {
    match std::env::var("STREAMGAUGE_STRESS") {
        Ok(text) => text.parse().expect("STREAMGAUGE_STRESS is a number"),
        Err(_) => 1,
    }
}

/// Gives the usual size of a test, times [`stress`], or what Miri, a thousand times slower, can do.
pub(crate) fn size(usual: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { usual * stress() }
}

/// Tells whether `STREAMGAUGE_EMULATED` is set: the processor is a program, slow, and keeps memory for every thread
/// that ever was.
pub(crate) fn is_emulated() -> bool {
    std::env::var_os("STREAMGAUGE_EMULATED").is_some()
}

/// Waits for what must come at some time. The limit only keeps a broken program from hanging.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        thread::yield_now();
    }
}

/// Scrapes once and reads the body back.
pub(crate) fn scrape(scraper: &mut Scraper) -> Parsed {
    let mut body = Vec::new();
    let report = scraper.encode(Format::Text, &mut body);
    assert_eq!(report.bytes(), body.len());
    let parsed = text::parse(&body).unwrap_or_else(|problem| panic!("{problem}\n{}", String::from_utf8_lossy(&body)));
    assert_eq!(report.series(), parsed.series(), "{}", String::from_utf8_lossy(&body));
    parsed
}

/// The highest value that a finished scrape has shown of each monotone sample, over all scrapers.
#[derive(Debug, Default)]
pub(crate) struct Floor(Mutex<HashMap<Key, f64>>);

impl Floor {
    /// Scrapes once, and checks that nothing fell below what a scrape that ended before this one began has
    /// shown. Gives what was scraped.
    pub(crate) fn scrape(&self, scraper: &mut Scraper) -> Parsed {
        let before = self.0.lock().expect("no scraper panicked").clone();
        let parsed = scrape(scraper);
        let seen: HashMap<Key, f64> = parsed.monotone().collect();
        for (key, floor) in &before {
            let value = seen.get(key).unwrap_or_else(|| panic!("{key:?} vanished, was {floor}"));
            assert!(value >= floor, "{key:?} fell from {floor} to {value}");
        }
        let mut floors = self.0.lock().expect("no scraper panicked");
        for (key, value) in seen {
            let floor = floors.entry(key).or_insert(value);
            *floor = floor.max(value);
        }
        parsed
    }
}
