//! What is refused, where, and in which words; and what hostile bodies cost.

use std::borrow::Cow;
use streamgauge::parse::{Error, ErrorKind, Event, Limits, MetricType, Parser, Syntax, Timestamp};

fn refused(parser: Parser<'_>) -> Error {
    let mut parser = parser;
    let error = parser.find_map(Result::err).expect("an error");
    assert!(parser.next().is_none(), "behind an error comes nothing");
    error
}

/// A body, the position of what is wrong with it, its sort, and words of the message.
type Case = (Syntax, &'static [u8], (u64, usize), ErrorKind, &'static str);

#[test]
fn errors_say_where_and_what() {
    use ErrorKind::{Escape, Name, Number, Order, Rule, Truncated, Utf8};
    let (text, open) = (Syntax::Text, Syntax::OpenMetrics);
    let cases: &[Case] = &[
        (text, b"a 1\nb 2", (2, 4), Truncated, "a line feed is expected"),
        (text, b"a{", (1, 3), ErrorKind::Syntax, "found the end of the line, but a label name is expected"),
        (text, b"\n\n a{b=\"\\", (3, 7), Escape, "a backslash at the end of the line"),
        (text, b"a{b=\"\\x\"} 1\n", (1, 6), Escape, "before 'x', but only \\\\, \\n and \\\" are escapes"),
        (text, b"a{b=\"\xc3\xa9\\\xc3\xa9\"} 1\n", (1, 8), Escape, "before 'é'"),
        (text, b"# HELP a x\\y\n", (1, 11), Escape, "before 'y'"),
        (text, b"a{b=\"\xc3\"} 1\n", (1, 6), Utf8, "the byte 0xc3"),
        (text, b"a{b=\"1\",b=\"2\"} 1\n", (1, 9), Name, "the label \"b\" is given twice"),
        (text, b"a{\"\"=\"1\"} 1\n", (1, 4), Name, "a label name is empty"),
        (text, b"{\"\"} 1\n", (1, 3), Name, "a metric name is empty"),
        (text, b"{b=\"1\"} 1\n", (1, 1), Name, "without the metric's name"),
        (text, b"{\"a\",\"b\"} 1\n", (1, 9), ErrorKind::Syntax, "'=' behind the label name"),
        (text, b"a{\"b\"} 1\n", (1, 6), ErrorKind::Syntax, "'=' behind the label name"),
        (text, b"\0a 1\n", (1, 1), ErrorKind::Syntax, "found '\\0', but a metric name is expected"),
        (text, b"a\0 1\n", (1, 2), Number, "the value \"\\0\" is not a number"),
        (text, b"a 1e400\n", (1, 3), Number, "the value \"1e400\" is out of range"),
        (text, b"a 1 9223372036854775808\n", (1, 5), Number, "out of range"),
        (text, b"a 1 1.5\n", (1, 5), Number, "in whole milliseconds, \"1.5\" is not a number"),
        (text, b"a 1 2 # {} 1\n", (1, 7), ErrorKind::Syntax, "found '#', but the end of the line is expected"),
        (text, b"# TYPE a counter\n# TYPE a gauge\n", (2, 8), Order, "a second TYPE of \"a\""),
        (text, b"a 1\n# TYPE a gauge\n", (2, 8), Order, "TYPE behind samples of \"a\""),
        (text, b"# TYPE a stateset\n", (1, 10), ErrorKind::Syntax, "the type \"stateset\", but counter, gauge"),
        (text, b"# TYPE a histogram\na_bucket{x=\"1\",le=\"?\"} 1\n", (2, 20), Number, "the bound \"?\""),
        (text, b"# TYPE a histogram\na_count -1\n", (2, 9), Rule, "the count -1 of \"a_count\" is negative"),
        (open, b"", (1, 1), Truncated, "\"# EOF\" is expected"),
        (open, b"a 1\n", (2, 1), Truncated, "\"# EOF\" is expected"),
        (open, b"a 1", (1, 4), Truncated, "a line feed is expected"),
        (open, b"# EOF\n\n", (2, 1), Order, "more behind \"# EOF\""),
        (open, b"a 1\r\n# EOF\n", (1, 3), Number, "\"1\\r\" is not a number"),
        (open, b"\xef\xbb\xbfa 1\n# EOF\n", (1, 1), ErrorKind::Syntax, "but a metric name is expected"),
        (open, b"a\t1\n# EOF\n", (1, 2), ErrorKind::Syntax, "found '\\t', but a space before the value"),
        (open, b"# a comment\n# EOF\n", (1, 1), ErrorKind::Syntax, "there are no comments"),
        (open, b"# TYPE a untyped\n# EOF\n", (1, 10), ErrorKind::Syntax, "stateset or unknown"),
        (open, b"a 1\nb 1\na 2\n# EOF\n", (3, 1), Order, "the name \"a\" belongs to the unknown \"a\""),
        (open, b"# TYPE a counter\na 1\n# EOF\n", (2, 1), Order, "samples called \"a_total\", \"a_created\""),
        (open, b"# TYPE a_total gauge\n# TYPE a counter\n# EOF\n", (2, 8), Order, "belongs to the gauge \"a_total\""),
        (open, b"# TYPE a histogram\n# TYPE a_sum gauge\n# EOF\n", (2, 8), Order, "belongs to the histogram \"a\""),
        (open, b"# UNIT a_s m\n# EOF\n", (1, 12), Rule, "\"a_s\" does not end in _ and the unit \"m\""),
        (open, b"# UNIT a_s s\n# TYPE a_s info\n# EOF\n", (2, 12), Rule, "the type info has no unit"),
        (open, b"# TYPE a stateset\na{b=\"x\"} 1\n# EOF\n", (2, 1), Rule, "names the state, is missing"),
        (open, b"# TYPE a gauge\na 1 # {} 1\n# EOF\n", (2, 5), Rule, "only the _total of counters"),
        (open, b"# TYPE a counter\na_total 1 1 # {b=\"1\",b=\"2\"} 1\n# EOF\n", (2, 22), Name, "given twice"),
        (open, b"a {count:1} 1\n# EOF\n", (1, 3), Number, "only OpenMetrics 2.0 has"),
    ];
    for (syntax, body, (line, column), kind, words) in cases {
        let error = refused(Parser::new(*syntax, body));
        let about = String::from_utf8_lossy(body);
        assert_eq!((error.line(), error.column(), error.kind()), (*line, *column, *kind), "{error} in {about:?}");
        assert!(error.message().contains(words), "{error} does not say {words:?} of {about:?}");
        assert!(error.to_string().starts_with(&format!("line {line}, column {column}: ")));
    }
}

