//! The derives where the code that they are on comes from elsewhere: out of a macro, or with the crate by another name.

use std::time::Duration;
use streamgauge::{
    Counter, DurationCounter, Family, Format, Gauge, Histogram, LabelSet, LabelValue, MetricSet, Registry, Scraper,
    Summary,
};

/// Constants that have the names of what a careless derive would bind.
#[allow(non_upper_case_globals, dead_code, reason = "they are in the way on purpose")]
mod in_the_way {
    pub(crate) const text: &str = "";
    pub(crate) const ordinal: usize = 0;
    pub(crate) const visitor: usize = 0;
    pub(crate) const scope: usize = 0;
    pub(crate) const f: usize = 0;
    pub(crate) trait FnOnce {}
}

/// What stands where the derived code reaches for it.
mod elsewhere {
    pub(crate) mod inner {
        pub(crate) use streamgauge as gauge;
    }
}

macro_rules! by_ident {
    ($(#[$meta:meta])* $name:ident, $field:ident: $type:ident) => {
        #[derive(LabelSet)]
        $(#[$meta])*
        struct $name {
            $field: $type,
        }
    };
}

macro_rules! by_token {
    ($name:ident, $field:ident: $type:tt) => {
        #[derive(LabelSet)]
        struct $name {
            $field: $type,
        }
    };
}

macro_rules! by_type {
    ($name:ident, $field:ident: $type:ty) => {
        #[derive(LabelSet)]
        struct $name<'a> {
            $field: $type,
            other: &'a str,
        }
    };
}

macro_rules! set {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(MetricSet)]
        $(#[$meta])*
        struct $name {
            $($(#[$doc])* $field: $type,)*
        }
    };
}

macro_rules! set_by_ident {
    ($name:ident, $field:ident: $type:ident) => {
        #[derive(MetricSet)]
        struct $name {
            /// By an identifier.
            $field: $type,
        }
    };
}

by_ident!(
    /// With a doc comment.
    Number, number: u32
);
by_token!(Flag, flag: bool);
by_type!(Typed, value: u64);
set_by_ident!(Inner, runs_total: Counter);
set!(
    #[metric(prefix = "made")]
    Made {
        /// Events.
        events_total: Counter,
        /// Depth.
        depth: Gauge,
        /// Times by flag.
        #[metric(buckets = streamgauge::Buckets::explicit([1.0]))]
        times: Family<Flag, Histogram>,
        inner: Inner,
    }
);

#[test]
fn types_that_come_through_a_macro_are_what_they_are() {
    let registry = Registry::new();
    let made = Made::register(&registry).expect("legal");
    made.events_total.inc();
    made.depth.set(2.0);
    made.times.with(&Flag { flag: true }, |times| times.observe(0.5));
    made.inner.runs_total.inc();
    assert_eq!(registry.sample_value("made_events_total", &[]), Some(1.0));
    assert_eq!(registry.sample_value("made_times_count", &[("flag", "true")]), Some(1.0));
    assert_eq!(registry.sample_value("made_runs_total", &[]), Some(1.0));
    let numbers: Family<Number, Counter> = registry.counter("numbers_total", "N.").family().expect("legal");
    numbers.with(&Number { number: 7 }, Counter::inc);
    let typed: Family<Typed<'static>, Counter> = registry.counter("typed_total", "T.").family().expect("legal");
    typed.with(&Typed { value: 7, other: "x" }, Counter::inc);
    assert_eq!(registry.sample_value("numbers_total", &[("number", "7")]), Some(1.0));
    assert_eq!(registry.sample_value("typed_total", &[("value", "7"), ("other", "x")]), Some(1.0));
}

/// The same, where what the derive would name means something else.
mod shadowed {
    use super::elsewhere;
    #[allow(unused_imports, reason = "they are in the way on purpose")]
    use super::in_the_way::*;
    use streamgauge::Counter;

    #[derive(streamgauge::LabelValue)]
    #[label(crate = "elsewhere::inner::gauge")]
    pub(crate) enum Op {
        Insert,
        Delete,
    }

    #[derive(streamgauge::LabelSet)]
    #[label(crate = "elsewhere::inner::gauge")]
    pub(crate) struct Change<'a> {
        pub(crate) op: Op,
        pub(crate) table: &'a str,
    }

    #[derive(streamgauge::MetricSet)]
    #[metric(crate = "elsewhere::inner::gauge", prefix = "x")]
    pub(crate) struct Metrics {
        /// Changes.
        pub(crate) changes_total: streamgauge::Family<Change<'static>, Counter>,
        /// Runs.
        #[metric(level = "detailed", name = "all_seconds", unit = "seconds")]
        pub(crate) all: streamgauge::Gauge,
    }
}

#[test]
fn the_crate_may_be_reached_by_another_path_and_names_may_be_taken() {
    use shadowed::{Change, Metrics, Op};
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).expect("legal");
    metrics.changes_total.with(&Change { op: Op::Delete, table: "orders" }, Counter::inc);
    metrics.all.set(1.0);
    assert_eq!(registry.sample_value("x_changes_total", &[("op", "delete"), ("table", "orders")]), Some(1.0));
    assert_eq!(Op::Insert.with_text(str::to_owned), "insert");
    assert_eq!((Op::Insert.ordinal(), <Op as LabelValue>::VALUES), (0, ["insert", "delete"].as_slice()));
    assert!(format!("{metrics:?}").starts_with("Metrics {"));
}

