//! A client that sees bytes, not a library's idea of them.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What a connection is made of.
pub(crate) trait Stream: Read + Write {
    /// Says how long a read may wait.
    fn set_patience(&self, patience: Duration);
}

impl Stream for TcpStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).unwrap();
    }
}

#[cfg(unix)]
impl Stream for std::os::unix::net::UnixStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).unwrap();
    }
}

/// One connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body as text, where it is that.
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Response {
    /// The value of a header, `""` without one.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        value.unwrap_or("")
    }
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Client {
        Client::over(TcpStream::connect(addr).unwrap())
    }

    pub(crate) fn over(stream: impl Stream + 'static) -> Client {
        // Only keeps a broken program from hanging.
        stream.set_patience(Duration::from_secs(60));
        Client { stream: Box::new(stream), unread: Vec::new() }
    }

    pub(crate) fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).unwrap();
    }

    /// Reads one response. `has_body` is false for an answer to `HEAD`.
    pub(crate) fn receive(&mut self, has_body: bool) -> Response {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_some().unwrap() > 0, "no response: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut response = Response { status, head, body: String::new(), bytes: Vec::new() };
        if has_body {
            let length = response.header("content-length").parse().unwrap();
            while self.unread.len() < length {
                assert!(self.read_some().unwrap() > 0, "the body is incomplete");
            }
            response.bytes = self.unread.drain(..length).collect();
            response.body = String::from_utf8(response.bytes.clone()).unwrap_or_default();
        }
        response
    }

    /// Says whether the server has closed the connection behind the last answer: whether another request is answered.
    pub(crate) fn is_closed(&mut self) -> bool {
        assert!(self.unread.is_empty(), "more bytes: {:?}", String::from_utf8_lossy(&self.unread));
        if self.stream.write_all(GET).is_err() {
            return true;
        }
        match self.read_some() {
            Ok(0) => true,
            Ok(_) => {
                self.receive(true);
                false
            }
            // What was sent and not read makes the system say it this way.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => true,
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let read = self.stream.read(&mut chunk)?;
        self.unread.extend_from_slice(&chunk[..read]);
        Ok(read)
    }
}

/// Asks for the metrics with these headers, each ended by its CRLF, and a query that begins with its `?`.
pub(crate) fn ask(client: &mut Client, method: &str, query: &str, headers: &str) -> Response {
    client.send(format!("{method} /metrics{query} HTTP/1.1\r\nHost: h\r\n{headers}\r\n").as_bytes());
    client.receive(method != "HEAD")
}

/// Returns an address to listen on that nobody else uses: neither another test nor another process can take its port
/// when it is free again, and no connection to it can come from itself. Where the loopback is one address, that one.
pub(crate) fn address_of_its_own() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    if !cfg!(target_os = "linux") {
        return ([127, 0, 0, 1], 0).into();
    }
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    ([127, high.max(1), low, u8::try_from(number).unwrap()], 0).into()
}

/// The usual request.
pub(crate) const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";

/// Scrapes once.
pub(crate) fn scrape(addr: SocketAddr) -> Response {
    let mut client = Client::connect(addr);
    client.send(GET);
    client.receive(true)
}
