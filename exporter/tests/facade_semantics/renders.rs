//! Renders that come at one time, and callbacks in them.

use crate::facade::{Exposed, recorder};
use metrics::{counter, with_local_recorder};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Only to fail instead of hanging.
const LONG: Duration = Duration::from_secs(60);

/// Renders on another thread; fails where that does not end.
fn render_elsewhere(handle: &streamgauge_exporter::recorder::Handle) -> Exposed {
    let (done, is_done) = mpsc::channel();
    let handle = handle.clone();
    thread::spawn(move || done.send(handle.render()));
    Exposed::of(&is_done.recv_timeout(LONG).expect("the render ends"))
}

#[test]
fn a_callback_may_render() {
    let recorder = recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || counter!("events").increment(3));
    let inner = handle.clone();
    let length = handle.registry().gauge("body_bytes", "Bytes of a body.");
    length.callback(move || inner.render().len() as f64).unwrap();
    for _ in 0..2 {
        let exposed = render_elsewhere(&handle);
        assert_eq!(
            (exposed.get("events"), exposed.get("body_bytes").is_some_and(|bytes| bytes > 10.0)),
            (Some(3.0), true)
        );
    }
}

#[test]
fn a_callback_that_hangs_does_not_keep_other_renders() {
    let recorder = recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || counter!("events").increment(3));
    let (entered, is_in) = mpsc::channel();
    let (go_on, gate) = mpsc::channel::<()>();
    let (hangs, gate) = (AtomicBool::new(true), Mutex::new(gate));
    let depth = handle.registry().gauge("depth", "Depth.");
    depth
        .callback(move || {
            if hangs.swap(false, Ordering::Relaxed) {
                entered.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
            }
            7.0
        })
        .unwrap();
    let hanging = thread::spawn({
        let handle = handle.clone();
        move || handle.render()
    });
    is_in.recv_timeout(LONG).unwrap();
    for _ in 0..3 {
        let exposed = render_elsewhere(&handle);
        assert_eq!((exposed.get("events"), exposed.get("depth")), (Some(3.0), None), "it has given nothing yet");
    }
    go_on.send(()).unwrap();
    assert_eq!(Exposed::of(&hanging.join().unwrap()).get("depth"), Some(7.0));
    assert_eq!(render_elsewhere(&handle).get("depth"), Some(7.0));
}

#[test]
fn a_final_value_is_shown_once_by_renders_one_after_the_other() {
    let recorder = recorder();
    let handle = recorder.handle();
    let requests = handle.registry().counter("requests", "Requests.").verbatim().dynamic_family().unwrap();
    requests.get_or_create(&[("path", "/")]).unwrap().add(2);
    assert_eq!(render_elsewhere(&handle).get("requests{path=\"/\"}"), Some(2.0));
    requests.remove(&[("path", "/")]);
    let seen = [(); 3].map(|()| render_elsewhere(&handle).get("requests{path=\"/\"}"));
    assert_eq!(seen, [Some(2.0), None, None]);
}
