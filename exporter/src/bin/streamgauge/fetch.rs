//! One scrape over HTTP, as Prometheus does it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use streamgauge::parse::Syntax;
use tokio::net::TcpStream;

use crate::input::too_long;

/// The `scrape_timeout` of Prometheus: what takes longer is a failed scrape.
const TIMEOUT: Duration = Duration::from_secs(10);

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";
const TEXT: &str = "text/plain;version=0.0.4";
const ANY: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// Fetches a body, and tells its format from the answer.
pub(crate) fn fetch(url: &Uri, wanted: Option<Syntax>, most: usize) -> io::Result<(Vec<u8>, Syntax)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no complete answer within ten seconds");
        tokio::time::timeout(TIMEOUT, get(url, wanted, most)).await.map_err(late)?
    });
    // Not to wait for a host name that is still being looked up.
    runtime.shutdown_background();
    let (body, content_type) = answer?;
    let Some(found) = Syntax::of_content_type(&content_type) else {
        let message = format!("the answer is {content_type:?}, neither text 0.0.4 nor OpenMetrics");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    };
    match wanted {
        Some(wanted) if wanted != found => {
            let message = format!("the answer is {content_type:?}, which is not the format asked for");
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
        _ => Ok((body.into(), found)),
    }
}

/// Returns the body and the content type of a successful answer. Redirections are not followed, as none is expected.
async fn get(url: &Uri, wanted: Option<Syntax>, most: usize) -> io::Result<(Bytes, String)> {
    let authority = url.authority().ok_or_else(|| io::Error::other("the URL has no host"))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    // `port_u16` alone takes a port that is no number below 65,536 for none.
    let port = match (authority.port_u16(), authority.as_str().rsplit_once(':')) {
        (Some(port), _) => port,
        (None, Some((_, port))) if !port.is_empty() && !port.ends_with(']') => {
            return Err(io::Error::other(format!("the port is {port:?}, and 0 to 65535 are allowed")));
        }
        (None, _) => 80,
    };
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let request = Request::get(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("streamgauge/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT_ENCODING, "identity")
        .header(ACCEPT, wanted.map_or(ANY, |syntax| if syntax == Syntax::Text { TEXT } else { OPEN_METRICS }))
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    // Ends with the answer, which both are dropped with; its errors are those of the request.
    tokio::spawn(connection);
    read(sender.send_request(request).await.map_err(|error| broken(&error))?, most).await
}

async fn read(response: Response<hyper::body::Incoming>, most: usize) -> io::Result<(Bytes, String)> {
    if response.status() != StatusCode::OK {
        return Err(io::Error::other(format!("the answer has the status {}", response.status())));
    }
    let content_type = response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let content_type = content_type.unwrap_or_default().into_owned();
    match Limited::new(response.into_body(), most).collect().await {
        Ok(body) => Ok((body.to_bytes(), content_type)),
        Err(error) if error.is::<LengthLimitError>() => Err(io::Error::other(too_long("the answer", most))),
        Err(error) => Err(io::Error::other(format!("the answer broke off: {error}"))),
    }
}

fn broken(error: &hyper::Error) -> io::Error {
    io::Error::other(format!("no answer in HTTP: {error}"))
}
