//! How an info is declared.

use crate::metric::Info;
use crate::registry::declare::{Builder, Scope};

impl Scope {
    /// Declares an [`Info`]: what it says are its labels. The suffix `_info` is added to the name, unless it is there.
    pub fn info(&self, name: &str, help: &str) -> Builder<Info> {
        let stem = name.strip_suffix("_info").unwrap_or(name);
        Builder::new(self, &format!("{stem}_info"), help)
    }
}
