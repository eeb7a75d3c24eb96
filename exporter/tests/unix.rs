//! Served over a Unix socket, whose file comes and goes with the exporter.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use common::{Client, GET, Response, scrape};
use streamgauge::Registry;
use streamgauge_exporter::{Error, Exporter};

/// A directory of one test. It goes when it is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("streamgauge-{name}-{}", std::process::id()));
        // That of a process which had the number before and was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("metrics.sock")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn spawn(path: &Path) -> Result<Exporter, Error> {
    let registry = Registry::new();
    registry.counter("events_total", "Events.").register().unwrap().add(42);
    Exporter::builder(&registry).listen_unix(path).spawn()
}

fn scrape_unix(path: &Path) -> Response {
    let mut client = Client::over(UnixStream::connect(path).unwrap());
    client.send(GET);
    client.receive(true)
}

/// Asserts that nothing can listen there, and returns what is said after the path.
fn refusal(path: &Path) -> String {
    let error = spawn(path).unwrap_err();
    assert!(matches!(&error, Error::Unix { path: told, .. } if told == path), "{error:?}");
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    let told = line.strip_prefix(&format!("cannot listen on the socket `{}`: ", path.display()));
    told.unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[test]
fn metrics_are_served_and_the_file_is_removed() {
    let directory = Directory::new("served");
    let path = directory.socket();
    let exporter = spawn(&path).unwrap();
    assert_eq!(exporter.unix_paths(), std::slice::from_ref(&path));
    // The default address is for those who name nothing.
    assert!(exporter.local_addrs().is_empty());
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    let mut client = Client::over(UnixStream::connect(&path).unwrap());
    for _ in 0..2 {
        client.send(GET);
        let response = client.receive(true);
        assert_eq!(response.status, 200);
        assert!(response.body.contains("\nevents_total 42\n"), "{}", response.body);
    }
    client.send(b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.receive(true).status, 404);
    exporter.shutdown().unwrap();
    assert!(client.is_closed());
    assert!(!path.exists());
}

#[test]
fn sockets_and_addresses_are_served_together() {
    let directory = Directory::new("together");
    let paths = [directory.0.join("one.sock"), directory.0.join("two.sock")];
    let builder = Exporter::builder(&Registry::new()).listen_unix(&paths[0]).listen("127.0.0.1:0");
    let exporter = builder.listen_unix(&paths[1]).spawn().unwrap();
    assert_eq!(exporter.unix_paths(), paths);
    assert_eq!(scrape(exporter.local_addrs()[0]).status, 200);
    for path in &paths {
        assert_eq!(scrape_unix(path).status, 200);
    }
    drop(exporter);
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 0);
}

#[test]
fn a_stale_socket_is_replaced() {
    let directory = Directory::new("stale");
    let path = directory.socket();
    // The file outlives the listener, as after a `kill -9`.
    drop(UnixListener::bind(&path).unwrap());
    let exporter = spawn(&path).unwrap();
    assert_eq!(scrape_unix(&path).status, 200);
    drop(exporter);
    // One for datagrams is no less stale.
    drop(UnixDatagram::bind(&path).unwrap());
    let _exporter = spawn(&path).unwrap();
    assert_eq!(scrape_unix(&path).status, 200);
}

#[test]
fn of_several_that_start_at_once_one_listens() {
    let directory = Directory::new("at-once");
    let path = directory.socket();
    for round in 0..100 {
        if round % 2 == 0 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let start = std::sync::Barrier::new(4);
        let exporters: Vec<Exporter> = std::thread::scope(|scope| {
            let starters = [(); 4].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    spawn(&path)
                })
            });
            starters.into_iter().filter_map(|starter| starter.join().unwrap().ok()).collect()
        });
        assert_eq!(exporters.len(), 1, "round {round}");
        assert_eq!(scrape_unix(&path).status, 200);
        drop(exporters);
        assert!(!path.exists());
    }
}

