//! A log that panics at every line costs the lines, and nothing else.
//!
//! Alone in its process, because a global subscriber stays for good.

#[path = "common/broken.rs"]
mod broken;
mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Client, scrape};
use streamgauge::Registry;
use streamgauge_exporter::Exporter;

#[test]
fn an_exporter_survives_its_log() {
    tracing::subscriber::set_global_default(broken::Broken).expect("the first one of the process");
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(42);
    // Every second reading panics, which is logged.
    let readings = AtomicUsize::new(0);
    let reading = move || {
        if readings.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { 7.0 } else { panic!("the user's code") }
    };
    registry.gauge("depth", "Depth.").callback(reading).unwrap();
    // A name of the exporter's own is taken, which is logged as well, and so is every address.
    registry
        .gauge("streamgauge_exporter_accept_errors_total", "Not the exporter's.")
        .verbatim()
        .register()
        .unwrap()
        .set(1.0);
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn().unwrap();
    let addr = exporter.local_addrs()[0];
    for round in 0..6 {
        let response = scrape(addr);
        assert_eq!(response.status, 200, "{round}");
        assert!(response.body.contains("\nevents_total 42\n"), "{}", response.body);
        assert_eq!(response.body.contains("\ndepth 7\n"), round % 2 == 0, "{}", response.body);
        // A connection that ends early, and a request that is none.
        drop(Client::connect(addr));
        let mut client = Client::connect(addr);
        client.send(b"\x16\x03\x01\r\n\r\n");
        assert_eq!(client.receive(true).status, 400);
    }
    exporter.shutdown().unwrap();
}
