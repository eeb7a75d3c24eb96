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
        "families": 1, "samples": 2, "errors": 1, "warnings": 1, "omitted": 0,
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

/// What a terminal or the log of a build would act on.
const HOSTILE: [&str; 5] =
    ["\u{1b}]0;x\u{7}", "\u{9b}2J", "\u{202e}abc", "\\n::error file=x::injected", "\r::warning::y"];

#[test]
fn nothing_of_a_body_reaches_a_terminal_raw() {
    // In every place of a body; some are refused, and the others have something to be found.
    let places = [
        "{\"@\"} 1\n{\"@\"} 1\n",
        "@ 1\n",
        "a{@=\"b\"} 1\n",
        "a{\"@\"=\"b\"} 1\na{\"@\"=\"b\"} 1\n",
        "a{b=\"@\"} 1\na{b=\"@\"} 1\n",
        "a{b=@} 1\n",
        "a @\n",
        "a 1 @\n",
        "# TYPE a @\na 1\n",
        "# TYPE \"@\" counter\n{\"@\"} -1\n",
        "# HELP a @\na 1\n# HELP a @\n",
        "# TYPE a histogram\na_bucket{le=\"@\"} 1\n",
        "# TYPE a_@ gauge\n# UNIT a_@ @\na_@ 1\n# EOF\n",
        "# TYPE \"@\" histogram\n# HELP \"@\" H.\n{\"@_bucket\",le=\"1\"} 2\n{\"@_bucket\",le=\"2\"} 1\n",
        "# TYPE a counter\na_total 1 # {b=\"@\"} @\n# EOF\n",
    ];
    for (place, hostile) in places.iter().flat_map(|place| HOSTILE.map(|hostile| (place, hostile))) {
        let body = place.replace('@', hostile);
        for flags in [&["check", "-"][..], &["check", "-", "--json"], &["check", "-", "--format", "openmetrics"]] {
            let (_, text, error) = said(flags, &body);
            let is_raw = |char: char| (char.is_control() && char != '\n') || matches!(char, '\u{202e}');
            assert!(!text.contains(is_raw) && error.is_empty(), "{flags:?} {body:?}: {text:?}");
            for line in text.lines() {
                let is_ours = ["line ", "standard input: ", "{"].iter().any(|begin| line.starts_with(begin));
                assert!(is_ours, "{flags:?} {body:?}: {line:?}");
            }
        }
    }
}

#[test]
fn what_is_said_of_an_answer_is_no_command_either() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/html;\u{9b}2J\r\ncontent-length: 0\r\n\r\n";
    let (url, server) = answer_once(answer);
    let (status, _, error) = said(&["check", &url], "");
    server.join().unwrap();
    assert_eq!(status, 2);
    assert!(!error.trim_end().contains(char::is_control), "{error:?}");
    let (status, _, error) = said(&["check", "::error file=x::\u{1b}[2J"], "");
    assert_eq!(status, 2);
    assert!(!error.trim_end().contains(char::is_control), "{error:?}");
}

#[test]
fn a_body_that_is_too_long_is_refused_by_size() {
    let line = "rows_total 1\n";
    let long = line.repeat((1 << 20) / line.len() + 1);
    let (status, text, error) = said(&["check", "-", "--max-mib", "1"], &long);
    let expected = "error: standard input: the body has more than 1048576 bytes; --max-mib allows more than 1\n";
    assert_eq!((status, &*text, &*error), (2, "", expected));
    // What would be kept of it is bounded as well.
    let many = "b 1\n".repeat(260_000);
    let (status, text, _) = said(&["check", "-", "--max-mib", "1"], &many);
    assert_eq!(status, 1);
    assert!(text.contains("up to here the body takes more than the 16777216 bytes that are allowed"), "{text}");
    for wrong in ["0", "-1", "4097", "x"] {
        let (status, _, error) = said(&["check", "-", &format!("--max-mib={wrong}")], "");
        assert!(status == 2 && error.contains(wrong), "{error}");
    }
}

#[test]
fn findings_beyond_the_first_thousand_are_counted() {
    let body = "# TYPE a gauge\n# HELP a A.\n".to_owned() + &"a 1\n".repeat(1502);
    let (status, text, _) = said(&["check", "-"], &body);
    assert_eq!((status, text.lines().count()), (1, 1002));
    assert!(text.contains("\nand 501 findings more, of 1501 in all\n"), "{text}");
    assert!(text.ends_with("standard input: text, 1 family, 1502 samples, 1501 errors, 0 warnings\n"), "{text}");
    let (_, text, _) = said(&["check", "-", "--json"], &body);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&report["omitted"], &report["errors"]), (&json!(501), &json!(1501)));
    assert_eq!(report["findings"].as_array().unwrap().len(), 1000);
}
