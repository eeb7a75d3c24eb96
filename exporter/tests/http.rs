//! The protocol, byte by byte, over real sockets.

mod common;

use common::{Client, GET, scrape};
use streamgauge::Registry;
use streamgauge_exporter::Exporter;

fn exporter() -> (Registry, Exporter) {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(42);
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn().unwrap();
    (registry, exporter)
}

#[test]
fn a_scrape_gets_the_exposition_with_exact_headers() {
    let (_registry, exporter) = exporter();
    let response = scrape(exporter.local_addrs()[0]);
    assert_eq!(response.status, 200);
    assert!(response.body.contains("\nevents_total 42\n"), "{}", response.body);
    assert!(response.body.ends_with('\n'));
    assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    assert_eq!(response.header("vary"), "Accept, Accept-Encoding");
    assert_eq!(response.header("content-encoding"), "");
    assert_eq!(response.header("content-length"), response.body.len().to_string());
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("server"), "");
}

#[test]
fn requests_get_what_they_deserve() {
    let (_registry, exporter) = exporter();
    let long_header = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let many_headers = format!("GET /metrics HTTP/1.1\r\nHost: h\r\n{}\r\n", "x: y\r\n".repeat(200));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "y".repeat(66_000));
    let long_method = format!("{} /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "X".repeat(200));
    // Status, whether the connection is closed, request.
    let table: &[(u16, bool, &str)] = &[
        (200, false, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (200, false, "GET /metrics?name[]=x HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, false, "GET /metrics?name[]=% HTTP/1.1\r\nHost: h\r\n\r\n"),
        (406, false, "GET /metrics HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity;q=0\r\n\r\n"),
        (200, false, "GET http://elsewhere/metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (200, false, "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
        (200, false, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        (200, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
        (200, true, "GET /metrics HTTP/1.0\r\n\r\n"),
        // Paths are compared, not interpreted.
        (404, false, "GET /metrics/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "GET //metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "GET /Metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "GET /%6detrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "GET /x/../metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "GET /favicon.ico HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "POST /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        (404, false, "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"),
        // Methods.
        (405, true, "POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (405, true, "POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
        (405, true, "PUT / HTTP/1.1\r\nHost: h\r\n\r\n"),
        (405, true, "get /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
        (405, true, &long_method),
        // Bodies.
        (413, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
        (413, true, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"),
        (413, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
        (400, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        (404, true, "POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
        // Framing.
        (400, true, "GET /metrics HTTP/1.1\r\n\r\n"),
        (400, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
        (
            400,
            true,
            "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            400,
            true,
            "GET /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        ),
        (
            400,
            true,
            "POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (400, true, "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello"),
        (400, true, "GET /metrics HTTP/1.1\r\nHost : h\r\n\r\n"),
        (400, true, "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03 a TLS greeting\r\n\r\n"),
        // Size.
        (431, true, &long_header),
        (431, true, &many_headers),
        (431, true, &long_path),
    ];
    for (status, closed, request) in table {
        let shown = &request[..request.len().min(100)];
        let mut client = Client::connect(exporter.local_addrs()[0]);
        client.send(request.as_bytes());
        let response = client.receive(true);
        assert_eq!(response.status, *status, "{shown:?}: {response:?}");
        assert_eq!(client.is_closed(), *closed, "{shown:?}: {response:?}");
        if *status == 405 {
            assert_eq!(response.header("allow"), "GET, HEAD", "{shown:?}");
        }
        if *status >= 400 && *status != 431 && !response.body.is_empty() {
            assert_eq!(response.header("content-type"), "text/plain; charset=utf-8", "{shown:?}");
            assert!(!response.body.contains("nowhere"), "an answer repeats its request");
        }
    }
}

#[test]
fn head_gets_the_headers_of_get() {
    let (_registry, exporter) = exporter();
    for path in ["/metrics", "/", "/nowhere"] {
        let mut client = Client::connect(exporter.local_addrs()[0]);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let get = client.receive(true);
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let head = client.receive(false);
        assert_eq!(head.status, get.status);
        for header in ["content-type", "content-length", "cache-control", "x-content-type-options"] {
            assert_eq!(head.header(header), get.header(header), "{path} {header}");
        }
        // The next response must begin right behind the head.
        client.send(GET);
        assert_eq!(client.receive(true).status, 200);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (_registry, exporter) = exporter();
    let mut client = Client::connect(exporter.local_addrs()[0]);
    client.send(
        b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    assert_eq!(client.receive(true).status, 200);
    assert_eq!(client.receive(false).header("content-type"), "text/html; charset=utf-8");
    assert_eq!(client.receive(true).status, 404);
    assert!(!client.is_closed());
}

#[test]
fn the_landing_page_links_to_the_metrics() {
    let registry = Registry::new();
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").path("/internal/metrics").spawn().unwrap();
    let mut client = Client::connect(exporter.local_addrs()[0]);
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(client.receive(true).body.contains("<a href=\"/internal/metrics\">"));
    client.send(b"GET /internal/metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.receive(true).status, 200);
    client.send(GET);
    assert_eq!(client.receive(true).status, 404);
}

#[test]
fn the_exporter_counts_its_answers_from_zero() {
    let (registry, exporter) = exporter();
    let count = |code| registry.sample_value("streamgauge_exporter_http_requests_total", &[("code", code)]);
    for code in ["200", "400", "404", "405", "406", "413", "500", "503"] {
        assert_eq!(count(code), Some(0.0), "{code}");
    }
    assert_eq!(registry.sample_value("streamgauge_exporter_accept_errors_total", &[]), Some(0.0));
    assert_eq!(registry.sample_value("streamgauge_exporter_connections_refused_total", &[]), Some(0.0));
    let addr = exporter.local_addrs()[0];
    scrape(addr);
    scrape(addr);
    let mut client = Client::connect(addr);
    client.send(b"GET /metrics HTTP/1.1\r\n\r\n");
    assert_eq!(client.receive(true).status, 400);
    assert_eq!((count("200"), count("400"), count("404")), (Some(2.0), Some(1.0), Some(0.0)));
}

#[test]
fn self_metrics_can_be_left_out() {
    let registry = Registry::new();
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").self_metrics(false).spawn().unwrap();
    assert_eq!(scrape(exporter.local_addrs()[0]).body, "");
}

#[test]
fn a_name_that_is_taken_is_no_reason_not_to_start() {
    let registry = Registry::new();
    let mine = registry.counter("streamgauge_exporter_accept_errors_total", "Mine.").register().unwrap();
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn().unwrap();
    mine.inc();
    let response = scrape(exporter.local_addrs()[0]);
    assert!(response.body.contains("\nstreamgauge_exporter_accept_errors_total 1\n"));
    assert!(response.body.contains("streamgauge_exporter_connections_refused_total 0\n"));
}

#[test]
fn a_callback_that_panics_costs_its_own_metric_only() {
    let (registry, exporter) = exporter();
    registry.gauge("broken", "Panics.").callback(|| panic!("a fault in a callback")).unwrap();
    for _ in 0..2 {
        let response = scrape(exporter.local_addrs()[0]);
        assert_eq!(response.status, 200);
        assert!(response.body.contains("\nevents_total 42\n"));
        assert!(!response.body.contains("\nbroken "));
    }
}
