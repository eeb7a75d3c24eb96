//! The exposition formats: from merged values and rendered labels to bytes. No atomics, no registry.

mod buffer;
mod format;
mod names;
mod negotiate;
mod number;
mod protobuf;
mod text;

pub use format::{Exposition, Format};
pub(crate) use names::RewrittenNames;
pub(crate) use protobuf::{ProtobufFamily, ProtobufKind, Start};
pub(crate) use text::{Metadata, TextFamily, TextStyle, open_metrics_end};
