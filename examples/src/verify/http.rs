//! A GET of HTTP/1.1, just enough to scrape an exporter on this host.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Error;

/// More than a scrape of this host ever takes.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The body at `path`.
///
/// # Errors
/// [`Error::ReadBack`] if there is no answer or it is not a complete `200 OK`.
pub fn get(address: SocketAddr, path: &str) -> Result<String, Error> {
    let fail = |message: String| Error::ReadBack { address, message };
    let answer = exchange(address, path).map_err(|error| fail(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| fail(String::from("no header")))?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or("");
    if status.split(' ').nth(1) != Some("200") {
        return Err(fail(format!("answered {status:?}")));
    }
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    if length.is_some_and(|length| length != body.len()) {
        return Err(fail(format!("cut off after {} bytes", body.len())));
    }
    Ok(body.to_owned())
}

fn exchange(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // No Accept and no Accept-Encoding: the classic text format, uncompressed.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answering(answer: &'static str) -> Result<String, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("the request goes on");
                request.extend(byte);
            }
            stream.write_all(answer.as_bytes()).expect("the answer fits");
        });
        let result = get(address, "/metrics");
        server.join().expect("the server ends");
        result
    }

    #[test]
    fn only_a_complete_200_counts() {
        assert_eq!(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect("complete"), "hi");
        assert!(answering("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nhi").is_err());
        assert!(answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi").is_err());
        assert!(answering("").is_err());
    }
}
