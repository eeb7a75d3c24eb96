//! The bodies of the fixed registry, without what no two runs have in common.

use crate::proto::{self, Timestamp};
use crate::registry::Fixed;
use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};
use streamgauge::{Escaping, Exposition, Filter, Format, Metric, MetricValue, Scraper};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// Lines that stand in a body, for they are why it is kept.
pub(crate) const PROMISED: &[(&str, &[&str])] = &[
    (
        "openmetrics-created-allow-utf-8.txt",
        &[
            r#"# HELP app_events Events \"read\",\n\\ and counted."#,
            "# UNIT app_busy_seconds seconds",
            r#"app_events_created{pipeline="or\"ders\\\n"} <created>"#,
            r#"app_sizes_bytes_created{pipeline="or\"ders\\\n"} <created>"#,
            r#"app_time_seconds_created{pipeline="or\"ders\\\n"} <created>"#,
            r#"{"größe.zeit_created","straße"="x"} <created>"#,
            "# TYPE app_phase stateset",
            r#"app_phase{pipeline="or\"ders\\\n",app_phase="str\"eam\\"} 1"#,
            r#"app_build_info{pipeline="or\"ders\\\n",version="1.4.2"} 1"#,
            r#"app_share_ratio_bucket{pipeline="or\"ders\\\n",le="-0.5"} 1"#,
            r#"app_jobs{pipeline="or\"ders\\\n",queue="callback"} 2.5"#,
            // Not a counter: beside a gauge that is called as its `_created` samples.
            "# TYPE app_runs_total unknown",
            "# TYPE peer_offset unknown",
            r#"peer_reads_total{peer="","räume.ä"="é"} 0.5"#,
            "# EOF",
        ],
    ),
    (
        "text-underscores.txt",
        &[
            r#"app_gone_total{value="goes"} 4"#,
            r#"app_gone_sizes_bucket{value="goes",le="+Inf"} 1"#,
            r#"app_reborn_total{value="again"} 10"#,
            r#"app_full_total{value="__overflow__"} 7"#,
            r#"app_full_bucket{op="__overflow__",ok="__overflow__",le="1"} 2"#,
            r#"set_full_rows_total{source="mysql",value="__overflow__"} 2"#,
            r#"open{overflow="__overflow__"} 4"#,
            r#"open{only="x"} 3"#,
            // Written by a bridge, so without an exponent.
            r#"open_sizes_bucket{a_b="1",le="0.00001"} 1"#,
            "# HELP open_sizes ",
            r#"cut_total{value="éééé"} 1"#,
            "app_switched_on_total 1",
            r#"set_by_doing{source="mysql",http_method="bb",gr__e_in_m_="1",_2nd___label_="\\",plain="true",stage="decode",set_by_doing="delete"} 1"#,
            r#"streamgauge_series{family="app_full_total"} 3"#,
            r#"streamgauge_removed_series_total{family="app_all_gone_total"} 2"#,
        ],
    ),
    ("text-dots.txt", &["# TYPE http_dot_requests__total counter", "peer_dot_up 1"]),
    ("text-values.txt", &["# TYPE U__http_2e_requests__total counter", "U__peer_2e_up 1"]),
    ("filtered.txt", &["# TYPE http_requests counter", "# TYPE peer_offset unknown", "# EOF"]),
    ("second.txt", &["streamgauge_rejected_samples_total 5", r#"app_gone_total{value="late"} 4"#]),
];

/// Gives every body and the name of its file. Each is that of a registry of its own, so that none depends on another.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let mut bodies = Vec::new();
    for escaping in SCHEMES {
        let exposition = |format: Format| Exposition::from(format).with_escaping(escaping);
        let with_created = exposition(Format::OpenMetrics).with_created_samples(true);
        let scheme = escaping.as_str();
        let open_metrics = text(exposition(Format::OpenMetrics));
        assert!(open_metrics == text(exposition(Format::OpenMetrics001)), "both versions have the same bytes");
        bodies.push((format!("text-{scheme}.txt"), text(exposition(Format::Text))));
        bodies.push((format!("openmetrics-{scheme}.txt"), open_metrics));
        bodies.push((format!("openmetrics-created-{scheme}.txt"), text(with_created)));
        bodies.push((format!("protobuf-{scheme}.bin"), protobuf(exposition(Format::Protobuf))));
    }
    bodies.push(("filtered.txt".to_owned(), filtered()));
    bodies.push(("second.txt".to_owned(), second()));
    bodies.push(("visited.txt".to_owned(), visited()));
    let (reference, _) = during(|fixed| fixed.registry.describe());
    bodies.push(("reference.json".to_owned(), reference.to_json().into_bytes()));
    bodies.push(("reference.txt".to_owned(), reference.to_markdown().into_bytes()));
    bodies
}

/// Gives what is made of a new registry, and when that was, in milliseconds of the epoch: within a minute, for the clock
/// may be set meanwhile, and a series that replaces another one tells a time after that one's.
fn during<T>(make: impl FnOnce(&mut Fixed) -> T) -> (T, RangeInclusive<u64>) {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
    let begun = now();
    let made = make(&mut Fixed::new());
    (made, begun - 60_000..=now() + 60_000)
}

fn encode(scraper: &mut Scraper, exposition: impl Into<Exposition>, filter: &Filter) -> Vec<u8> {
    let mut body = Vec::new();
    let report = scraper.encode_filtered(exposition, filter, &mut body);
    assert_eq!((report.bytes(), report.failed_callbacks()), (body.len(), 0));
    body
}

fn text(exposition: Exposition) -> Vec<u8> {
    let (body, period) = during(|fixed| encode(&mut fixed.scraper, exposition, &Filter::all()));
    without_times(&String::from_utf8(body).expect("UTF-8"), &period).into_bytes()
}

fn protobuf(exposition: Exposition) -> Vec<u8> {
    let (body, period) = during(|fixed| encode(&mut fixed.scraper, exposition, &Filter::all()));
    let mut families = proto::decode(&body);
    // So what is encoded anew differs in the times alone.
    assert!(proto::encode(&families) == body, "the other encoder writes other bytes");
    for metric in families.iter_mut().flat_map(|family| &mut family.metric) {
        let counter = metric.counter.as_mut().and_then(|counter| counter.created_timestamp.as_mut());
        let histogram = metric.histogram.as_mut().and_then(|histogram| histogram.created_timestamp.as_mut());
        let summary = metric.summary.as_mut().and_then(|summary| summary.created_timestamp.as_mut());
        for time in [counter, histogram, summary].into_iter().flatten() {
            let millis = time.seconds as u64 * 1000 + time.nanos as u64 / 1_000_000;
            if period.contains(&millis) && time.nanos % 1_000_000 == 0 {
                *time = Timestamp::default();
            }
        }
    }
    proto::encode(&families)
}

/// Families of every origin, by the names of samples, of OpenMetrics, and as they stand in the body.
fn filtered() -> Vec<u8> {
    let names = ["app_sizes_bytes_bucket", "app_events", "http_requests", "peer_offset", "app_gone_total", "nobodys"];
    let exposition = Exposition::from(Format::OpenMetrics);
    during(|fixed| encode(&mut fixed.scraper, exposition, &Filter::names(names))).0
}

/// What one scraper shows after it has shown all: no final values.
fn second() -> Vec<u8> {
    let encode = |fixed: &mut Fixed| [(); 2].map(|()| encode(&mut fixed.scraper, Format::Text, &Filter::all()));
    let ([first, second], _) = during(encode);
    assert!(first != second, "the first has the final values");
    second
}

fn visited() -> Vec<u8> {
    let (samples, period) = during(|fixed| {
        let mut samples = Vec::new();
        fixed.scraper.visit(|sample| samples.push((line(&sample), sample.created())));
        samples
    });
    let mut lines = String::new();
    for (line, created) in samples {
        let millis = |time: SystemTime| time.duration_since(UNIX_EPOCH).map(|since| since.as_millis() as u64);
        let created = match created {
            Some(time) if millis(time).is_ok_and(|time| period.contains(&time)) => "<created>".to_owned(),
            other => format!("{other:?}"),
        };
        lines.push_str(&format!("{line} {created}\n"));
    }
    lines.into_bytes()
}

/// Gives all that a sample tells but when it was made. By its methods: its own `Debug` shows how it is kept.
fn line(sample: &Metric<'_>) -> String {
    let labels: Vec<_> = sample.labels().iter().collect();
    let value = match sample.value() {
        MetricValue::Histogram(histogram) => format!(
            "Histogram {:?} {:?} {} {:?}",
            histogram.bounds(),
            histogram.bucket_counts(),
            histogram.count(),
            histogram.sum()
        ),
        MetricValue::Summary(summary) => {
            let quantiles: Vec<_> = summary.quantiles().collect();
            format!("Summary {quantiles:?} {} {:?}", summary.count(), summary.sum())
        }
        MetricValue::StateSet(states) => format!("StateSet {:?}", states.iter().collect::<Vec<_>>()),
        other => format!("{other:?}"),
    };
    let (name, kind, unit, help) = (sample.name(), sample.kind(), sample.unit(), sample.help());
    format!("{name:?} {kind:?} {unit:?} {help:?} {labels:?} {value}")
}

/// Puts a placeholder for the value of each `_created` sample that is a time in `period`, in milliseconds of the epoch. A
/// value of another form or time stays, and so is a difference.
pub(crate) fn without_times(body: &str, period: &RangeInclusive<u64>) -> String {
    let line = |line: &str| {
        let time = line.strip_suffix('\n').and_then(|line| line.rsplit_once(' ')).filter(|(sample, value)| {
            !sample.starts_with('#') && sample.contains("_created") && is_time(value, period)
        });
        time.map_or_else(|| line.to_owned(), |(sample, _)| format!("{sample} <created>\n"))
    };
    body.split_inclusive('\n').map(line).collect()
}

/// Tells whether a value is a time in `period` as OpenMetrics writes it: seconds, a dot and three digits.
fn is_time(value: &str, period: &RangeInclusive<u64>) -> bool {
    let millis = value.split_once('.').and_then(|(seconds, millis)| format!("{seconds}{millis}").parse().ok());
    // Written anew, for what is parsed has more than one form.
    millis.is_some_and(|time: u64| period.contains(&time) && value == format!("{}.{:03}", time / 1000, time % 1000))
}
