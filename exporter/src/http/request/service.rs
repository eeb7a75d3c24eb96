//! The endpoint itself: which path and method get what.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::header::ACCEPT;
use hyper::{Method, Request, Response};
use streamgauge::{Exposition, Format};

use super::framing::BodyClaim;
use super::query;
use super::response::{self, Refusal};
use crate::http::limits::RENDER_TIMEOUT;
use crate::http::render::body::Body;
use crate::http::render::coding::Coding;
use crate::http::render::renderer::Renderer;
use crate::http::render::wanted::{RenderError, Wanted};
use crate::self_metrics::SelfMetrics;

/// Serves the metrics as a [tower service](tower_service::Service), to be mounted in a server of yours.
///
/// Answers `GET` and `HEAD` on whatever path it is mounted, as a route or nested. With a
/// [`path`](crate::ExporterBuilder::path) it answers on that one only, which is compared with that of the request as
/// the service receives it, shows a small page with a link on `/`, and refuses everything else.
///
/// `Accept` chooses the format, `Accept-Encoding` gzip, and `name[]` parameters of the query the families, see the
/// [crate's documentation](crate#what-a-reader-can-ask-for).
///
/// A clone is a reference count; all clones share one scraper, and readers that come at the same time and ask for the
/// same share one body. Rendering happens on a thread of its own, which starts with the first request and ends with the last
/// clone. The runtime must be tokio's, with its timer enabled.
///
/// # Errors
/// None: a failure is an answer. 404, 405, 400, 406 or 413 for a wrong request; 500 if rendering panics; 503 if it takes
/// more than ten seconds, or if more than 32 different sets of names are asked for at the same time. The body ends with an
/// error where it is read slowly and readers hold 64 MiB.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use streamgauge_exporter::Exporter;
///
/// let registry = streamgauge::Registry::new();
/// let metrics = Exporter::builder(&registry).service();
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(async || "the application"))
///     .route_service("/metrics", metrics);
/// # let _ = app;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MetricsService {
    endpoint: Arc<Endpoint>,
}

struct Endpoint {
    /// `None` answers on every path.
    site: Option<Site>,
    /// All, if there are none.
    formats: Vec<Format>,
    renderer: Renderer,
    metrics: SelfMetrics,
}

/// The one path that is answered, and the page that leads to it.
struct Site {
    path: String,
    landing: Bytes,
}

/// What a request asks for.
enum Route {
    Metrics(Wanted),
    Landing(Bytes),
    Refused(Refusal),
}

impl MetricsService {
    pub(crate) fn new(
        path: Option<String>,
        formats: Vec<Format>,
        renderer: Renderer,
        metrics: SelfMetrics,
    ) -> MetricsService {
        let site = path.map(Site::new);
        MetricsService { endpoint: Arc::new(Endpoint { site, formats, renderer, metrics }) }
    }

    /// Returns the path that is answered, nothing where all are.
    pub(crate) fn path(&self) -> &str {
        self.endpoint.site.as_ref().map_or("", |site| &site.path)
    }

    pub(crate) fn metrics(&self) -> &SelfMetrics {
        &self.endpoint.metrics
    }

    /// Answers a request. Its body is never touched.
    pub(crate) fn respond<B>(&self, request: &Request<B>) -> ResponseFuture {
        let endpoint = Arc::clone(&self.endpoint);
        let route = endpoint.route(request);
        let head = request.method() == Method::HEAD;
        let close = BodyClaim::of(request) != BodyClaim::None;
        ResponseFuture {
            future: Box::pin(async move {
                let response = match route {
                    Route::Metrics(wanted) => endpoint.exposition(wanted).await,
                    Route::Landing(page) => response::landing(page),
                    Route::Refused(refusal) => refusal.response(close),
                };
                endpoint.metrics.count_response(response.status());
                if head { response::without_body(response) } else { response }
            }),
        }
    }

    /// Answers a request that was refused for its framing, or for where it comes from.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Response<Body> {
        let response = refusal.response(true);
        self.endpoint.metrics.count_response(response.status());
        response
    }
}

impl Site {
    fn new(path: String) -> Site {
        let landing = Bytes::from(format!(
            "<!doctype html>\n<title>streamgauge</title>\n<h1>streamgauge</h1>\n<p><a href=\"{path}\">Metrics</a></p>\n"
        ));
        Site { path, landing }
    }
}

impl Endpoint {
    fn route<B>(&self, request: &Request<B>) -> Route {
        let given = request.uri().path();
        // On a path that is not the metrics' own.
        let landing = self.site.as_ref().filter(|site| site.path != given).map(|site| &site.landing);
        if landing.is_some() && given != "/" {
            return Route::Refused(Refusal::NotFound);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Route::Refused(Refusal::MethodNotAllowed);
        }
        match BodyClaim::of(request) {
            BodyClaim::None => match landing {
                Some(page) => Route::Landing(page.clone()),
                None => self.wanted(request).map_or_else(Route::Refused, Route::Metrics),
            },
            BodyClaim::Sized => Route::Refused(Refusal::BodyNotAllowed),
            BodyClaim::Encoded => Route::Refused(Refusal::BadRequest),
        }
    }

    /// Reads what a request wants of the metrics.
    fn wanted<B>(&self, request: &Request<B>) -> Result<Wanted, Refusal> {
        let headers = request.headers();
        Ok(Wanted {
            exposition: Exposition::negotiate_among(&self.formats, headers.get_all(ACCEPT)),
            filter: query::filter(request.uri().query().unwrap_or("")).map_err(Refusal::Query)?,
            coding: Coding::negotiate(headers).ok_or(Refusal::NotAcceptable)?,
        })
    }

    async fn exposition(&self, wanted: Wanted) -> Response<Body> {
        let refusal = match tokio::time::timeout(RENDER_TIMEOUT, self.renderer.render(wanted)).await {
            Ok(Ok(rendered)) => return response::exposition(rendered),
            Ok(Err(RenderError::Panicked)) => Refusal::Failed,
            Ok(Err(RenderError::NoThread)) => Refusal::NoThread,
            Ok(Err(RenderError::TooManyParts)) => Refusal::TooManyParts,
            Err(_) => Refusal::TimedOut,
        };
        refusal.response(false)
    }
}

impl fmt::Debug for MetricsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsService").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for MetricsService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        self.respond(&request)
    }
}

impl<B> hyper::service::Service<Request<B>> for MetricsService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        self.respond(&request)
    }
}

/// The answer of a [`MetricsService`], once it is ready.
///
/// Dropping it takes the request back and disturbs no other.
pub struct ResponseFuture {
    future: Pin<Box<dyn Future<Output = Response<Body>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
