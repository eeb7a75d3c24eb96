//! Tests of the text formats, line by line.

use super::super::metadata::ShapeView;
use super::*;
use crate::kind::Kind;

fn metadata<'a>(name: &'a str, kind: Kind, shape: ShapeView<'a>) -> Metadata<'a> {
    Metadata { name, help: Some("say \"it\"\\"), kind, unit: None, labels: Some(&[]), shape, plain_numbers: false }
}

fn family(name: &str, help: &str, kind: Kind, shape: ShapeView<'_>) -> TextFamily {
    let help = Some(help).filter(|help| !help.is_empty());
    TextFamily::new(Metadata { help, ..metadata(name, kind, shape) }, TextStyle::default())
}

fn text(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn plain_numbers_are_text_0_0_4s_alone() {
    let of = |kind, shape, open_metrics| {
        let metadata = Metadata { plain_numbers: true, ..metadata("h", kind, shape) };
        TextFamily::new(metadata, TextStyle { open_metrics, ..TextStyle::default() })
    };
    let histogram = |open_metrics| {
        let it = of(Kind::Histogram, ShapeView::Buckets(&[0.00001, 1_048_576.0]), open_metrics);
        text(|out| it.histogram(out, b"", &[1, 0, 2], 1e7))
    };
    assert_eq!(
        histogram(false),
        "h_bucket{le=\"0.00001\"} 1\nh_bucket{le=\"1048576\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 10000000\n\
         h_count 3\n"
    );
    assert!(histogram(true).starts_with("h_bucket{le=\"1e-05\"} 1\nh_bucket{le=\"1.048576e+06\"} 1\n"));
    assert_eq!(
        text(|out| of(Kind::Summary, ShapeView::Quantiles(&[0.00001]), false).summary(out, b"", &[1e-9], -1e6, 1)),
        "h{quantile=\"0.00001\"} 0.000000001\nh_sum -1000000\nh_count 1\n"
    );
    assert_eq!(text(|out| of(Kind::Gauge, ShapeView::None, false).float(out, b"", f64::INFINITY)), "h +Inf\n");
}

#[test]
fn help_is_escaped_and_stands_once() {
    let it = family("a_total", "two-line\n doc  str\\ing \"quoted\"", Kind::Counter, ShapeView::None);
    assert_eq!(
        text(|out| it.header(out)),
        "# HELP a_total two-line\\n doc  str\\\\ing \"quoted\"\n# TYPE a_total counter\n"
    );
}

#[test]
fn samples_with_and_without_labels() {
    let it = family("a", "A.", Kind::Gauge, ShapeView::None);
    assert_eq!(text(|out| it.integer(out, b"", u64::MAX)), "a 18446744073709551615\n");
    assert_eq!(text(|out| it.signed(out, b"x=\"1\"", -3)), "a{x=\"1\"} -3\n");
    assert_eq!(text(|out| it.float(out, b"x=\"1\"", 1e6)), "a{x=\"1\"} 1e+06\n");
}

#[test]
fn a_histogram_is_cumulative_and_its_count_is_the_last_bucket() {
    let it = family("h", "H.", Kind::Histogram, ShapeView::Buckets(&[0.5, 1.0]));
    assert_eq!(
        text(|out| it.histogram(out, b"x=\"1\"", &[1, 0, 2], 9.25)),
        "h_bucket{x=\"1\",le=\"0.5\"} 1\nh_bucket{x=\"1\",le=\"1\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\n\
         h_sum{x=\"1\"} 9.25\nh_count{x=\"1\"} 3\n"
    );
    assert_eq!(
        text(|out| it.histogram(out, b"", &[0, 0, 0], 0.0)),
        "h_bucket{le=\"0.5\"} 0\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
    );
}

#[test]
fn a_summary_is_its_quantiles_sum_and_count() {
    let of = |open_metrics| {
        let metadata = metadata("s", Kind::Summary, ShapeView::Quantiles(&[0.0, 0.99, 1.0]));
        TextFamily::new(metadata, TextStyle { open_metrics, ..TextStyle::default() })
    };
    assert_eq!(
        text(|out| of(false).summary(out, b"x=\"1\"", &[-1.0, 2.0, f64::NAN], -4.0, 7)),
        "s{x=\"1\",quantile=\"0\"} -1\ns{x=\"1\",quantile=\"0.99\"} 2\ns{x=\"1\",quantile=\"1\"} NaN\n\
         s_sum{x=\"1\"} -4\ns_count{x=\"1\"} 7\n"
    );
    assert_eq!(
        text(|out| of(true).summary(out, b"", &[0.0, 2.0, f64::NAN], 4.0, 7)),
        "s{quantile=\"0.0\"} 0.0\ns{quantile=\"0.99\"} 2.0\ns{quantile=\"1.0\"} NaN\ns_sum 4.0\ns_count 7\n"
    );
    assert_eq!(
        text(|out| of(true).summary(out, b"", &[-1.0, 2.0, 3.0], -4.0, 7)),
        "s{quantile=\"0.99\"} 2.0\ns{quantile=\"1.0\"} 3.0\ns_count 7\n",
        "what is below zero is not allowed"
    );
}

fn open_metrics(name: &str, kind: Kind, unit: Option<&'static str>, escaping: Escaping) -> TextFamily {
    let shape = if kind == Kind::Histogram { ShapeView::Buckets(&[0.5, 1.0]) } else { ShapeView::None };
    let metadata = Metadata { unit, ..metadata(name, kind, shape) };
    TextFamily::new(metadata, TextStyle { open_metrics: true, escaping, ..TextStyle::default() })
}

#[test]
fn a_family_without_help_has_no_help_line() {
    assert_eq!(text(|out| family("a", "", Kind::Gauge, ShapeView::None).header(out)), "# TYPE a gauge\n");
}

#[test]
fn open_metrics_names_the_family_without_the_suffix() {
    let it = open_metrics("busy_seconds_total", Kind::Counter, Some("seconds"), Escaping::Underscores);
    assert_eq!(
        text(|out| it.header(out)),
        "# HELP busy_seconds say \\\"it\\\"\\\\\n# TYPE busy_seconds counter\n# UNIT busy_seconds seconds\n"
    );
    assert_eq!(text(|out| it.float(out, b"", 2.0)), "busy_seconds_total 2.0\n");
    assert_eq!(text(|out| it.float(out, b"", 1e6)), "busy_seconds_total 1e+06\n");
    assert_eq!(
        text(|out| it.created(out, b"a=\"1\"", 1_520_872_607_023)),
        "busy_seconds_created{a=\"1\"} 1520872607.023\n"
    );
    let it = open_metrics("requests", Kind::Counter, Some("seconds"), Escaping::Underscores);
    assert!(!text(|out| it.header(out)).contains("UNIT"), "it is no suffix");
    // As the Go library does: one name in all formats.
    assert!(text(|out| it.header(out)).ends_with("# TYPE requests unknown\n"));
    assert_eq!(text(|out| it.integer(out, b"", 2)), "requests 2\n");
    assert_eq!(text(|out| it.created(out, b"", 1)), "");
    let it = open_metrics("build_info", Kind::Info, None, Escaping::Underscores);
    assert!(text(|out| it.header(out)).ends_with("# TYPE build info\n"));
    assert_eq!(text(|out| it.integer(out, b"v=\"1\"", 1)), "build_info{v=\"1\"} 1\n");
}

#[test]
fn open_metrics_has_canonical_bounds() {
    let it = open_metrics("h", Kind::Histogram, None, Escaping::Underscores);
    assert_eq!(
        text(|out| it.histogram(out, b"", &[1, 0, 2], 9.0)),
        "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 9.0\nh_count 3\n"
    );
    let metadata = metadata("h", Kind::Histogram, ShapeView::Buckets(&[-1.0]));
    let it = TextFamily::new(metadata, TextStyle { open_metrics: true, ..TextStyle::default() });
    assert_eq!(text(|out| it.histogram(out, b"", &[1, 0], -2.0)), "h_bucket{le=\"-1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\n");
}

#[test]
fn names_that_must_be_quoted_stand_in_the_braces() {
    let it = open_metrics("http.\"x\"_total", Kind::Counter, None, Escaping::AllowUtf8);
    assert!(text(|out| it.header(out)).ends_with("# TYPE \"http.\\\"x\\\"\" counter\n"));
    assert_eq!(text(|out| it.integer(out, b"", 2)), "{\"http.\\\"x\\\"_total\"} 2\n");
    assert_eq!(text(|out| it.integer(out, b"a=\"1\"", 2)), "{\"http.\\\"x\\\"_total\",a=\"1\"} 2\n");
    let it = open_metrics("a.b", Kind::Histogram, None, Escaping::AllowUtf8);
    assert!(
        text(|out| it.histogram(out, b"x=\"1\"", &[1, 0, 0], 1.0))
            .starts_with("{\"a.b_bucket\",x=\"1\",le=\"0.5\"} 1\n")
    );
    let it = open_metrics("a.b_total", Kind::Counter, None, Escaping::Dots);
    assert_eq!(text(|out| it.integer(out, b"", 2)), "a_dot_b__total 2\n");
    let it = open_metrics("a.b_total", Kind::Counter, None, Escaping::Values);
    assert_eq!(text(|out| it.integer(out, b"", 2)), "U__a_2e_b__total 2\n");
}
