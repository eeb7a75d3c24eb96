//! What the fixed registry is made of that is declared as a type: label sets, sets of metrics, and collectors.

use std::time::Duration;
use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorOutput, Counter, DurationCounter, Family, Gauge, Histogram, LabelSet,
    LabelValue, Level, MetricSet, StateSet, Summary, Unit, UpDownCounter,
};

#[derive(Clone, Copy, LabelValue)]
pub(crate) enum Op {
    Insert,
    #[label(rename = "UPDATE \"quoted\"")]
    Update,
    Delete,
}

/// Found by number.
#[derive(LabelSet)]
pub(crate) struct Applied {
    pub(crate) op: Op,
    pub(crate) ok: bool,
}

/// Integers of both signs, a character and an enum.
#[derive(LabelSet)]
pub(crate) struct Mixed<'a> {
    pub(crate) text: &'a str,
    pub(crate) number: i64,
    pub(crate) size: u8,
    pub(crate) char: char,
    pub(crate) op: Op,
}

#[derive(LabelSet)]
pub(crate) struct Value<'a> {
    pub(crate) value: &'a str,
}

/// Names that only some readers know.
#[derive(LabelSet)]
pub(crate) struct Request<'a> {
    #[label(rename = "http.method")]
    pub(crate) method: &'a str,
    #[label(rename = "größe in m²")]
    pub(crate) size: &'a str,
    #[label(rename = "_2nd__\"label\"")]
    pub(crate) second: &'a str,
    pub(crate) plain: bool,
}

#[derive(MetricSet)]
pub(crate) struct Sizes {
    /// Bytes of an event.
    #[metric(unit = "bytes", buckets = Buckets::exponential(64.0, 4.0, 4))]
    pub(crate) size_bytes: Histogram,
}

/// Every kind of member.
#[derive(MetricSet)]
#[metric(label(stage = "decode"))]
pub(crate) struct Table {
    /// Events
    /// read.
    ///
    /// More for whoever reads the code.
    pub(crate) events_total: Counter,
    /// Time spent.
    #[metric(name = "work_seconds_total", unit = "seconds")]
    pub(crate) busy: DurationCounter,
    /// Age of the last event.
    pub(crate) lag: Gauge,
    /// Events under way.
    pub(crate) in_flight: UpDownCounter,
    /// Events by kind.
    pub(crate) ops_total: Family<Applied, Counter>,
    /// Errors, and whether they are retried.
    #[metric(name = "errors_total", label(retried = "yes"))]
    pub(crate) retried: Counter,
    /// Errors, and whether they are retried.
    #[metric(name = "errors_total", label(retried = "no"))]
    pub(crate) failed: Counter,
    /// What it is doing.
    #[metric(states = [Op::Insert, Op::Delete])]
    pub(crate) doing: StateSet,
    /// Time of a round.
    #[metric(unit = "seconds", quantiles = [0.5, 1.0], window = (Duration::from_secs(86_400), 4))]
    pub(crate) round_seconds: Summary,
    /// What is looked at when something is wrong.
    #[metric(level = "detailed")]
    pub(crate) unseen_total: Counter,
    #[metric(prefix = "row")]
    pub(crate) sizes: Sizes,
    #[metric(prefix = "part", label(level = "inner"))]
    pub(crate) parts: Family<Value<'static>, Sizes>,
}

#[derive(MetricSet)]
pub(crate) struct Rows {
    /// Rows.
    pub(crate) rows_total: Counter,
    /// Rows by kind.
    pub(crate) by_op_total: Family<Applied, Counter>,
}

/// Whole families made at scrape time, of all kinds that there are of them.
pub(crate) struct Peers;

impl Collector for Peers {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![
            CollectedFamily::unknown("peer_offset", "Who knows.").labels(["peer"]),
            CollectedFamily::counter("peer_reads_total", "Reads.").labels(["peer", "räume.ä"]),
            CollectedFamily::counter("peer_cpu_seconds_total", "CPU \"time\",\n\\ user.").unit(Unit::Seconds),
            CollectedFamily::gauge("peer_lag", "Lag.").labels(["peer", "topic"]).limit(6),
            CollectedFamily::gauge("peer.up", "Dotted."),
            CollectedFamily::gauge("peer_nothing", "Never given."),
            CollectedFamily::gauge("peer_unseen", "Off.").level(Level::Detailed),
            CollectedFamily::counter("peer_plain", "Called as it is.").verbatim(),
        ]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("peer_offset").sample(&["a"], 2.5).sample(&["b"], u64::MAX).sample(&["c"], -0.0);
        let mut reads = out.family("peer_reads_total");
        reads.sample(&["a", "1"], 3u64).sample(&["", "é"], 0.5).sample(&["big", ""], 1e300);
        // Left out: negative, not a number, given twice, and of too few labels.
        reads.sample(&["x", ""], -1.0).sample(&["y", ""], f64::NAN).sample(&["a", "1"], 9u64).sample(&["z"], 1u64);
        out.family("peer_cpu_seconds_total").sample(&[], Duration::from_micros(1_500_001));
        let mut lag = out.family("peer_lag");
        lag.sample(&["q\"\\\n", "ü"], f64::INFINITY).sample(&["i", ""], f64::NEG_INFINITY).sample(&["n", ""], f64::NAN);
        lag.sample(&["tiny", ""], 5e-324).sample(&["minus", ""], -3i64).sample(&["true", ""], true);
        lag.sample(&["past the limit", ""], 1u64);
        out.family("peer.up").sample(&[], 1u64);
        out.family("peer_unseen").sample(&[], 1u64);
        out.family("peer_plain").sample(&[], 4u64);
    }
}
