//! What is listened on, and what can be known and done at a socket: addresses, files, errors, signals.

pub(crate) mod accept;
pub(crate) mod client;
pub(crate) mod networks;
pub(crate) mod no_sigpipe;
pub(crate) mod sockets;
#[cfg(unix)]
pub(crate) mod unix;
