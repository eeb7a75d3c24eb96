//! Clients that come from elsewhere.

mod common;

use std::net::{SocketAddr, TcpListener};

use common::{Client, scrape};
use streamgauge::Registry;
use streamgauge_exporter::{Error, Exporter};

/// Serves on `listen` to one network.
fn serving(registry: &Registry, listen: &str, network: &str) -> (Exporter, SocketAddr) {
    let exporter = Exporter::builder(registry).listen(listen).allow_network(network).spawn().unwrap();
    let addr = exporter.local_addrs()[0];
    (exporter, addr)
}

#[test]
fn whoever_comes_from_elsewhere_is_told_so_and_nothing_else() {
    let registry = Registry::new();
    registry.gauge("secret", "Not for everybody.").callback(|| panic!("it was collected")).unwrap();
    // This host comes from 127.0.0.1.
    let (_exporter, addr) = serving(&registry, "127.0.0.1:0", "127.0.0.2");
    for (request, has_body) in [
        ("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", true),
        ("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true),
        ("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", true),
        ("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", true),
        ("GET /metrics HTTP/1.1\r\n\r\n", true),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 127.0.0.2\r\n\r\n", true),
    ] {
        let mut client = Client::connect(addr);
        client.send(request.as_bytes());
        let response = client.receive(has_body);
        assert_eq!(response.status, 403, "{request}");
        let told = "the address you connect from is not in an allowed network\n";
        assert_eq!(response.body, if has_body { told } else { "" }, "{request}");
        assert_eq!(response.header("content-length"), told.len().to_string());
        assert_eq!(response.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(response.header("connection"), "close");
        assert!(client.is_closed(), "{request}");
    }
}

#[test]
fn those_who_are_refused_are_counted() {
    let registry = Registry::new();
    let (_exporter, addr) = serving(&registry, "127.0.0.1:0", "127.0.0.2");
    let counted = || registry.sample_value("streamgauge_exporter_http_requests_total", &[("code", "403")]);
    assert_eq!(counted(), Some(0.0));
    for _ in 0..3 {
        assert_eq!(scrape(addr).status, 403);
    }
    assert_eq!(counted(), Some(3.0));
}

#[test]
fn whoever_comes_from_an_allowed_network_is_served() {
    for network in ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "::ffff:127.0.0.1"] {
        let (_exporter, addr) = serving(&Registry::new(), "127.0.0.1:0", network);
        assert_eq!(scrape(addr).status, 200, "{network}");
    }
    let exporter = Exporter::builder(&Registry::new()).listen("127.0.0.1:0").allow_network("10.0.0.0/8");
    let exporter = exporter.allow_network(String::from("127.0.0.0/8")).spawn().unwrap();
    assert_eq!(scrape(exporter.local_addrs()[0]).status, 200);
}

#[test]
fn both_families_are_told_apart_on_one_socket() {
    // Some hosts are without IPv6; the addresses themselves are compared elsewhere.
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    for (network, v4, v6) in [("::1", 403, 200), ("127.0.0.0/8", 200, 403), ("::/0", 403, 200)] {
        let (_exporter, addr) = serving(&Registry::new(), "[::]:0", network);
        let port = addr.port();
        assert_eq!(scrape(SocketAddr::from(([127, 0, 0, 1], port))).status, v4, "{network}");
        assert_eq!(scrape(SocketAddr::new("::1".parse().unwrap(), port)).status, v6, "{network}");
    }
}

#[test]
fn a_wrong_network_is_one_clear_line() {
    for given in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:9000", "::/129", "fe80::1%eth0", "10.0.0.0/8 "]
    {
        let builder =
            Exporter::builder(&Registry::new()).listen("127.0.0.1:0").allow_network("::1").allow_network(given);
        let error = builder.spawn().unwrap_err();
        assert!(matches!(&error, Error::Network { given: told, .. } if told == given));
        let hint = "expected an address or a network, such as 192.168.1.7, 10.0.0.0/8 or fd00::/8";
        assert_eq!(error.to_string(), format!("cannot allow the network `{given}`: {hint}"));
    }
}

#[cfg(unix)]
#[test]
fn a_unix_socket_has_no_network() {
    let path = std::env::temp_dir().join(format!("streamgauge-networks-{}.sock", std::process::id()));
    let _exporter = Exporter::builder(&Registry::new()).listen_unix(&path).allow_network("10.0.0.0/8").spawn().unwrap();
    let mut client = Client::over(std::os::unix::net::UnixStream::connect(&path).unwrap());
    client.send(common::GET);
    assert_eq!(client.receive(true).status, 200);
}
