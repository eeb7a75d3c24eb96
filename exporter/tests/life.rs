//! How an exporter starts, runs beside its application, and ends.

mod common;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, GET, address_of_its_own, scrape};
use streamgauge::Registry;
use streamgauge_exporter::{Error, Exporter};
use tower_service::Service;

/// Holds up a rendering in the middle, and counts them.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Gate {
    fn register(registry: &Registry) -> Gate {
        let gate = Gate::default();
        let inside = gate.clone();
        registry.gauge("gate", "Waits.").callback(move || inside.pass()).unwrap();
        gate
    }

    fn pass(&self) -> f64 {
        let (open, opened, passes) = &*self.0;
        passes.fetch_add(1, Ordering::SeqCst);
        drop(opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
        1.0
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn passes(&self) -> usize {
        self.0.2.load(Ordering::SeqCst)
    }

    fn wait_for_pass(&self) {
        wait_until(|| self.passes() > 0);
    }
}

/// Waits for what must come at some time. The limit only keeps a broken program from hanging.
fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_refused(addr: SocketAddr) -> bool {
    TcpStream::connect(addr).is_err()
}

fn spawn(registry: &Registry) -> (Exporter, SocketAddr) {
    let exporter = Exporter::builder(registry).listen(address_of_its_own()).spawn().unwrap();
    let addr = exporter.local_addrs()[0];
    (exporter, addr)
}

/// Lets every task do all it can do now: a paused clock goes on only when none has anything to do.
async fn settle() {
    tokio::time::pause();
    tokio::time::sleep(Duration::from_millis(1)).await;
    tokio::time::resume();
}

/// Without sockets, since nobody can tell from outside when the last of two hundred requests has been read.
#[tokio::test]
async fn two_hundred_readers_cost_two_renderings() {
    let registry = Registry::new();
    let gate = Gate::register(&registry);
    let service = Exporter::builder(&registry).service();
    let ask = || {
        let mut service = service.clone();
        tokio::spawn(async move {
            let response = service.call(hyper::Request::builder().uri("/metrics").body(()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 200);
            http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes()
        })
    };
    let first = ask();
    settle().await;
    gate.wait_for_pass();
    let readers: Vec<_> = (0..200).map(|_| ask()).collect();
    settle().await;
    gate.open();
    first.await.unwrap();
    let mut bodies = Vec::new();
    for reader in readers {
        bodies.push(reader.await.unwrap());
    }
    // Each rendering has another count of the responses before it.
    assert!(bodies.iter().all(|body| *body == bodies[0] && !body.is_empty()));
    assert_eq!(gate.passes(), 2);
}

#[test]
fn readers_that_leave_or_never_read_harm_nobody() {
    let registry = Registry::new();
    for number in 0..20_000 {
        let gauges = registry.label("number", number.to_string());
        gauges.gauge("a_gauge_of_many", "One of many.").limit(20_000).register().unwrap().set(1.5);
    }
    let (_exporter, addr) = spawn(&registry);
    let mut idlers = Vec::new();
    for _ in 0..50 {
        let mut idler = Client::connect(addr);
        idler.send(GET);
        idlers.push(idler);
        // This one goes away with its answer under way.
        Client::connect(addr).send(GET);
    }
    let response = scrape(addr);
    assert_eq!(response.body.lines().filter(|line| line.starts_with("a_gauge_of_many{")).count(), 20_000);
}

#[test]
fn shutdown_lets_a_scrape_finish() {
    let registry = Registry::new();
    let gate = Gate::register(&registry);
    let (exporter, addr) = spawn(&registry);
    let mut client = Client::connect(addr);
    client.send(GET);
    gate.wait_for_pass();
    let stopping = thread::spawn(move || exporter.shutdown());
    wait_until(|| is_refused(addr));
    assert!(!stopping.is_finished());
    gate.open();
    let response = client.receive(true);
    assert_eq!(response.status, 200);
    assert!(response.body.contains("gate 1\n"));
    assert!(client.is_closed());
    stopping.join().unwrap().unwrap();
}

#[test]
fn dropping_stops_and_detaching_does_not() {
    let registry = Registry::new();
    let (exporter, addr) = spawn(&registry);
    let mut idle = Client::connect(addr);
    assert_eq!(scrape(addr).status, 200);
    drop(exporter);
    assert!(is_refused(addr));
    assert!(idle.is_closed());

    let (exporter, addr) = spawn(&registry);
    exporter.detach();
    // Time to stop, for one that wrongly would.
    thread::sleep(Duration::from_millis(50));
    assert_eq!(scrape(addr).status, 200);
}

#[test]
fn a_used_port_is_one_clear_line() {
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = used.local_addr().unwrap();
    let error = Exporter::builder(&Registry::new()).listen(addr).spawn().unwrap_err();
    assert!(matches!(&error, Error::Bind { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse));
    let line = error.to_string();
    assert!(line.starts_with(&format!("cannot listen on {addr}: ")), "{line}");
    assert!(line.contains("in use") && !line.contains('\n'), "{line}");
}

#[test]
fn a_wrong_setting_is_one_clear_line() {
    for given in ["", "9000", ":9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:+1", "::1:9000", "[::1]"]
    {
        let error = Exporter::builder(&Registry::new()).listen(given).spawn().unwrap_err();
        let expected = format!("cannot listen on `{given}`: expected host:port, such as 127.0.0.1:9000 or [::1]:9000");
        assert_eq!(error.to_string(), expected);
    }
    let error = Exporter::builder(&Registry::new()).listen("127.0.0.1:99999").spawn().unwrap_err().to_string();
    assert_eq!(error, "cannot listen on `127.0.0.1:99999`: the port is 99999, and 0 to 65535 are allowed");
    let error = Exporter::builder(&Registry::new()).listen("no-such-host.invalid:9000").spawn().unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on `no-such-host.invalid:9000`: "), "{error}");
    for given in ["", "metrics", "/a b", "/metrics?x", "/\"", "/\u{e9}"] {
        let error = Exporter::builder(&Registry::new()).listen("127.0.0.1:0").path(given).spawn().unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot serve the path `{given}`: ")), "{error}");
    }
}

#[test]
fn several_addresses_are_served_together() {
    let registry = Registry::new();
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").listen("localhost:0").spawn().unwrap();
    assert_eq!(exporter.local_addrs().len(), 2);
    for addr in exporter.local_addrs() {
        assert_ne!(addr.port(), 0);
        assert_eq!(scrape(*addr).status, 200);
    }
}

#[test]
fn one_used_port_of_two_starts_nothing() {
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind(address_of_its_own()).unwrap().local_addr().unwrap();
    let builder = Exporter::builder(&Registry::new()).listen(free).listen(used.local_addr().unwrap());
    builder.spawn().unwrap_err();
    assert!(is_refused(free));
}

#[tokio::test]
async fn it_starts_and_stops_inside_a_runtime() {
    let (exporter, addr) = spawn(&Registry::new());
    assert_eq!(scrape(addr).status, 200);
    exporter.shutdown().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_on_the_runtime_of_the_caller() {
    let registry = Registry::new();
    let server = Exporter::builder(&registry).listen(address_of_its_own()).bind().await.unwrap();
    let addr = server.local_addrs()[0];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));
    assert_eq!(tokio::task::spawn_blocking(move || scrape(addr).status).await.unwrap(), 200);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(is_refused(addr));
}
