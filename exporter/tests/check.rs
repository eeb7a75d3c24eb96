//! The command `streamgauge check`, as a user runs it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};
use streamgauge::{Buckets, Registry};
use streamgauge_exporter::Exporter;

const GOOD: &str = "# HELP rows_total Rows.\n# TYPE rows_total counter\nrows_total{table=\"orders\"} 3\n";
/// One error, one warning.
const WRONG: &str = "# TYPE rows_total counter\nrows_total 3\nrows_total 3\n";
const REFUSED: &str = "up 1\nrows{table=orders} 3\n";
const OPEN_METRICS: &str = "# TYPE rows counter\n# HELP rows Rows.\nrows_total 3.0\n# EOF\n";

/// Runs the command with something on its standard input.
fn run(flags: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
    command.args(flags).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A wrong flag ends it before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The status and what it wrote, on standard output and standard error.
fn said(flags: &[&str], input: &str) -> (i32, String, String) {
    let output = run(flags, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Answers one request with these bytes, and returns it.
fn answer_once(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics?x=y", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0, "half a request");
            request.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

#[test]
fn findings_are_lines_and_a_status() {
    for (input, status, expected) in [
        (GOOD, 0, "standard input: text, 1 family, 1 sample, 0 errors, 0 warnings\n"),
        ("", 0, "standard input: text, 0 families, 0 samples, 0 errors, 0 warnings\n"),
        (
            "up 1\n# TYPE down gauge\n# HELP down D.\ndown 0\n",
            0,
            "line 1: warning: up: has no type\nline 1: warning: up: has no help text\n\
            standard input: text, 2 families, 2 samples, 0 errors, 2 warnings\n",
        ),
        (
            WRONG,
            1,
            "line 1: warning: rows_total: has no help text\n\
            line 3: error: rows_total: the series is there twice\n\
            standard input: text, 1 family, 2 samples, 1 error, 1 warning\n",
        ),
        (
            REFUSED,
            1,
            "line 2: error: column 12: found 'o', but a label value in double quotes is expected\n\
            standard input: text, refused on line 2\n",
        ),
        (OPEN_METRICS, 0, "standard input: openmetrics, 1 family, 1 sample, 0 errors, 0 warnings\n"),
    ] {
        assert_eq!(said(&["check", "-"], input), (status, expected.to_owned(), String::new()));
    }
}

#[test]
fn json_says_the_same() {
    let (status, text, _) = said(&["check", "--json", "-"], WRONG);
    let expected = json!({
        "source": "standard input", "format": "text", "complete": true,
        "families": 1, "samples": 2, "errors": 1, "warnings": 1,
        "findings": [
            {"severity": "warning", "check": "missing_help", "line": 1, "column": null, "family": "rows_total",
             "message": "has no help text"},
            {"severity": "error", "check": "duplicate", "line": 3, "column": null, "family": "rows_total",
             "message": "the series is there twice"},
        ],
    });
    assert_eq!((status, serde_json::from_str::<Value>(&text).unwrap()), (1, expected));
    assert_eq!(text.lines().count(), 1);

    let (status, text, _) = said(&["check", "-", "--json"], REFUSED);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &report["complete"], &report["errors"]), (1, &json!(false), &json!(1)));
    assert_eq!((&report["findings"][0]["check"], &report["findings"][0]["column"]), (&json!("syntax"), &json!(12)));
}

#[test]
fn the_format_can_be_demanded() {
    // A body that was cut off is text only by its looks.
    let cut = OPEN_METRICS.strip_suffix("# EOF\n").unwrap();
    assert_eq!(said(&["check", "-", "--format", "openmetrics"], cut).0, 1);
    assert_eq!(said(&["check", "-", "--format", "openmetrics"], OPEN_METRICS).0, 0);
    assert_eq!(said(&["check", "-", "--format", "openmetrics"], GOOD).0, 1);
}

#[test]
fn what_cannot_be_looked_at_is_another_status() {
    let (status, out, error) = said(&["check", "no-such-file.prom"], "");
    assert_eq!((status, &*out), (2, ""));
    assert!(error.starts_with("error: no-such-file.prom: No such file") && error.lines().count() == 1, "{error}");
    for (flags, part) in [
        (&["check", "https://localhost/metrics"][..], "curl URL | streamgauge check -"),
        (&["check", "http://me:secret@localhost/metrics"], "curl URL | streamgauge check -"),
        (&["check", "http://a b/"], "no URL"),
        (&["check", "-", "--format", "xml"], "[possible values: text, openmetrics]"),
        (&["check"], "FILE|URL"),
        (&["chekc"], "check"),
    ] {
        let (status, _, error) = said(flags, "");
        assert!(status == 2 && error.contains(part), "{flags:?}: {status} {error}");
    }
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (status, _, error) = said(&["check", &format!("http://{free}/metrics")], "");
    assert!(status == 2 && error.contains("refused"), "{error}");
}

#[test]
fn an_exporter_of_ours_is_without_fault() {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(7);
    let latency = registry.histogram("latency_seconds", "Latency.").buckets(Buckets::linear(1.0, 1.0, 3));
    latency.register().unwrap().observe(2.5);
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").spawn().unwrap();
    let url = format!("http://{}/metrics", exporter.local_addrs()[0]);
    for (flags, format) in [
        (&["check", &url][..], "openmetrics"),
        (&["check", &url, "--format", "openmetrics"], "openmetrics"),
        (&["check", &url, "--format", "text"], "text"),
    ] {
        let (status, out, error) = said(flags, "");
        assert_eq!((status, &*error), (0, ""), "{out}");
        assert!(
            out.starts_with(&format!("{url}: {format}, 5 families, ")) && out.ends_with(", 0 errors, 0 warnings\n"),
            "{out}"
        );
    }
    let (status, _, error) = said(&["check", &url.replace("metrics", "nowhere")], "");
    assert!(status == 2 && error.contains("404 Not Found"), "{error}");
}

#[test]
fn other_servers_are_read_as_they_answer() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ntransfer-encoding: chunked\r\n\r\n\
        5\r\nup 1\n\r\n0\r\n\r\n";
    let (url, server) = answer_once(chunked);
    let (status, out, _) = said(&["check", &url], "");
    assert!(status == 0 && out.contains("text, 1 family, 1 sample"), "{out}");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /metrics?x=y HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("accept: application/openmetrics-text;version=1.0.0,text/plain"), "{request}");

    for (answer, flags, part) in [
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n", &[][..], "text/html"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", &[], "\"\""),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n",
            &["--format", "openmetrics"],
            "not the format asked for",
        ),
        ("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", &[], "302 Found"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nup 1\n", &[], "the answer broke off"),
        ("SSH-2.0-OpenSSH_9.2\r\n", &[], "no answer in HTTP"),
    ] {
        let (url, server) = answer_once(answer);
        let (status, _, error) = said(&[&["check", &url], flags].concat(), "");
        assert!(status == 2 && error.contains(part) && error.lines().count() == 1, "{answer}: {error}");
        server.join().unwrap();
    }
}

#[test]
fn a_port_that_is_none_is_not_taken_for_the_usual_one() {
    let (status, _, error) = said(&["check", "http://127.0.0.1:99999/metrics"], "");
    assert!(status == 2 && error.contains("the port is \"99999\", and 0 to 65535 are allowed"), "{error}");
}
