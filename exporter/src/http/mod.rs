//! The HTTP side, in floors: each imports what stands below it, and nothing above.
//!
//! ```text
//! serve/   server       the accept loops and the graceful stop                  \
//!          connection   one client: hyper's HTTP/1.1 under our deadlines         |
//!          io_deadline  the deadline that hyper lacks: for who does not read     |
//!          exchange     what a client asks and is answered, for the two above it |
//!                                                                                | tasks of the
//! request/ service      path and method -> what to answer                        | serving runtime
//!          response     the answers, with their headers                          |
//!          query        which families are wanted                                |
//!          framing      refuses what hyper lets through and a proxy may read     |
//!                       otherwise                                                |
//! cap/     places       the connection cap; seats: who makes room at it          |
//!                                                                                |
//! socket/  sockets      what is listened on; unix: a socket with a file          |
//!          accept       one loop a listener: classifies errors, backs off        |
//!          no_sigpipe   writes that end no process                               |
//!          networks     from where clients may come; client: whether one has gone/
//!
//! render/  renderer     one rendering for all who wait and want the same        \
//!          queue        what is wanted, and what comes first                     | a thread
//!          workshop     merges, writes and compresses a body                     | of its own
//!          compress     gzip; buffer: the memory of the bodies                  /
//!          wanted       what requests want and get; coding: whether compressed; body: how it is read
//!
//! limits   every bound, in one place
//! ```
//!
//! `cap/` stands on `socket/` and `request/` on `render/`; the two pairs meet in `serve/` only.
//!
//! The tasks only move bytes, so no scrape, however large, delays an accept loop.

mod cap;
mod limits;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod socket;
