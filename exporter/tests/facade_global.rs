//! The global recorder: installed once, it serves what every thread of the process records, at any time of its life.
//!
//! One test, since a process has one global recorder, for good.
#![cfg(feature = "metrics-0-24")]

mod common;
mod facade;

use common::{Client, address_of_its_own, ask, scrape};
use facade::{Exposed, scraped};
use metrics::{counter, describe_counter, gauge, histogram};
use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use streamgauge::stats;
use streamgauge_exporter::Error;
use streamgauge_exporter::recorder::{Handle, Recorder};

#[test]
fn the_global_recorder_serves_the_whole_process() {
    counter!("events").increment(1_000); // Nobody listens yet.
    let handle = installs_once_and_listens();
    text_is_served_whatever_a_reader_prefers(handle.local_addrs()[0]);
    a_second_one_is_refused_and_leaves_nothing_behind(handle.local_addrs()[0]);
    records_of_many_threads_add_up(&handle);
    records_of_tasks_add_up(&handle);
    records_in_destructors_of_threads_are_counted(&handle);
    a_panic_hook_may_record(&handle);
    a_local_recorder_comes_before_the_global_one(&handle);
    #[cfg(feature = "metrics-0-23")]
    both_versions_of_the_facade_are_one_exposition(&handle);
    let end = stats();
    assert_eq!((end.lost_records, end.internal_errors), (0, 0));
}

fn installs_once_and_listens() -> Handle {
    let local: SocketAddr = ([127, 0, 0, 1], 0).into();
    let handle =
        Recorder::builder().with_http_listener(local).add_global_label("job", "test").install().expect("the first one");
    let [addr] = handle.local_addrs() else { panic!("one address: {handle:?}") };
    assert_ne!(addr.port(), 0);
    assert_eq!(scraped(&handle).get("events{job=\"test\"}"), None, "what came before the recorder is lost");
    describe_counter!("events", "Events read.");
    counter!("events").increment(3);
    let response = scrape(*addr);
    assert_eq!(response.status, 200);
    let served = Exposed::of(&response.body);
    assert_eq!((served.get("events{job=\"test\"}"), served.help("events")), (Some(3.0), Some("Events read.")));
    let rendered = handle.render();
    assert!(response.body.contains("# HELP events ") && rendered.contains("# HELP events "));
    let [served, rendered] = [&response.body, &rendered].map(|body| without_own(body));
    assert_eq!(served, rendered, "the handle and the endpoint tell the same");
    handle
}

fn text_is_served_whatever_a_reader_prefers(addr: SocketAddr) {
    let accept = "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                  text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n";
    let kind = |addr| ask(&mut Client::connect(addr), "GET", "", accept).header("content-type").to_owned();
    assert!(kind(addr).starts_with("text/plain; version=0.0.4"), "{}", kind(addr));
    // Unless it is told otherwise.
    let mut exporter = None;
    let builder = Recorder::builder().with_exporter(|settings| settings.formats([]));
    drop(builder.with_exporter(|settings| {
        exporter = Some(settings.clone());
        settings
    }));
    let exporter = exporter.expect("it was shown").listen("127.0.0.1:0").spawn().expect("a free port");
    let addr = exporter.local_addrs()[0];
    assert!(kind(addr).starts_with("application/openmetrics-text"), "{}", kind(addr));
}

/// Gives a body without what the exporter tells of itself.
fn without_own(body: &str) -> Vec<&str> {
    body.lines().filter(|line| !line.contains("streamgauge_exporter_")).collect()
}

