//! The answers. Every byte of them is fixed or ours: nothing that a client sent is ever repeated to it.

use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::query::QueryError;
use crate::http::render::body::Body;
use crate::http::render::wanted::Rendered;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The request headers that decide about the answer.
const NEGOTIATED: &str = "Accept, Accept-Encoding";

/// A request that gets no exposition, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    BadRequest,
    Query(QueryError),
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    BodyNotAllowed,
    Failed,
    NoThread,
    TooManyParts,
    TimedOut,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::BadRequest | Refusal::Query(_) => StatusCode::BAD_REQUEST,
            Refusal::Forbidden => StatusCode::FORBIDDEN,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Refusal::BodyNotAllowed => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::NoThread | Refusal::TooManyParts | Refusal::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn text(self) -> Bytes {
        Bytes::from_static(
            match self {
                Refusal::Query(error) => return Bytes::from(format!("{error}\n")),
                Refusal::BadRequest => "bad request\n",
                Refusal::Forbidden => "the address you connect from is not in an allowed network\n",
                Refusal::NotFound => "not found\n",
                Refusal::MethodNotAllowed => "only GET and HEAD are allowed here\n",
                Refusal::NotAcceptable => {
                    "only the content codings gzip and identity are there, and both are refused\n"
                }
                Refusal::BodyNotAllowed => "a request must have no body\n",
                Refusal::Failed => "collecting the metrics failed\n",
                Refusal::NoThread => "no thread to collect the metrics\n",
                Refusal::TooManyParts => "too many readers want different parts of the metrics\n",
                Refusal::TimedOut => "collecting the metrics takes too long\n",
            }
            .as_bytes(),
        )
    }

    /// The answer. With `close` the connection ends after it.
    pub(crate) fn response(self, close: bool) -> Response<Body> {
        let mut response = whole(self.status(), PLAIN, Body::short(self.text()));
        let headers = response.headers_mut();
        if self == Refusal::MethodNotAllowed {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        if self == Refusal::NotAcceptable {
            headers.insert(VARY, HeaderValue::from_static(NEGOTIATED));
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // What made the head wrong may have made its end wrong too: no second request is looked for behind it.
        if close || matches!(self, Refusal::BadRequest | Refusal::MethodNotAllowed | Refusal::BodyNotAllowed) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The exposition.
pub(crate) fn exposition(rendered: Rendered) -> Response<Body> {
    let mut response = whole(StatusCode::OK, rendered.content_type, Body::exposition(rendered.loan));
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static(NEGOTIATED));
    if rendered.compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The landing page.
pub(crate) fn landing(page: Bytes) -> Response<Body> {
    whole(StatusCode::OK, HTML, Body::short(page))
}

/// Takes the body away, as an answer to `HEAD` demands. The headers stay, with the length of what `GET` would get.
pub(crate) fn without_body(response: Response<Body>) -> Response<Body> {
    response.map(|_| Body::default())
}

fn whole(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let length = HeaderValue::from(body.left());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
