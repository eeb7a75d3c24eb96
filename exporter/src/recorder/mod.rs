//! Recording through the `metrics` facade.

#[cfg_attr(not(test), expect(dead_code, reason = "asked for by the recorder alone"))]
pub(crate) mod versions;