fn a_second_one_is_refused_and_leaves_nothing_behind(first: SocketAddr) {
    let free = TcpListener::bind(address_of_its_own()).unwrap().local_addr().unwrap();
    let error = Recorder::builder().with_http_listener(free).install().unwrap_err();
    assert!(matches!(error, Error::RecorderInstalled { facade: "0.24", .. }), "{error:?}");
    let text = "the crate `metrics` 0.24 has a global recorder already: install one, once, before anything is recorded";
    assert_eq!(error.to_string(), text);
    assert!(TcpStream::connect_timeout(&free, Duration::from_secs(5)).is_err(), "it still listens");
    // The port of the first is used, so this is told before anything else is tried.
    let error = Recorder::builder().with_http_listener(first).install().unwrap_err();
    assert!(matches!(error, Error::Bind { .. }), "{error:?}");
    let error = Recorder::builder().install_recorder().unwrap_err();
    assert!(matches!(error, Error::RecorderInstalled { .. }), "{error:?}");
    counter!("events").increment(1);
    let served = Exposed::of(&scrape(first).body);
    assert_eq!(served.get("events{job=\"test\"}"), Some(4.0), "the first one goes on");
}

fn records_of_many_threads_add_up(handle: &Handle) {
    let threads: Vec<_> = (0..16)
        .map(|index| {
            thread::spawn(move || {
                for _ in 0..1_000 {
                    counter!("rows", "table" => "orders").increment(1);
                    counter!("rows", "thread" => (index % 4).to_string()).increment(1);
                    histogram!("lap").record(0.5);
                }
                gauge!("depth").increment(1);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let exposed = scraped(handle);
    assert_eq!(exposed.get("rows{job=\"test\",table=\"orders\"}"), Some(16_000.0));
    assert_eq!(exposed.get("rows{job=\"test\",thread=\"3\"}"), Some(4_000.0));
    assert_eq!(exposed.get("lap_count{job=\"test\"}"), Some(16_000.0));
    assert_eq!(exposed.get("lap_sum{job=\"test\"}"), Some(8_000.0));
    assert_eq!(exposed.get("depth{job=\"test\"}"), Some(16.0));
}

fn records_of_tasks_add_up(handle: &Handle) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                tokio::spawn(async {
                    let held = counter!("steps", "way" => "held");
                    for _ in 0..100 {
                        held.increment(1);
                        counter!("steps", "way" => "macro").increment(1);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    drop(runtime);
    let exposed = scraped(handle);
    assert_eq!(exposed.get("steps{job=\"test\",way=\"held\"}"), Some(5_000.0));
    assert_eq!(exposed.get("steps{job=\"test\",way=\"macro\"}"), Some(5_000.0));
}

/// Destructors that ran after those of the engine and the recorder.
static LATE: AtomicUsize = AtomicUsize::new(0);

/// Records when its thread ends.
struct AtExit {
    held: metrics::Counter,
    thread: usize,
    /// Before the thread ended.
    idle_slabs: usize,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        LATE.fetch_add(usize::from(stats().idle_slabs > self.idle_slabs), Ordering::Relaxed);
        self.held.increment(1);
        counter!("exits", "way" => "known").increment(1);
        // A series that nobody has used, so that the recorder makes it here.
        counter!("exits", "thread" => self.thread.to_string()).increment(1);
        counter!("exits", "thread" => self.thread.to_string()).increment(1);
        histogram!("exit").record(0.5);
        gauge!("exited").increment(1);
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// The application's thread-local is initialised before the recorder's.
    AppFirst,
    RecorderFirst,
    /// The thread records nothing before its destructors run.
    OnlyAtExit,
}

fn records_in_destructors_of_threads_are_counted(handle: &Handle) {
    const THREADS: usize = 20;
    let held = counter!("exits", "way" => "held");
    let mut thread_number = 0;
    let late = [Order::AppFirst, Order::RecorderFirst, Order::OnlyAtExit].map(|order| {
        let before = LATE.load(Ordering::Relaxed);
        for _ in 0..THREADS {
            let at_exit = AtExit { held: held.clone(), thread: thread_number, idle_slabs: usize::MAX };
            thread_number += 1;
            let thread = thread::spawn(move || {
                if order == Order::RecorderFirst {
                    counter!("exits", "way" => "known").increment(0);
                }
                AT_EXIT.set(Some(at_exit));
                if order == Order::AppFirst {
                    counter!("exits", "way" => "known").increment(0);
                }
                AT_EXIT.with_borrow_mut(|at_exit| at_exit.as_mut().unwrap().idle_slabs = stats().idle_slabs);
            });
            thread.join().expect("no destructor panics");
        }
        LATE.load(Ordering::Relaxed) - before
    });
    let exposed = scraped(handle);
    let times = 3.0 * THREADS as f64;
    for way in ["held", "known"] {
        assert_eq!(exposed.get(&format!("exits{{job=\"test\",way={way:?}}}")), Some(times), "{way}");
    }
    for thread in 0..3 * THREADS {
        assert_eq!(exposed.get(&format!("exits{{job=\"test\",thread=\"{thread}\"}}")), Some(2.0), "{thread}");
    }
    assert_eq!(exposed.get("exit_count{job=\"test\"}"), Some(times));
    assert_eq!(exposed.get("exited{job=\"test\"}"), Some(times));
    // Whichever way round destructors run here, one of the orders came after ours and the other before.
    assert!(late[..2] == [THREADS, 0] || late[..2] == [0, THREADS], "{late:?}");
}

fn a_panic_hook_may_record(handle: &Handle) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| counter!("panics").increment(1)));
    let outcome = thread::spawn(|| {
        let lap = histogram!("lap");
        // While the thread is unwinding its locals record as well.
        struct InFlight(metrics::Gauge);
        impl Drop for InFlight {
            fn drop(&mut self) {
                self.0.decrement(1);
                gauge!("unwound").increment(1);
            }
        }
        gauge!("in_flight").increment(1);
        let _in_flight = InFlight(gauge!("in_flight"));
        lap.record(0.5);
        panic!("on purpose");
    })
    .join();
    std::panic::set_hook(before);
    outcome.unwrap_err();
    let exposed = scraped(handle);
    assert_eq!(exposed.get("panics{job=\"test\"}"), Some(1.0));
    assert_eq!(exposed.get("in_flight{job=\"test\"}"), Some(0.0));
    assert_eq!(exposed.get("unwound{job=\"test\"}"), Some(1.0));
}

fn a_local_recorder_comes_before_the_global_one(handle: &Handle) {
    let local = facade::recorder();
    // One call site for both.
    let record = || counter!("layers").increment(1);
    record();
    metrics::with_local_recorder(&local, record);
    record();
    assert_eq!(scraped(handle).get("layers{job=\"test\"}"), Some(2.0));
    assert_eq!(facade::exposed(&local).get("layers"), Some(1.0));
}

#[cfg(feature = "metrics-0-23")]
fn both_versions_of_the_facade_are_one_exposition(handle: &Handle) {
    for _ in 0..2 {
        counter!("versions", "of" => "0.24").increment(1);
        metrics_0_23::counter!("versions", "of" => "0.23").increment(10);
        // The same key in both is the same series.
        counter!("shared").increment(1);
        metrics_0_23::counter!("shared").increment(10);
        metrics_0_23::gauge!("older").set(2.0);
        metrics_0_23::histogram!("older_lap").record(0.5);
    }
    metrics_0_23::describe_gauge!("older", metrics_0_23::Unit::Bytes, "Of the version before.");
    let served = Exposed::of(&scrape(handle.local_addrs()[0]).body);
    assert_eq!(served.get("versions{job=\"test\",of=\"0.24\"}"), Some(2.0));
    assert_eq!(served.get("versions{job=\"test\",of=\"0.23\"}"), Some(20.0));
    assert_eq!(served.get("shared{job=\"test\"}"), Some(22.0));
    assert_eq!((served.get("older{job=\"test\"}"), served.help("older")), (Some(2.0), Some("Of the version before.")));
    assert_eq!(served.get("older_lap_count{job=\"test\"}"), Some(2.0));
}
