//! Readers of the text format. Each is given the body as it is taken from the network, or as near to it as its
//! interface allows, and hands out every label and value once.
//!
//! Left out: `openmetrics-parser`, whose licence (LGPL) this project does not take on, `prometheus-scrape`, of which
//! `prometheus-parse` is the maintained copy, `prometheus-exposition-format-rs` and `openmetrics`, without a release
//! since 2020, the latter also without labels.

use std::hint::black_box;
use std::sync::Arc;

use streamgauge::parse::{Event, Parser};
use streamgauge::{Format, Registry, Scraper};

use super::ours::{Labels, counter_family};
use crate::inputs::{Names, counter_names, counter_value};
use crate::runner::Side;

/// Returns what our encoder writes of the 10,000 counters.
pub fn counter_exposition() -> String {
    let registry = Registry::new();
    let family = counter_family(&registry, "events_total");
    for (i, names) in counter_names().enumerate() {
        family.with(&Labels::of(Names::values(&names)), |counter| counter.add(counter_value(i)));
    }
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    String::from_utf8(body).expect("the text format is UTF-8")
}

/// Reads the body so many times.
fn times<T>(n: u64, read: impl Fn() -> T) {
    for _ in 0..n {
        black_box(read());
    }
}

/// Ours: events from bytes, every label iterated.
pub fn streamgauge(body: &Arc<str>, samples: u64) -> Side {
    let body = Arc::clone(body);
    let read = move || {
        let mut count = 0;
        for event in Parser::text(body.as_bytes()) {
            if let Event::Sample(sample) = event.expect("a legal body") {
                for label in sample.labels() {
                    black_box(label);
                }
                black_box(sample.value());
                count += 1;
            }
        }
        count
    };
    assert_eq!(read(), samples, "every sample is read");
    Side::ours(move |n| times(n, &read))
}

/// What no reader gets around: the bytes are UTF-8, lines end, and numbers are read, with the standard library.
pub fn limit(body: &Arc<str>) -> Side {
    let body = Arc::clone(body);
    Side::limit("lines and numbers", move |n| {
        for _ in 0..n {
            let text = std::str::from_utf8(black_box(body.as_bytes())).expect("UTF-8");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let value = line.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
                black_box(value.expect("a value").expect("a number"));
            }
        }
    })
}

/// `prometheus-parse`: regular expressions; takes owned lines, which splitting a body is part of. It puts the parts of
/// histograms together.
pub fn prometheus_parse(body: &Arc<str>) -> Side {
    let body = Arc::clone(body);
    let read = move || {
        let lines = body.lines().map(|line| Ok(line.to_owned()));
        prometheus_parse::Scrape::parse(lines).expect("a legal body").samples.len()
    };
    assert!(read() > 0, "samples are read");
    Side::peer("prometheus-parse", move |n| times(n, &read))
}

/// `prom_text_format_parser`: winnow; checks that values are numbers and keeps their texts.
pub fn prom_text_format_parser(body: &Arc<str>) -> Side {
    let body = Arc::clone(body);
    let read = move || {
        let text = std::str::from_utf8(black_box(body.as_bytes())).expect("UTF-8");
        prom_text_format_parser::Scrape::parse(text).expect("a legal body").metrics.len()
    };
    assert!(read() > 0, "metrics are read");
    Side::peer("prom_text_format_parser", move |n| times(n, &read))
}

/// `nom-openmetrics`: nom; names are borrowed, values of labels are not.
pub fn nom_openmetrics(body: &Arc<str>) -> Side {
    let body = Arc::clone(body);
    let read = move || {
        let text = std::str::from_utf8(black_box(body.as_bytes())).expect("UTF-8");
        let (rest, families) = nom_openmetrics::parser::prometheus(text).expect("a legal body");
        assert!(rest.is_empty(), "left over: {rest:.60}");
        families.len()
    };
    assert!(read() > 0, "families are read");
    Side::peer("nom-openmetrics", move |n| times(n, &read))
}
