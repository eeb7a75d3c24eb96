//! The HTTP side, from the socket inwards.
//!
//! ```text
//! sockets      what is listened on; unix: a socket with a file               \
//! networks     from where clients may come                                  |
//! accept       one loop a listener: classifies errors, backs off             |
//! server       the loops and the graceful stop                               |
//! places       the connection cap; seats: who makes room at it                | tasks of the
//! connection   one client: hyper's HTTP/1.1 under our deadlines              | serving runtime
//! exchange     what it asks and is answered, for the two around it           |
//! io_deadline  the deadline that hyper lacks: for a client that does not read |
//! no_sigpipe   writes that end no process                                    |
//! framing      refuses what hyper lets through and a proxy may read otherwise |
//! service      path and method -> what to answer                             |
//! query        which families are wanted; coding: whether compressed        /
//! render       one rendering for all who wait and want the same             \
//! queue        what is wanted, and what comes first                          |
//! workshop     merges, writes and compresses a body                          | a thread
//! compress     gzip                                                          | of its own
//! buffer       the memory of the bodies; body: how they are read            /
//! response     the answers, with their headers
//! limits       every bound, in one place
//! ```
//!
//! The tasks only move bytes, so no scrape, however large, delays an accept loop.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod buffer;
pub(crate) mod coding;
pub(crate) mod compress;
pub(crate) mod connection;
pub(crate) mod exchange;
pub(crate) mod framing;
pub(crate) mod io_deadline;
pub(crate) mod limits;
pub(crate) mod networks;
pub(crate) mod no_sigpipe;
pub(crate) mod places;
pub(crate) mod query;
pub(crate) mod queue;
pub(crate) mod render;
pub(crate) mod response;
mod seats;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod sockets;
#[cfg(unix)]
pub(crate) mod unix;
pub(crate) mod workshop;
