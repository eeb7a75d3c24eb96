//! What the exporter counts about itself.
//!
//! The set of series is fixed and registered at zero, so an alert on any of them can fire from the first scrape on, and
//! no client can add to it: nothing of a request becomes a label value.

use hyper::StatusCode;
use streamgauge::{Counter, Registry};

use crate::say::say;

/// Every status that the exporter answers with.
const CODES: [(StatusCode, &str); 9] = [
    (StatusCode::OK, "200"),
    (StatusCode::BAD_REQUEST, "400"),
    (StatusCode::FORBIDDEN, "403"),
    (StatusCode::NOT_FOUND, "404"),
    (StatusCode::METHOD_NOT_ALLOWED, "405"),
    (StatusCode::NOT_ACCEPTABLE, "406"),
    (StatusCode::PAYLOAD_TOO_LARGE, "413"),
    (StatusCode::INTERNAL_SERVER_ERROR, "500"),
    (StatusCode::SERVICE_UNAVAILABLE, "503"),
];

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct SelfMetrics {
    responses: [Counter; CODES.len()],
    refused: Counter,
    accept_errors: Counter,
}

impl SelfMetrics {
    /// Registers the counters under `streamgauge_exporter`.
    ///
    /// Exporters of one registry share them. A name that the registry has for another metric is gone without, and
    /// the log says so: metrics about the metrics are no reason not to start.
    pub(crate) fn register(registry: &Registry) -> SelfMetrics {
        let scope = registry.scope("streamgauge_exporter");
        let responses = CODES.map(|(_, code)| {
            let help = "HTTP requests answered by the exporter, by status code.";
            registered(scope.counter("http_requests_total", help).label("code", code).register())
        });
        let help = "Connections closed because too many were open, or because of the memory that they held.";
        let refused = registered(scope.counter("connections_refused_total", help).register());
        let help = "Errors while accepting connections, such as a lack of file descriptors.";
        let accept_errors = registered(scope.counter("accept_errors_total", help).register());
        SelfMetrics { responses, refused, accept_errors }
    }

    /// Counts an answer.
    pub(crate) fn count_response(&self, status: StatusCode) {
        for (counter, (code, _)) in self.responses.iter().zip(CODES) {
            if code == status {
                counter.inc();
            }
        }
    }

    /// Counts a connection closed for lack of room.
    pub(crate) fn count_refused(&self) {
        self.refused.inc();
    }

    /// Counts a failed `accept`.
    pub(crate) fn count_accept_error(&self) {
        self.accept_errors.inc();
    }
}

fn registered(counter: Result<Counter, streamgauge::Error>) -> Counter {
    counter.unwrap_or_else(|error| {
        say!(warn, %error, "the exporter goes without one of its own metrics");
        Counter::noop()
    })
}
