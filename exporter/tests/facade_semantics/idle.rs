//! Series that nothing updates any more.

use crate::facade::{Exposed, scraped, wait_until};
use metrics::{counter, gauge, histogram, with_local_recorder};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use streamgauge::{Format, Scraper};
use streamgauge_exporter::recorder::{Handle, Matcher, MetricKindMask, Recorder};

fn idling(mask: MetricKindMask) -> Recorder {
    Recorder::builder().idle_timeout(mask, Some(Duration::from_millis(40))).build_recorder()
}

/// Scrapes until a sample is gone, and gives the values it was seen with.
fn until_gone(handle: &Handle, sample: &str) -> Vec<f64> {
    let mut seen = Vec::new();
    wait_until(|| match scraped(handle).get(sample) {
        Some(value) => {
            seen.push(value);
            false
        }
        None => true,
    });
    seen
}

#[test]
fn an_idle_series_goes_though_a_living_thread_has_cached_it() {
    let recorder = idling(MetricKindMask::ALL);
    let handle = recorder.handle();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (ready, is_ready) = mpsc::channel();
        let recorder = &recorder;
        scope.spawn(move || {
            with_local_recorder(recorder, || {
                counter!("events").increment(2);
                gauge!("depth").set(3);
                histogram!("size").record(4);
            });
            ready.send(()).unwrap();
            // Lives on, idle, until the series are gone.
            let _ = ended.recv();
        });
        is_ready.recv().unwrap();
        with_local_recorder(recorder, || counter!("events").increment(1));
        assert!(until_gone(&handle, "events").iter().all(|value| *value == 3.0));
        until_gone(&handle, "depth");
        until_gone(&handle, "size_count");
        assert_eq!(handle.render(), "");
        drop(end);
    });
}

/// Records one series of each kind on a thread that ends, so that nothing remembers them.
fn record_and_end(recorder: &Recorder) {
    thread::scope(|scope| {
        scope.spawn(|| {
            with_local_recorder(recorder, || {
                counter!("events").increment(1);
                gauge!("depth").set(2);
                histogram!("size").record(3);
            });
        });
    });
}

#[test]
fn only_the_kinds_of_the_mask_go() {
    let recorder = idling(MetricKindMask::COUNTER | MetricKindMask::HISTOGRAM);
    let handle = recorder.handle();
    record_and_end(&recorder);
    until_gone(&handle, "events");
    until_gone(&handle, "size_count");
    // The gauge is as old as they were, and has seen the same scrapes.
    assert_eq!(handle.render(), "# TYPE depth gauge\ndepth 2\n");
}

#[test]
fn each_kind_goes_by_itself() {
    let samples = ["events", "depth", "size_count"];
    for (mask, gone) in [(MetricKindMask::COUNTER, 0), (MetricKindMask::GAUGE, 1), (MetricKindMask::HISTOGRAM, 2)] {
        let recorder = idling(mask);
        record_and_end(&recorder);
        until_gone(&recorder.handle(), samples[gone]);
        // Long enough for those that must stay to be as idle as the one that went.
        thread::sleep(Duration::from_millis(80));
        let exposed = scraped(&recorder.handle());
        let left = samples.iter().filter(|sample| exposed.get(sample).is_some()).count();
        assert_eq!(left, 2, "{mask:?}: {exposed:?}");
    }
}

#[test]
fn a_series_whose_handle_is_held_stays() {
    let recorder = idling(MetricKindMask::ALL);
    let handle = recorder.handle();
    let held = with_local_recorder(&recorder, || {
        counter!("events", "who" => "nobody").increment(1);
        (counter!("events", "who" => "holder"), gauge!("depth"), histogram!("size"))
    });
    held.0.increment(5);
    until_gone(&handle, "events{who=\"nobody\"}");
    let exposed = scraped(&handle);
    assert_eq!(exposed.get("events{who=\"holder\"}"), Some(5.0));
    assert_eq!((exposed.get("depth"), exposed.get("size_count")), (Some(0.0), Some(0.0)));
    held.0.increment(1);
    assert_eq!(scraped(&handle).get("events{who=\"holder\"}"), Some(6.0));
    drop(held);
    assert!(until_gone(&handle, "events{who=\"holder\"}").iter().all(|value| *value == 6.0));
    until_gone(&handle, "depth");
}

