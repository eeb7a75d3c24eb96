//! The reference of a registry's metrics.

use crate::common::labels::Table;
use std::time::Duration;
use streamgauge::{Buckets, Counter, Family, Kind, Registry, Unit};

/// Registers in one of two orders.
fn registry(reversed: bool) -> Registry {
    let registry = Registry::new();
    let scope = registry.label("pipeline", "orders");
    let mut steps: Vec<Box<dyn Fn()>> = vec![
        Box::new(|| {
            let read: Family<Table<'static>, Counter> = scope
                .counter("read_bytes_total", "Bytes | \"read\"\nby <table> & _more_.")
                .unit(Unit::Bytes)
                .limit(50)
                .family()
                .expect("legal");
            read.init(&Table { table: "a" });
        }),
        Box::new(|| {
            let buckets = Buckets::explicit([0.1, 1.0]);
            registry.histogram("size", "Sizes.").buckets(buckets).register().expect("legal").observe(1.0);
        }),
        Box::new(|| {
            registry.state_set("phase", "P.").states(["up", "a|b"]).register().expect("legal").set("up");
        }),
        Box::new(|| {
            let round = registry.summary("round_seconds", "R.").quantiles(&[0.5, 0.99]);
            round.window(Duration::from_millis(1500), 5).register().expect("legal").observe(1.0);
        }),
        Box::new(|| registry.enable_self_metrics().expect("free")),
    ];
    if reversed {
        steps.reverse();
    }
    steps.iter().for_each(|step| step());
    registry.clone()
}

#[test]
fn names_of_any_characters_stay_in_their_cells() {
    let registry = Registry::new();
    for (name, label) in [("a|b", "c|d"), ("a\nb.c", "\r"), ("`tick`", "a``b"), ("back\\slash", "`")] {
        let registered = registry.gauge(name, "G.").label(label, "x").register();
        registered.expect("legal").set(1.0);
    }
    let page = registry.describe().to_markdown();
    let rows: Vec<&str> = page.lines().skip(2).collect();
    assert_eq!(
        rows,
        [
            r"| `` `tick` `` | gauge |  | ```a``b``` | G. |  |",
            r"| `a\nb.c` | gauge |  | `\r` | G. |  |",
            r"| `a\|b` | gauge |  | `c\|d` | G. |  |",
            r"| `back\slash` | gauge |  | `` ` `` | G. |  |",
        ]
    );
}

#[test]
fn the_order_is_that_of_the_names() {
    let reference = registry(false).describe();
    assert_eq!(reference, registry(true).describe());
    let names: Vec<_> = reference.iter().map(|family| family.name.as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"streamgauge_series") && names.contains(&"size"));
    assert!(reference.iter().all(|family| family.collected == family.name.starts_with("streamgauge_")));
    let read = reference.iter().find(|family| family.name == "read_bytes_total").expect("registered");
    assert_eq!((read.kind, read.unit, read.limit), (Kind::Counter, Some(Unit::Bytes), 50));
    assert_eq!(read.labels, ["pipeline", "table"]);
    assert_eq!(Registry::disabled().describe().iter().count(), 0);
}

#[test]
fn markdown_keeps_its_table_whatever_the_texts_are() {
    let page = registry(false).describe().to_markdown();
    let line = |name: &str| page.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert_eq!(
        line("`read_bytes_total`"),
        "| `read_bytes_total` | counter | bytes | `pipeline`, `table` | Bytes \\| \"read\" by &lt;table> &amp; \
         \\_more\\_. | at most 50 series |"
    );
    assert_eq!(line("`size`"), "| `size` | histogram |  |  | Sizes. | buckets 0.1, 1 |");
    assert_eq!(
        line("`round_seconds`"),
        "| `round_seconds` | summary |  |  | R. | quantiles 0.5, 0.99 of the last 1.5 s |"
    );
    assert_eq!(line("`phase`"), "| `phase` | state set |  |  | P. | states up, a\\|b |");
    assert!(page.starts_with("| name | kind | unit | labels | help | details |\n|---|---|---|---|---|---|\n| `phase`"));
}

#[test]
fn json_says_the_same() {
    let json = registry(false).describe().to_json();
    assert!(json.contains(
        "{\"name\":\"read_bytes_total\",\"kind\":\"counter\",\"help\":\"Bytes | \\\"read\\\"\\nby <table> & _more_.\",\
         \"unit\":\"bytes\",\"labels\":[\"pipeline\",\"table\"],\"buckets\":[],\"quantiles\":[],\"window_seconds\":null,\"states\":[],\"level\":\"basic\",\"limit\":50,\
         \"value_limit\":1024,\"collected\":false}"
    ));
    assert!(json.contains("\"buckets\":[0.1,1],") && json.contains("\"states\":[\"up\",\"a|b\"],"));
    assert!(json.contains("\"quantiles\":[0.5,0.99],\"window_seconds\":1.5,"));
    assert!(json.starts_with('[') && json.ends_with("\"collected\":true}]"));
}
