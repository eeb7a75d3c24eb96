//! What travels between the stages.

use streamgauge::{LabelValue, Tick};

use crate::feed::Change;

/// A stage of the pipeline, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[repr(u8)]
pub enum Stage {
    /// Tails the change log.
    Source,
    /// Parses the row images.
    Decode,
    /// Masks, normalises and derives columns.
    Transform,
    /// Chooses the table of the replica.
    Route,
    /// Applies batches to the replica.
    Sink,
}

impl Stage {
    /// Every stage, in pipeline order.
    pub const ALL: [Self; 5] = [Self::Source, Self::Decode, Self::Transform, Self::Route, Self::Sink];

    /// The stage's position in [`Stage::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The stage's name, as on the `stage` label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Decode => "decode",
            Self::Transform => "transform",
            Self::Route => "route",
            Self::Sink => "sink",
        }
    }
}

/// Why a stage refused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[repr(u8)]
pub enum ErrorKind {
    /// A row image is not the JSON object it has to be.
    MalformedImage,
    /// A column holds another type than it is declared with.
    TypeMismatch,
    /// A JSON column does not parse.
    MalformedJson,
    /// A currency without a known number of decimals.
    UnknownCurrency,
    /// An amount that is not a decimal number of its currency.
    BadAmount,
    /// A row that no table of the replica takes.
    NoRoute,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::MalformedImage,
        Self::TypeMismatch,
        Self::MalformedJson,
        Self::UnknownCurrency,
        Self::BadAmount,
        Self::NoRoute,
    ];

    /// The kind's position in [`ErrorKind::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The kind's name, as on the `error_kind` label and in the dead-letter table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MalformedImage => "malformed_image",
            Self::TypeMismatch => "type_mismatch",
            Self::MalformedJson => "malformed_json",
            Self::UnknownCurrency => "unknown_currency",
            Self::BadAmount => "bad_amount",
            Self::NoRoute => "no_route",
        }
    }

    /// The one stage that refuses for this reason.
    pub const fn stage(self) -> Stage {
        match self {
            Self::MalformedImage | Self::TypeMismatch | Self::MalformedJson => Stage::Decode,
            Self::UnknownCurrency | Self::BadAmount => Stage::Transform,
            Self::NoRoute => Stage::Route,
        }
    }
}

/// A refused event's way to the dead-letter table.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Why.
    pub kind: ErrorKind,
    /// Why in words, with what was found.
    pub message: String,
}

impl Rejection {
    /// A rejection for this reason.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// An event between two stages, with `T` what the last one made of it.
#[derive(Debug)]
pub struct Envelope<T> {
    /// The change as captured; a dead letter keeps its images as they are.
    pub change: Change,
    /// When the source read it; the start of the end-to-end latency.
    pub started: Tick,
    /// When the last stage was done with it. The next stage laps it, which is the only time it reads the clock for it.
    pub tick: Tick,
    /// The event, or why it was refused.
    pub body: Result<T, Rejection>,
}

/// Events that travel together, so that a channel operation costs each of them little.
pub type Batch<T> = Vec<Envelope<T>>;
