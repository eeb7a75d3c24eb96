//! What a bridge from another metrics interface needs: families with labels that only the stream knows, and a value
//! that one thread uses without a lock though others can reach it.
//!
//! The recorder for the `metrics` facade in `streamgauge-exporter` is made of these.

pub use crate::cells::{RemoteAccess, ThreadOwned};
pub use crate::registry::declare::DynamicSettings;
pub use crate::registry::desc::PreferredName;
pub use crate::registry::family::{Admission, DynamicFamily};
