//! The exposition formats: from merged values and rendered labels to bytes. No atomics, no registry.

mod buffer;
mod format;
mod metadata;
mod names;
mod negotiate;
mod number;
mod protobuf;
mod text;
mod value;

pub use format::{Exposition, Format};
pub(crate) use metadata::{Metadata, ShapeView};
pub(crate) use names::RewrittenNames;
pub(crate) use protobuf::{ProtobufFamily, Start};
pub(crate) use text::{TextFamily, TextStyle, open_metrics_end};
pub use value::{HistogramValue, MetricValue, StateSetValue, SummaryValue};