macro_rules! documented {
    ($what:literal) => {
        #[derive(MetricSet)]
        struct Documented {
            #[doc = concat!("Events of ", $what, ".")]
            made_total: Counter,
            /// In two
            #[doc = concat!("parts, of which one is ", $what)]
            /// made.
            ///
            /// Not this.
            parts_total: Counter,
            /** In a block,
             * over several
             * lines.
             *
             * Not this. */
            block_total: Counter,
            /** In a block
            without stars. */
            plain_total: Counter,
            /// A line * with a star.
            star_total: Counter,
            /** Of a block
             *all* with words
             **of** _stress_. */
            stress_total: Counter,
            /**
             * * One.
             * * Two.
             */
            list_total: Counter,
        }
    };
}
documented!("a macro");

#[test]
fn help_texts_are_one_line_whatever_the_comment_is_like() {
    let registry = Registry::new();
    Documented::register(&registry).expect("legal");
    let reference = registry.describe();
    let help = |name: &str| {
        let family = reference.iter().find(|family| family.name == name).expect("it is there");
        family.help.clone()
    };
    assert_eq!(help("made_total"), "Events of a macro.");
    assert_eq!(help("parts_total"), "In two parts, of which one is a macro made.");
    assert_eq!(help("block_total"), "In a block, over several lines.");
    assert_eq!(help("plain_total"), "In a block without stars.");
    assert_eq!(help("star_total"), "A line * with a star.");
    // A star before a word is no part of the frame, and of two one is that of a list.
    assert_eq!(help("stress_total"), "Of a block *all* with words **of** _stress_.");
    assert_eq!(help("list_total"), "* One. * Two.");
}

/// Names that are whole only with the prefix.
#[derive(MetricSet)]
#[metric(prefix = "events")]
struct Prefixed {
    /// Of all.
    total: Counter,
    /// Of the last one.
    #[metric(unit = "seconds")]
    seconds: Gauge,
}

#[test]
fn names_are_checked_with_the_prefix_of_their_set() {
    let registry = Registry::new();
    let set = Prefixed::register(&registry).expect("legal");
    set.total.inc();
    set.seconds.set(0.5);
    let mut body = Vec::new();
    Scraper::new(&registry).encode(Format::Text, &mut body);
    let body = String::from_utf8(body).expect("UTF-8");
    assert!(body.contains("\nevents_total 1\n") && body.contains("\nevents_seconds 0.5\n"), "{body}");
}

const PAIR: [f64; 2] = [0.5, 0.9];
const SLICE: &[f64] = &PAIR;

/// Quantiles, however they are written.
#[derive(MetricSet)]
struct Quantiles {
    /// An array.
    #[metric(quantiles = [0.5, 0.9])]
    array: Summary,
    /// A reference to one.
    #[metric(quantiles = &[0.5, 0.9])]
    reference: Summary,
    /// A constant.
    #[metric(quantiles = PAIR)]
    constant: Summary,
    /// A reference to a constant.
    #[metric(quantiles = &PAIR)]
    to_constant: Summary,
    /// A slice.
    #[metric(quantiles = SLICE)]
    slice: Summary,
    /// A vector.
    #[metric(quantiles = vec![0.5, 0.9])]
    vector: Summary,
}

#[test]
fn quantiles_are_an_array_a_slice_or_a_vector_or_a_reference_to_one() {
    let registry = Registry::new();
    let _set = Quantiles::register(&registry).expect("legal");
    let reference = registry.describe();
    assert_eq!(reference.iter().count(), 6);
    assert!(reference.iter().all(|family| family.quantiles == PAIR), "{reference:?}");
}

/// Names that are whole only in a scope with a prefix.
#[derive(MetricSet)]
struct Unprefixed {
    /// Of all.
    total: Counter,
    /// While there was work.
    seconds_total: DurationCounter,
    /// Of the last one.
    #[metric(unit = "bytes")]
    bytes: Gauge,
}

#[test]
fn a_set_without_a_prefix_is_checked_with_that_of_its_scope() {
    let registry = Registry::new();
    let error = Unprefixed::register(&registry).expect_err("the first name is no counter's").to_string();
    assert!(error.contains("\"total\""), "{error}");
    let set = Unprefixed::register(&registry.scope("events")).expect("legal");
    set.total.inc();
    set.seconds_total.add(Duration::from_millis(500));
    set.bytes.set(3.0);
    for (name, value) in [("events_total", 1.0), ("events_seconds_total", 0.5), ("events_bytes", 3.0)] {
        assert_eq!(registry.sample_value(name, &[]), Some(value), "{name}");
    }
}
