//! What `lint` finds, in both formats.

use streamgauge::parse::{Check, Parser, Severity, Syntax, families, lint};

/// A severity, a check and a line.
type Found = (Severity, Check, u64);

fn findings(syntax: Syntax, body: &str) -> Vec<Found> {
    let families = families(Parser::new(syntax, body.as_bytes())).unwrap_or_else(|error| panic!("{error} in {body}"));
    let found = lint(syntax, &families);
    found.iter().map(|finding| (finding.severity, finding.check, finding.line)).collect()
}

#[test]
fn text() {
    use Severity::{Error, Warning};
    let histogram = "# HELP h H.\n# TYPE h histogram\n";
    let cases: &[(String, &[Found])] = &[
        ("# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 2\n".into(), &[]),
        ("a 1\n".into(), &[(Warning, Check::MissingType, 1), (Warning, Check::MissingHelp, 1)]),
        ("# HELP a A.\n# TYPE a gauge\n".into(), &[(Warning, Check::NoSamples, 1)]),
        (
            "# HELP a A.\n# TYPE a counter\na -1\n".into(),
            &[(Warning, Check::TotalSuffix, 1), (Warning, Check::CounterValue, 3)],
        ),
        ("# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n".into(), &[(Warning, Check::TotalSuffix, 1)]),
        (
            "# HELP a A.\n# TYPE a gauge\na{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n".into(),
            &[(Error, Check::Duplicate, 4)],
        ),
        (
            "# HELP a A.\n# TYPE a gauge\na 1\na{b=\"1\",c=\"\"} 2\na{b=\"\"} 1\na{d=\"\",b=\"1\"} 1\n".into(),
            &[
                (Warning, Check::InPieces, 5),
                (Error, Check::Duplicate, 5),
                (Warning, Check::InPieces, 6),
                (Error, Check::Duplicate, 6),
            ],
        ),
        (
            "# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\n# HELP b B.\n# TYPE b gauge\nb 1\na 2\nb{y=\"1\"} 1\n".into(),
            &[(Warning, Check::InPieces, 7), (Warning, Check::InPieces, 8)],
        ),
        (format!("{histogram}h_bucket{{le=\"-1\"}} 1\nh_bucket{{le=\"+Inf\"}} 2\nh_sum -3\nh_count 2\n"), &[]),
        (format!("{histogram}h_bucket{{le=\"1\"}} 1\nh_sum 3\nh_count 1\n"), &[(Error, Check::MissingInf, 3)]),
        (
            format!(
                "{histogram}h_bucket{{le=\"1\"}} 3\nh_bucket{{le=\"2\"}} 2\nh_bucket{{le=\"+Inf\"}} 3\nh_sum 3\nh_count 3\n"
            ),
            &[(Error, Check::BucketCounts, 4)],
        ),
        (
            format!(
                "{histogram}h_bucket{{le=\"2\"}} 1\nh_bucket{{le=\"1\"}} 1\nh_bucket{{le=\"+Inf\"}} 3\nh_sum 3\nh_count 3\n"
            ),
            &[(Error, Check::BucketOrder, 4)],
        ),
        (
            format!("{histogram}h_bucket{{x=\"1\",le=\"+Inf\"}} 3\nh_sum{{x=\"1\"}} 3\nh_count{{x=\"1\"}} 4\n"),
            &[(Error, Check::Count, 3)],
        ),
        (format!("{histogram}h_bucket{{le=\"+Inf\"}} 3\nh_sum 1\n"), &[(Error, Check::Count, 3)]),
        (format!("{histogram}h_bucket{{le=\"+Inf\"}} 3\nh_count 3\n"), &[(Error, Check::Sum, 3)]),
        (
            format!("{histogram}h_bucket 3\nh 3\nh_bucket{{le=\"+Inf\"}} 3\nh_sum 1\nh_count 3\n"),
            &[(Error, Check::Sample, 4), (Error, Check::Sample, 3)],
        ),
        (
            "# HELP s S.\n# TYPE s summary\ns{quantile=\"1.5\"} 1\ns 2\n".into(),
            &[(Error, Check::Quantile, 3), (Error, Check::Sample, 4)],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(findings(Syntax::Text, body), *expected, "{body}");
    }
}

#[test]
fn open_metrics() {
    use Severity::{Error, Warning};
    let cases: &[(&str, &[Found])] = &[
        ("# TYPE a counter\n# HELP a A.\na_total 1 # {t=\"1\"} 1\na_created 1\n# EOF\n", &[]),
        ("# TYPE a gauge\n# HELP a A.\na 1 1\na 1 2\n# EOF\n", &[]),
        ("# TYPE a gauge\n# HELP a A.\na 1 2\na 1 1\n# EOF\n", &[(Error, Check::Timestamps, 4)]),
        (
            "# TYPE a gauge\n# HELP a A.\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1 5\n# EOF\n",
            &[(Error, Check::InPieces, 5)],
        ),
        (
            "# TYPE a histogram\n# HELP a A.\na_bucket{le=\"1\"} 1 # {} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
            &[(Warning, Check::Exemplar, 3)],
        ),
        (
            "# TYPE a histogram\n# HELP a A.\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
            &[(Error, Check::Sum, 3)],
        ),
        (
            "# TYPE a gaugehistogram\n# HELP a A.\na_bucket{le=\"+Inf\"} 1 1\na_gcount 1 1\na_gsum 1 1\na_bucket{le=\"+Inf\"} 0 2\na_gcount 0 2\na_gsum -1 2\n# EOF\n",
            &[(Error, Check::Sum, 6)],
        ),
        ("# TYPE a stateset\n# HELP a A.\na{a=\"on\"} 1\na{a=\"off\"} 0\n# EOF\n", &[]),
    ];
    for (body, expected) in cases {
        assert_eq!(findings(Syntax::OpenMetrics, body), *expected, "{body}");
    }
}

/// Findings are read line by line, by terminals, and by services that take lines for commands.
#[test]
fn a_finding_is_one_line_of_printable_characters_whatever_the_names_are() {
    let evil = "aB\\n::error file=x::\u{1b}[2J \\\" \u{202e}\u{2028}";
    let body = format!("# HELP \"{evil}\" A.\n# TYPE \"{evil}\" gauge\n{{\"{evil}\",\"{evil}\"=\"\u{1b}\"}} 1\n");
    let read = families(Parser::text(body.as_bytes())).expect("legal");
    let found = lint(Syntax::Text, &read);
    assert_eq!(found.iter().map(|finding| finding.check).collect::<Vec<_>>(), [Check::Name; 3]);
    let name = "\"aB\\n::error file=x::\\u{1b}[2J \\\" \\u{202e}\\u{2028}\"";
    let colon = "the name has a colon in it, but colons are for recording rules";
    assert_eq!(found[0].to_string(), format!("line 1: warning: {name}: {colon}"));
    assert_eq!(found[2].message, format!("the label {name} is in camelCase, but snake_case is expected"));
    assert_eq!(found[0].family, read[0].name, "the field has the name as it is");
    let spoofed = "# HELP \"a: error: b\" A.\n# TYPE \"a: error: b\" gauge\n";
    let found = lint(Syntax::Text, &families(Parser::text(spoofed.as_bytes())).expect("legal"));
    assert_eq!(found[0].to_string(), "line 1: warning: \"a: error: b\": has metadata, but no samples");
}
