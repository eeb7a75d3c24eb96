//! What a kind of metric is called, in prose and in the formats, and which names it exposes: one table.

use std::fmt;

/// What a metric family measures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// [`Counter`](crate::Counter): a total, exposed as an integer.
    Counter,
    /// [`FloatCounter`](crate::FloatCounter): a total that is not an integer, exposed as a counter.
    FloatCounter,
    /// [`DurationCounter`](crate::DurationCounter): a total of time, exposed in seconds as a counter.
    DurationCounter,
    /// [`Gauge`](crate::Gauge), or a callback.
    Gauge,
    /// [`UpDownCounter`](crate::UpDownCounter): exposed as a gauge.
    UpDownCounter,
    /// [`Histogram`](crate::Histogram).
    Histogram,
    /// [`Summary`](crate::Summary).
    Summary,
    /// [`Info`](crate::Info): exposed in text 0.0.4 as a gauge that is 1.
    Info,
    /// [`StateSet`](crate::StateSet): exposed in text 0.0.4 as a gauge for each state.
    StateSet,
    /// Of a collector that does not know better: exposed in text 0.0.4 as untyped.
    Unknown,
}

/// One line of the table.
struct Traits {
    article: &'static str,
    name: &'static str,
    /// The types as text 0.0.4 and OpenMetrics call them, and the number in protobuf's `MetricType`.
    text: &'static str,
    open_metrics: &'static str,
    protobuf: u8,
    /// The suffix of its families' names. OpenMetrics names the family without it.
    suffix: &'static str,
    /// The suffixes of its samples, in every format.
    samples: &'static [&'static str],
    /// The suffixes of the samples that only OpenMetrics has, behind the name without its own suffix.
    stem_samples: &'static [&'static str],
    /// Its series have a creation time: their values begin at zero then.
    has_created: bool,
    /// A series that nobody updates may count as idle.
    can_expire: bool,
}

const COUNTER: Traits = Traits {
    article: "a",
    name: "counter",
    text: "counter",
    open_metrics: "counter",
    protobuf: 0,
    suffix: "_total",
    samples: &[""],
    stem_samples: &["", "_created"],
    has_created: true,
    can_expire: true,
};

const GAUGE: Traits = Traits {
    article: "a",
    name: "gauge",
    text: "gauge",
    open_metrics: "gauge",
    protobuf: 1,
    suffix: "",
    samples: &[""],
    stem_samples: &[],
    has_created: false,
    can_expire: true,
};

const HISTOGRAM: Traits = Traits {
    article: "a",
    name: "histogram",
    text: "histogram",
    open_metrics: "histogram",
    protobuf: 4,
    suffix: "",
    samples: &["", "_bucket", "_sum", "_count", "_created"],
    stem_samples: &[],
    has_created: true,
    can_expire: true,
};

impl Kind {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 10] = [
        Self::Counter,
        Self::FloatCounter,
        Self::DurationCounter,
        Self::Gauge,
        Self::UpDownCounter,
        Self::Histogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
        Self::Unknown,
    ];

    const fn traits(self) -> &'static Traits {
        match self {
            Self::Counter => &COUNTER,
            Self::FloatCounter => &Traits { name: "float counter", ..COUNTER },
            Self::DurationCounter => &Traits { name: "duration counter", ..COUNTER },
            Self::Gauge => &GAUGE,
            Self::UpDownCounter => &Traits { article: "an", name: "up-down counter", ..GAUGE },
            Self::Histogram => &HISTOGRAM,
            Self::Summary => &Traits {
                name: "summary",
                text: "summary",
                open_metrics: "summary",
                protobuf: 2,
                samples: &["", "_sum", "_count", "_created"],
                ..HISTOGRAM
            },
            Self::Info => &Traits {
                article: "an",
                name: "info",
                open_metrics: "info",
                suffix: "_info",
                stem_samples: &[""],
                // Set once, for good.
                can_expire: false,
                ..GAUGE
            },
            Self::StateSet => &Traits { name: "state set", open_metrics: "stateset", ..GAUGE },
            Self::Unknown => &Traits {
                name: "metric of an unknown kind",
                text: "untyped",
                open_metrics: "unknown",
                protobuf: 3,
                ..GAUGE
            },
        }
    }

    /// Returns the type name in the text format 0.0.4: `counter`, `gauge`, `histogram`, `summary` or
    /// `untyped`.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        self.traits().text
    }

    /// Returns the type name in OpenMetrics text.
    pub(crate) fn open_metrics_type(self) -> &'static str {
        self.traits().open_metrics
    }

    /// Returns the number of the type in protobuf.
    pub(crate) fn protobuf_type(self) -> u8 {
        self.traits().protobuf
    }

    /// Returns the kind as prose calls it: `duration counter`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.traits().name
    }

    /// Returns the kind with its article, for a sentence.
    pub(crate) fn with_article(self) -> String {
        let Traits { article, name, .. } = self.traits();
        format!("{article} {name}")
    }

    /// Returns whether it is exposed as a counter.
    pub(crate) fn is_counter(self) -> bool {
        matches!(self, Self::Counter | Self::FloatCounter | Self::DurationCounter)
    }

    /// Returns the suffix of its families' names, or nothing.
    pub(crate) fn suffix(self) -> &'static str {
        self.traits().suffix
    }

    /// Returns the suffixes of its samples, in every format.
    pub(crate) fn samples(self) -> &'static [&'static str] {
        self.traits().samples
    }

    /// Returns the name that a family called `name` has in OpenMetrics only, and the suffixes of the samples that only
    /// OpenMetrics has; `None` where there are none, and where the name lacks the suffix of its kind: OpenMetrics then
    /// shows it under its own name, as of an unknown type.
    pub(crate) fn stem(self, name: &str) -> Option<(&str, &'static [&'static str])> {
        let Traits { suffix, stem_samples, .. } = self.traits();
        if stem_samples.is_empty() { None } else { Some((name.strip_suffix(suffix)?, stem_samples)) }
    }

    /// Returns whether its series have a creation time.
    pub(crate) fn has_created(self) -> bool {
        self.traits().has_created
    }

    /// Returns whether its series may be idle.
    pub(crate) fn can_expire(self) -> bool {
        self.traits().can_expire
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_only_open_metrics_has_are_found_behind_the_suffix() {
        assert_eq!(Kind::Counter.stem("a_total"), Some(("a", &["", "_created"][..])));
        assert_eq!(Kind::Info.stem("build_info"), Some(("build", &[""][..])));
        assert_eq!(Kind::Counter.stem("a"), None, "it is of an unknown type there");
        for kind in Kind::ALL.into_iter().filter(|kind| kind.suffix().is_empty()) {
            assert_eq!(kind.stem("a"), None, "{kind}");
        }
    }

    #[test]
    fn a_kind_with_a_time_of_creation_has_a_sample_for_it() {
        for kind in Kind::ALL {
            let name = format!("a{}", kind.suffix());
            let stem = kind.stem(&name).map_or(&[][..], |(_, suffixes)| suffixes);
            assert_eq!(
                kind.has_created(),
                kind.samples().iter().chain(stem).any(|suffix| *suffix == "_created"),
                "{kind}"
            );
        }
    }
}
