//! Names: what they become in the formats.

use crate::facade::{Exposed, exposed, recorder, rendered};
use metrics::{counter, describe_gauge, gauge, histogram, with_local_recorder};
use streamgauge::Format;

#[test]
fn dots_and_all_that_is_foreign_become_underscores() {
    for (given, expected) in [
        ("http.requests.total", "http_requests_total"),
        ("http:requests", "http:requests"),
        ("2xx", "_xx"),
        ("x2", "x2"),
        ("caf\u{e9}.\u{1f980}", "caf___"),
        ("a b\n\"c\"", "a_b__c_"),
        ("__internal", "__internal"),
        ("UPPER", "UPPER"),
        ("-", "_"),
    ] {
        let text = rendered(|| gauge!(given).set(1));
        assert_eq!(text, format!("# TYPE {expected} gauge\n{expected} 1\n"), "{given:?}");
    }
}

#[test]
fn an_empty_name_is_an_underscore() {
    assert_eq!(rendered(|| counter!("").increment(1)), "# TYPE _ counter\n_ 1\n");
}

#[test]
fn names_from_literals_and_strings_are_the_same() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("http.requests").increment(1);
        counter!(String::from("http.requests")).increment(2);
        counter!(std::borrow::Cow::<'static, str>::from("http.requests")).increment(4);
        counter!(metrics::SharedString::from_shared("http.requests".into())).increment(8);
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("http_requests"), Some(15.0));
    assert_eq!(exposed.collisions("name"), None);
}

#[test]
fn a_counter_keeps_its_name_in_every_format() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        counter!("rows_total").increment(2);
        histogram!("size").record(1);
    });
    for format in [Format::Text, Format::OpenMetrics] {
        let mut body = Vec::new();
        recorder.handle().encode(format, &mut body);
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("\nevents 1\n") && body.contains("\nrows_total 2\n"), "{body}");
    }
}

#[test]
fn the_handle_writes_what_it_renders() {
    let recorder = recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    let mut written = b"before\n".to_vec();
    recorder.handle().render_to_write(&mut written).unwrap();
    assert_eq!(written, format!("before\n{}", recorder.handle().render()).into_bytes());
}

#[test]
fn a_writer_that_fails_tells_its_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let recorder = recorder();
    with_local_recorder(&recorder, || counter!("events").increment(1));
    assert_eq!(recorder.handle().render_to_write(&mut Full).unwrap_err().to_string(), "full");
    assert_eq!(recorder.handle().render(), "# TYPE events counter\nevents 1\n", "and the next one goes on");
}

#[test]
fn what_has_no_series_is_not_exposed() {
    assert_eq!(rendered(|| describe_gauge!("depth", "Depth.")), "");
    assert_eq!(rendered(|| ()), "");
}

#[test]
fn long_names_are_kept_whole() {
    let name = "n".repeat(1_000);
    let exposed = Exposed::of(&rendered(|| {
        for _ in 0..2 {
            counter!(name.clone()).increment(1);
        }
    }));
    assert_eq!(exposed.get(&name), Some(2.0));
}
