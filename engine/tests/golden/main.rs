//! What one fixed registry is written as, in every format and escaping scheme, against the files in `golden`.
//!
//! A body that is meant to change is written anew by `STREAMGAUGE_BLESS=1 cargo test -p streamgauge --test golden`, never
//! in CI. The times at which series were made are the only part that no file can hold: `<created>` stands for them in
//! text, and 0 in protobuf.

mod bodies;
mod declared;
mod files;
#[path = "../common/proto.rs"]
mod proto;
mod registry;

use files::COMMAND;

#[test]
fn every_body_is_its_golden_file_byte_for_byte() {
    let bodies = bodies::all();
    let asked = |name: &str| std::env::var(name).ok();
    if files::is_blessing(asked("STREAMGAUGE_BLESS").as_deref(), asked("CI").as_deref()).expect("a legal wish") {
        files::bless(&bodies);
    }
    let problems = files::problems(&bodies);
    assert!(problems.is_empty(), "{}\nIf this is as it should be: {COMMAND}", problems.join("\n"));
}

/// Blessing writes whatever is exposed, so what the files are for is asked for beside them.
#[test]
fn what_the_files_are_to_hold_stands_in_them() {
    let bodies = bodies::all();
    let missing: Vec<_> = bodies::PROMISED
        .iter()
        .flat_map(|(name, lines)| lines.iter().map(move |line| (*name, *line)))
        .filter(|(name, line)| {
            let (_, body) = bodies.iter().find(|(body, _)| body == name).expect("a body of this name");
            !String::from_utf8_lossy(body).lines().any(|given| given == *line)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let lacks = |name: &str, part: &str| {
        let (_, body) = bodies.iter().find(|(body, _)| body == name).expect("a body of this name");
        assert!(!String::from_utf8_lossy(body).contains(part), "{part} is in {name}");
    };
    for hidden in ["app_empty_total", "app_detailed_total", "app_switched_off_total", "peer_nothing", "peer_unseen"] {
        lacks("text-allow-utf-8.txt", &format!("# TYPE {hidden} "));
    }
    lacks("text-allow-utf-8.txt", "# HELP open ");
    lacks("second.txt", "app_gone_total{value=\"goes\"}");
    lacks("openmetrics-allow-utf-8.txt", "<created>");
}

#[test]
fn files_are_written_only_where_somebody_asks_and_never_in_ci() {
    assert_eq!(files::is_blessing(None, None), Ok(false));
    assert_eq!(files::is_blessing(None, Some("true")), Ok(false));
    assert_eq!(files::is_blessing(Some("0"), None), Ok(false));
    assert_eq!(files::is_blessing(Some("1"), None), Ok(true));
    assert_eq!(files::is_blessing(Some("1"), Some("false")), Ok(true));
    assert!(files::is_blessing(Some("1"), Some("true")).is_err());
}

#[test]
fn the_first_line_that_differs_is_told() {
    let told = files::difference("x.txt", b"a\nb\nc\n", b"a\nB\nC\n").expect("they differ");
    assert!(told.contains("x.txt:2") && told.contains("\"b\"") && told.contains("\"B\""), "{told}");
    assert!(!told.contains("\"c\""), "{told}");
    let told = files::difference("x.txt", b"a\n", b"a\nb\n").expect("they differ");
    assert!(told.contains("x.txt:2") && told.contains("\"b\""), "{told}");
    let told = files::difference("x.txt", b"a\n", b"a").expect("they differ");
    assert!(told.contains("x.txt:2"), "{told}");
    assert_eq!(files::difference("x.txt", b"a\n", b"a\n"), None);
    let told = files::difference("x.bin", b"\x02\x0a\x00", b"\x02\x12\x00").expect("they differ");
    assert!(told.contains("x.bin:1") && told.contains("name: Some") && told.contains("help: Some"), "{told}");
    assert!(files::difference("x.bin", b"\x02\x0a\x00", b"\x05").is_some_and(|told| told.contains("x.bin")));
}

#[test]
fn only_a_time_of_the_run_in_its_form_is_replaced() {
    let masked = |line: &str| bodies::without_times(line, &(1_700_000_000_123..=1_700_000_000_125));
    assert_eq!(masked("a_created{b=\"c d\"} 1700000000.124\n"), "a_created{b=\"c d\"} <created>\n");
    assert_eq!(masked("{\"a.b_created\"} 1700000000.125\n# EOF\n"), "{\"a.b_created\"} <created>\n# EOF\n");
    for kept in [
        "a_created 1700000000.126\n",
        "a_created 1700000000.1240\n",
        "a_created 1700000000124\n",
        "a_created 1.700000000124e+09\n",
        "a_created +1700000000.124\n",
        "a_created 01700000000.124\n",
        "a_created 1700000000.124 1\n",
        "a 1700000000.124\n",
        "a_created 1700000000.124",
        "# HELP a_created 1700000000.124\n",
    ] {
        assert_eq!(masked(kept), kept);
    }
}
