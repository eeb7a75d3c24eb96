//! The connection cap: who is served at once, who waits, and who has to leave.

pub(crate) mod places;
mod seats;
