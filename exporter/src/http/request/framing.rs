//! Requests that hyper accepts and an intermediary may understand differently.
//!
//! Applied to our own listeners only: where the endpoint is mounted in another server, the framing of requests is that
//! server's affair (and a request made by a test, or one that came over HTTP/2, has no `Host`).

use hyper::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::{Request, Version};

/// Returns whether the request must be answered with 400 and the connection closed.
pub(crate) fn is_ambiguous<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let hosts = headers.get_all(HOST).iter().count();
    // RFC 9112, 3.2: a server must answer 400 to an HTTP/1.1 request without `Host`, and to any with two of them.
    let wrong_host = hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11);
    // RFC 9112, 6.1: two lengths are how requests are smuggled past a proxy. hyper takes the content-length away from a
    // request that has both, so that they cannot be told from one with chunks only; no scraper sends either.
    wrong_host || headers.contains_key(TRANSFER_ENCODING)
}

/// What a request says about its body, which is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyClaim {
    /// There is none.
    None,
    /// Some bytes follow.
    Sized,
    /// Chunks follow, or bytes in an encoding we do not know.
    Encoded,
}

impl BodyClaim {
    /// Reads the claim from the headers.
    pub(crate) fn of<B>(request: &Request<B>) -> BodyClaim {
        let headers = request.headers();
        if headers.contains_key(TRANSFER_ENCODING) {
            return BodyClaim::Encoded;
        }
        if headers.get_all(CONTENT_LENGTH).iter().all(|length| length.as_bytes() == b"0") {
            return BodyClaim::None;
        }
        BodyClaim::Sized
    }
}