#[test]
fn a_series_that_is_updated_stays() {
    let recorder = idling(MetricKindMask::ALL);
    let handle = recorder.handle();
    let mut total = 0.0;
    with_local_recorder(&recorder, || counter!("events", "who" => "idle").increment(1));
    wait_until(|| {
        with_local_recorder(&recorder, || counter!("events", "who" => "busy").increment(1));
        total += 1.0;
        let exposed = scraped(&handle);
        // Should the machine stop this thread for longer than the timeout, the series begins anew; its increment is
        // there in any case.
        let busy = exposed.get("events{who=\"busy\"}").expect("it was updated just now");
        assert!(busy >= 1.0 && busy <= total, "{busy} of {total}");
        exposed.get("events{who=\"idle\"}").is_none()
    });
}

#[test]
fn every_reader_sees_the_final_value_once_more() {
    let recorder = idling(MetricKindMask::ALL);
    let handle = recorder.handle();
    let mut other = Scraper::new(handle.registry());
    let mut seen_by_other = || {
        let mut body = Vec::new();
        other.encode(Format::Text, &mut body);
        Exposed::of(std::str::from_utf8(&body).unwrap()).get("events")
    };
    with_local_recorder(&recorder, || counter!("events").increment(2));
    assert_eq!(seen_by_other(), Some(2.0));
    with_local_recorder(&recorder, || counter!("events").increment(3));
    until_gone(&handle, "events");
    assert_eq!([seen_by_other(), seen_by_other()], [Some(5.0), None]);
}

#[test]
fn a_counter_that_comes_back_begins_at_zero() {
    let recorder = idling(MetricKindMask::ALL);
    let handle = recorder.handle();
    with_local_recorder(&recorder, || counter!("events").increment(5));
    until_gone(&handle, "events");
    let held = with_local_recorder(&recorder, || counter!("events"));
    assert_eq!(scraped(&handle).get("events"), Some(0.0));
    held.increment(1);
    assert_eq!(scraped(&handle).get("events"), Some(1.0));
}

#[test]
fn without_a_timeout_nothing_goes() {
    let timed = idling(MetricKindMask::ALL);
    let recorder = Recorder::builder()
        .idle_timeout(MetricKindMask::ALL, Some(Duration::from_millis(1)))
        .idle_timeout(MetricKindMask::ALL, None)
        .build_recorder();
    for recorder in [&timed, &recorder] {
        with_local_recorder(recorder, || counter!("events").increment(1));
    }
    until_gone(&timed.handle(), "events");
    assert_eq!(scraped(&recorder.handle()).get("events"), Some(1.0));
}

#[test]
fn an_update_that_changes_nothing_keeps_a_series() {
    let recorder = Recorder::builder()
        .idle_timeout(MetricKindMask::ALL, Some(Duration::from_millis(40)))
        .set_quantiles_for_metric(Matcher::Full("lag".into()), &[0.5])
        .unwrap()
        .build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        for who in ["alive", "total", "dead"] {
            counter!("events", "who" => who).increment(5);
        }
        for who in ["nan", "none", "dead"] {
            histogram!("size", "who" => who).record(1);
        }
        histogram!("lag").record(1);
        gauge!("depth").set(1);
    });
    let updates = || {
        with_local_recorder(&recorder, || {
            counter!("events", "who" => "alive").increment(0);
            counter!("events", "who" => "total").absolute(3);
            histogram!("size", "who" => "nan").record(f64::NAN);
            histogram!("size", "who" => "none").record_many(1.0, 0);
            histogram!("lag").record(f64::INFINITY);
            gauge!("depth").set(1);
        });
    };
    // Three times over, for what an update does not keep may outlive the first look.
    for _ in 0..3 {
        with_local_recorder(&recorder, || {
            counter!("events", "who" => "dead").increment(1);
            histogram!("size", "who" => "dead").record(1);
        });
        wait_until(|| {
            updates();
            let exposed = scraped(&handle);
            for kept in ["events{who=\"alive\"}", "events{who=\"total\"}"] {
                assert_eq!(exposed.get(kept), Some(5.0), "{kept}");
            }
            for kept in ["size_count{who=\"nan\"}", "size_count{who=\"none\"}", "lag_count", "depth"] {
                assert_eq!(exposed.get(kept), Some(1.0), "{kept}");
            }
            exposed.get("events{who=\"dead\"}").is_none() && exposed.get("size_count{who=\"dead\"}").is_none()
        });
    }
}
