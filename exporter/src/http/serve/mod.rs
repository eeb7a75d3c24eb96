//! The server: every connection from its first byte to its last.

mod connection;
mod exchange;
mod io_deadline;
pub(crate) mod server;