#[test]
fn a_live_socket_is_left_alone() {
    let directory = Directory::new("live");
    let path = directory.socket();
    let first = spawn(&path).unwrap();
    assert_eq!(refusal(&path), "another server listens there");
    assert_eq!(scrape_unix(&path).status, 200);
    drop(first);
    // One socket cannot be served twice either, and nothing is left of the attempt.
    let error = Exporter::builder(&Registry::new()).listen_unix(&path).listen_unix(&path).spawn().unwrap_err();
    assert!(error.to_string().ends_with(": another server listens there"), "{error}");
    assert!(!path.exists());
    // Of another kind than ours, so that a connection says nothing about it.
    let datagrams = UnixDatagram::bind(&path).unwrap();
    let told = refusal(&path);
    assert!(told.starts_with("there is a socket, and whether a server listens on it cannot be told: "), "{told}");
    assert!(UnixDatagram::unbound().unwrap().send_to(b"x", &path).is_ok());
    drop(datagrams);
}

#[test]
fn a_server_that_is_too_busy_to_accept_is_live() {
    let directory = Directory::new("busy");
    let path = directory.socket();
    let listener = UnixListener::bind(&path).unwrap();
    // Connections nobody accepts, until the queue is full; a blocking connect would wait then, and so must not ours.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let mut queued = Vec::new();
    let full = runtime.block_on(async {
        loop {
            match tokio::net::UnixStream::connect(&path).await {
                Ok(stream) if queued.len() < 10_000 => queued.push(stream),
                Ok(_) => return false,
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    });
    assert_eq!(full, cfg!(target_os = "linux"));
    assert_eq!(refusal(&path), "another server listens there");
    drop(listener);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let directory = Directory::new("other");
    let path = directory.socket();
    fs::write(&path, "precious").unwrap();
    assert_eq!(refusal(&path), "there is a file that is not a socket");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert_eq!(refusal(&path), "there is a file that is not a socket");
    assert_eq!(refusal(&directory.0), "there is a file that is not a socket");
}

#[test]
fn a_path_that_cannot_be_bound_is_one_clear_line() {
    let directory = Directory::new("paths");
    assert_eq!(refusal(Path::new("")), "the path is empty");
    assert!(refusal(&directory.0.join("none/metrics.sock")).contains("No such file"));
    let long = refusal(&directory.0.join("x".repeat(200)));
    assert!(long.contains("must be shorter than"), "{long}");
    assert!(!refusal(Path::new("\0abstract")).is_empty());
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 0);
}

#[test]
fn a_start_that_fails_leaves_no_socket() {
    let directory = Directory::new("fails");
    let path = directory.socket();
    let blocked = directory.0.join("blocked");
    fs::write(&blocked, "").unwrap();
    Exporter::builder(&Registry::new()).listen_unix(&path).listen_unix(&blocked).spawn().unwrap_err();
    assert!(!path.exists());
}

#[test]
fn the_file_of_somebody_else_is_not_removed() {
    let directory = Directory::new("replaced");
    let path = directory.socket();
    let exporter = spawn(&path).unwrap();
    // As an administrator may do who starts another server by hand.
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    exporter.shutdown().unwrap();
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn the_umask_decides_who_can_connect() {
    let directory = Directory::new("umask");
    let path = directory.socket();
    let _exporter = spawn(&path).unwrap();
    // What the system gives any socket of this process, no more and no less.
    let plain = directory.0.join("plain.sock");
    let _plain = UnixListener::bind(&plain).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_on_the_runtime_of_the_caller() {
    let directory = Directory::new("runtime");
    let path = directory.socket();
    let server = Exporter::builder(&Registry::new()).listen_unix(&path).bind().await.unwrap();
    assert_eq!(server.unix_paths(), std::slice::from_ref(&path));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));
    let client = path.clone();
    assert_eq!(tokio::task::spawn_blocking(move || scrape_unix(&client).status).await.unwrap(), 200);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(!path.exists());
    // A server that is never served takes its file with it as well.
    drop(Exporter::builder(&Registry::new()).listen_unix(&path).bind().await.unwrap());
    assert!(!path.exists());
}
