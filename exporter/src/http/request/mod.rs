//! From a request to its answer, whatever server it came to.

pub(crate) mod framing;
mod query;
pub(crate) mod response;
pub(crate) mod service;