#[test]
fn the_text_format_is_lenient_where_the_go_library_is() {
    let body =
        b" \t# HELP a \\\\ x  \n#\n# a comment\n#TYPE a COUNTER \na\t{ b = \"1\" , } 1.5 -7 \n  # HELP\n\n# EOF\n \t";
    let events: Result<Vec<_>, _> = Parser::text(body).collect();
    let events = events.expect("all of it is legal");
    assert_eq!(events[0], Event::Help { family: "a".into(), help: "\\ x  ".into() });
    assert_eq!(events[1], Event::Type { family: "a".into(), kind: MetricType::Counter });
    let Event::Sample(sample) = &events[2] else { panic!("a sample") };
    assert_eq!((sample.value(), sample.value_text(), sample.line()), (1.5, "1.5", 5));
    assert_eq!(sample.timestamp().map(Timestamp::as_millis), Some(-7));
    assert_eq!(sample.labels().collect::<Vec<_>>(), [("b".into(), "1".into())]);
    assert_eq!(events.len(), 3);
}

#[test]
fn samples_find_their_family() {
    // A family of its own that was there first keeps its name; later ones are parts of the summary.
    let body = b"a_count 1\n# TYPE a summary\na_sum 2\na_count 3\na_bucket 4\na 5\n";
    let families: Vec<(String, MetricType)> = Parser::text(body)
        .filter_map(|event| match event.expect("legal") {
            Event::Sample(sample) => Some((format!("{}|{}", sample.family(), sample.suffix()), sample.kind())),
            _ => None,
        })
        .collect();
    let (summary, unknown) = (MetricType::Summary, MetricType::Unknown);
    let expected =
        [("a_count|", unknown), ("a|_sum", summary), ("a_count|", unknown), ("a_bucket|", unknown), ("a|", summary)];
    assert_eq!(families, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[test]
fn what_has_no_escapes_is_borrowed() {
    let body = "{\"a.b\",c=\"plain é\",\"d\\n\"=\"\\\"\"} 18446744073709551615\n".as_bytes();
    let Some(Ok(Event::Sample(sample))) = Parser::text(body).next() else { panic!("a sample") };
    let labels: Vec<_> = sample.labels().collect();
    assert_eq!(sample.labels().len(), 2);
    assert!(matches!(labels[0], (Cow::Borrowed("c"), Cow::Borrowed("plain é"))), "{labels:?}");
    assert_eq!(labels[1], (Cow::Borrowed("d\n"), Cow::Borrowed("\"")));
    assert_eq!(sample.labels().get("d\n").as_deref(), Some("\""));
    assert_eq!(sample.labels().get("e"), None);
    // The float is rounded, the text is not.
    assert_eq!((sample.value(), sample.value_text()), (18_446_744_073_709_551_616.0, "18446744073709551615"));
}

/// Every limit: what just fits is taken, and one more is refused as that.
#[test]
fn limits_hold() {
    let of = |limits: Limits, fits: &str, too_much: &str, words: &str| {
        for syntax in [Syntax::Text, Syntax::OpenMetrics] {
            let end = if syntax == Syntax::OpenMetrics { "# EOF\n" } else { "" };
            let (fits, too_much) = (format!("{fits}\n{end}"), format!("{too_much}\n{end}"));
            let result: Result<Vec<_>, _> = Parser::new(syntax, fits.as_bytes()).with_limits(limits).collect();
            result.unwrap_or_else(|error| panic!("{error} in {fits}"));
            let error = refused(Parser::new(syntax, too_much.as_bytes()).with_limits(limits));
            assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
            assert!(error.message().contains(words), "{error}");
        }
    };
    let limits = Limits::default();
    of(limits.line_bytes(8), "a 123456", "a 1234567", "more than the 8 bytes");
    of(
        limits.name_bytes(2),
        "ab{\"cd\"=\"\",ef=\"\"} 1",
        "ab{\"cd\"=\"\",efg=\"\"} 1",
        "has 3 bytes, and 2 are allowed",
    );
    of(limits.name_bytes(2), "{\"ab\"} 1", "{\"abc\"} 1", "has 3 bytes, and 2 are allowed");
    of(limits.name_bytes(2), "# HELP ab x", "# HELP abc x", "has 3 bytes, and 2 are allowed");
    of(limits.value_bytes(2), "a{b=\"\\n\"} 1", "a{b=\"\\nx\"} 1", "has 3 bytes, and 2 are allowed");
    of(limits.labels(1), "a{b=\"\"} 1", "a{b=\"\",c=\"\"} 1", "more than the 1 labels");
    of(limits.families(1), "a 1", "a 1\nb 1", "more than the 1 families");
    of(limits.samples(2), "a 1\nb 2", "a 1\nb 2\nc 3", "more than the 2 samples");
}

/// Bodies that would take a careless parser hours, or the memory of the machine: each is one error, at once, or
/// linear work. A quadratic step over them would not end within the patience of whoever runs this.
#[test]
fn hostile_bodies_cost_no_more_than_honest_ones() {
    const MANY: usize = 2_000_000;
    let bounded = Limits::default().line_bytes(64 << 10).name_bytes(1 << 10).value_bytes(16 << 10);
    let unbounded = Limits::default()
        .line_bytes(usize::MAX)
        .name_bytes(usize::MAX)
        .value_bytes(usize::MAX)
        .labels(usize::MAX)
        .families(usize::MAX);
    let read = |body: &str, limits: Limits| {
        let text = Parser::text(body.as_bytes()).with_limits(limits).try_for_each(|event| event.map(drop));
        let open = Parser::open_metrics(body.as_bytes()).with_limits(limits).try_for_each(|event| event.map(drop));
        (text, open)
    };
    let labels: String = (0..MANY / 10).map(|label| format!("l{label}=\"\",")).collect();
    for body in [
        "a".repeat(MANY),
        format!("a{{b=\"{}", "\\\\".repeat(MANY)),
        format!("a{{b=\"{}\"}} 1", "\\n".repeat(MANY)),
        format!("a {}", "9".repeat(MANY)),
        format!("a 0.{}e-400", "1".repeat(MANY)),
        format!("a{{{}", ",".repeat(MANY)),
        format!("a{{{labels}l7=\"\"}} 1"),
        format!("# HELP a {}", "\\\"".repeat(MANY)),
        format!("# TYPE a {}", "x".repeat(MANY)),
        "#".repeat(MANY),
        " ".repeat(MANY),
        "{".repeat(MANY),
        "\0".repeat(MANY),
    ] {
        let line = format!("{body}\n");
        let (text, open) = read(&line, bounded);
        if line.trim().is_empty() || line.starts_with("##") {
            assert!(open.is_err());
        } else {
            let both = [text.expect_err("too long"), open.expect_err("too long")];
            assert!(both.iter().all(|error| error.kind() == ErrorKind::Limit && error.message().len() < 500));
        }
        // Without limits, and with those by default, there may be an error or none, and its message stays short.
        for limits in [Limits::default(), unbounded] {
            for error in <[_; 2]>::from(read(&line, limits)).into_iter().filter_map(Result::err) {
                assert!(error.message().len() < 1000, "{} bytes", error.message().len());
            }
        }
    }
    // Many families, each with a prefix of the others' names.
    let nested: String = (0..2_000).map(|len| format!("{}_sum 1\n", "a_sum".repeat(len % 100 + 1))).collect();
    assert!(read(&nested, unbounded).0.is_ok());
    let families: String = (0..MANY / 10).map(|family| format!("f{family} 1\n")).collect();
    assert!(read(&families, unbounded).0.is_ok());
}
