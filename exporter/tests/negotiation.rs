//! What a reader can ask for: a format, gzip, some families.

mod common;

use std::io::Read;

use common::{Client, Response, ask};
use flate2::read::GzDecoder;
use streamgauge::{Buckets, Registry};
use streamgauge_exporter::Exporter;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
const GZIP: &str = "Accept-Encoding: gzip\r\n";

/// An exporter of metrics that stay as they are; without its own, which change with each answer.
fn exporter() -> (Registry, Exporter, Client) {
    let registry = Registry::new();
    for table in 0..200 {
        let events = registry.label("table", table.to_string()).counter("events_total", "Events.");
        events.register().unwrap().add(table);
    }
    registry.gauge("lag_seconds", "Lag.").register().unwrap().set(1.5);
    let latency = registry.histogram("latency_seconds", "Latency.").buckets(Buckets::linear(1.0, 1.0, 3));
    latency.register().unwrap().observe(2.5);
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").self_metrics(false).spawn().unwrap();
    let client = Client::connect(exporter.local_addrs()[0]);
    (registry, exporter, client)
}

fn unpacked(response: &Response) -> String {
    assert_eq!(response.header("content-encoding"), "gzip");
    let mut text = String::new();
    GzDecoder::new(&response.bytes[..]).read_to_string(&mut text).unwrap();
    text
}

/// The names on the `# TYPE` lines.
fn families(body: &str) -> Vec<&str> {
    body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

#[test]
fn the_accept_headers_choose_the_format() {
    let (_registry, _exporter, mut client) = exporter();
    for (accept, content_type) in [
        ("", TEXT),
        ("Accept: */*\r\n", TEXT),
        ("Accept: image/png\r\n", TEXT),
        ("Accept: application/openmetrics-text;version=1.0.0\r\n", OPEN_METRICS),
        // Prometheus 2.42.
        (
            "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n",
            OPEN_METRICS,
        ),
        // Several headers are one list.
        ("Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text;version=1.0.0\r\n", OPEN_METRICS),
        ("Accept: application/openmetrics-text;version=1.0.0;q=0.5\r\nAccept: text/plain\r\n", TEXT),
        // Bytes that no header should have are no error.
        ("Accept: \u{ff}\u{fe};q=\u{ff}, ,;;=\r\n", TEXT),
    ] {
        let response = ask(&mut client, "GET", "", accept);
        assert_eq!((response.status, response.header("content-type")), (200, content_type), "{accept}");
        assert_eq!(response.header("vary"), "Accept, Accept-Encoding");
        assert_eq!(response.body.ends_with("\n# EOF\n"), content_type == OPEN_METRICS, "{accept}");
        // The name of a counter's family in this format.
        let family = if content_type == OPEN_METRICS { "events" } else { "events_total" };
        assert_eq!(families(&response.body), [family, "lag_seconds", "latency_seconds"], "{accept}");
    }
}

#[test]
fn gzip_is_for_those_who_ask() {
    let (_registry, _exporter, mut client) = exporter();
    let plain = ask(&mut client, "GET", "", "");
    assert_eq!(plain.header("content-encoding"), "");
    for headers in [GZIP, "Accept-Encoding: br, gzip;q=0.5\r\n", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n"] {
        let packed = ask(&mut client, "GET", "", headers);
        assert_eq!(unpacked(&packed), plain.body);
        assert_eq!(packed.header("content-type"), TEXT);
        assert_eq!(packed.header("content-length"), packed.bytes.len().to_string());
        assert_eq!(packed.header("vary"), "Accept, Accept-Encoding");
        assert!(packed.bytes.len() * 5 < plain.body.len(), "{} bytes", packed.bytes.len());
    }
    for headers in ["Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: gzip;q=0.1, identity\r\n"] {
        assert_eq!(ask(&mut client, "GET", "", headers).body, plain.body);
    }
}

#[test]
fn small_answers_are_compressed_only_if_they_must_be() {
    let (_registry, _exporter, mut client) = exporter();
    let plain = ask(&mut client, "GET", "?name[]=lag_seconds", GZIP);
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.body.ends_with("\nlag_seconds 1.5\n"));
    let packed = ask(&mut client, "GET", "?name[]=lag_seconds", "Accept-Encoding: gzip, identity;q=0\r\n");
    assert_eq!(unpacked(&packed), plain.body);
    let refused = ask(&mut client, "GET", "", "Accept-Encoding: br, *;q=0\r\n");
    assert_eq!((refused.status, refused.header("vary")), (406, "Accept, Accept-Encoding"));
    assert_eq!(refused.body, "only the content codings gzip and identity are there, and both are refused\n");
}

#[test]
fn head_has_the_headers_of_what_get_would_get() {
    let (_registry, _exporter, mut client) = exporter();
    for (query, headers) in [
        ("", ""),
        ("", GZIP),
        ("", "Accept: application/openmetrics-text;version=1.0.0\r\nAccept-Encoding: gzip\r\n"),
        ("?name[]=lag_seconds", "Accept-Encoding: gzip, identity;q=0\r\n"),
        ("", "Accept-Encoding: *;q=0\r\n"),
        ("?name=x", GZIP),
    ] {
        let get = ask(&mut client, "GET", query, headers);
        let head = ask(&mut client, "HEAD", query, headers);
        assert_eq!(head.status, get.status);
        for header in ["content-type", "content-length", "content-encoding", "vary", "cache-control"] {
            assert_eq!(head.header(header), get.header(header), "{header} of {headers:?}");
        }
    }
}

#[test]
fn names_choose_the_families() {
    let (_registry, _exporter, mut client) = exporter();
    for (query, expected) in [
        ("", &["events_total", "lag_seconds", "latency_seconds"][..]),
        ("?", &["events_total", "lag_seconds", "latency_seconds"]),
        ("?cache=42", &["events_total", "lag_seconds", "latency_seconds"]),
        ("?name[]=lag_seconds", &["lag_seconds"]),
        ("?name%5b%5d=lag%5Fseconds", &["lag_seconds"]),
        ("?name[]=latency_seconds_bucket&name[]=events_total", &["events_total", "latency_seconds"]),
        ("?name[]=lag_seconds&name[]=lag_seconds&cache=42", &["lag_seconds"]),
        ("?name[]=nothing", &[]),
    ] {
        let response = ask(&mut client, "GET", query, "");
        assert_eq!((response.status, families(&response.body)), (200, expected.to_vec()), "{query}");
    }
    let packed = ask(&mut client, "GET", "?name[]=events_total", GZIP);
    assert_eq!(families(&unpacked(&packed)), ["events_total"]);
}

#[test]
fn a_wrong_query_is_told_what_is_wrong() {
    let (_registry, _exporter, mut client) = exporter();
    let many = format!("?{}", "name[]=a&".repeat(257));
    let long = format!("?x={}", "y".repeat(8191));
    for (query, text) in [
        ("?name[]=a%g0", "byte 8 of the query string is a % without two hexadecimal digits behind it\n"),
        ("?name[]=", "name[] number 1 is empty; the name of a metric is expected\n"),
        ("?name=a", "byte 0 of the query string begins a parameter that is not known; write name[]=METRIC\n"),
        (&many, "name[] is given more than 256 times; at most 256 are allowed\n"),
        (&long, "the query string has 8193 bytes; at most 8192 are allowed\n"),
    ] {
        // The request was well framed, so the connection goes on.
        let response = ask(&mut client, "GET", query, "");
        assert_eq!((response.status, &*response.body), (400, text));
        assert_eq!(response.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[test]
fn a_client_may_change_its_mind_on_one_connection() {
    let (_registry, _exporter, mut client) = exporter();
    let plain = ask(&mut client, "GET", "", "").body;
    let metrics = ask(&mut client, "GET", "", "Accept: application/openmetrics-text\r\n").body;
    for _ in 0..3 {
        assert_eq!(unpacked(&ask(&mut client, "GET", "", GZIP)), plain);
        assert_eq!(ask(&mut client, "GET", "", "Accept: application/openmetrics-text\r\n").body, metrics);
        assert_eq!(ask(&mut client, "GET", "", "").body, plain);
    }
}
