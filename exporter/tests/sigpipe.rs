//! Clients that hang up do not end a process whose SIGPIPE is at its default.
//!
//! In a process of its own, which this test starts from its own executable: whether a signal ends it can be seen only from
//! outside.
#![cfg(unix)]
#![allow(unsafe_code, reason = "the action of a signal has no wrapper in std")]

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;

use common::{GET, scrape};
use streamgauge::{Counter, Family, LabelSet, Registry};
use streamgauge_exporter::Exporter;

/// Says to the process that it is the one to be ended.
const VICTIM: &str = "STREAMGAUGE_SIGPIPE_VICTIM";

#[derive(LabelSet)]
struct Table {
    table: u64,
}

#[test]
fn clients_that_hang_up_end_no_process() {
    if std::env::var_os(VICTIM).is_some() {
        return be_hung_up_on();
    }
    let executable = std::env::current_exe().unwrap();
    let run =
        Command::new(executable).env(VICTIM, "1").args(["--exact", "clients_that_hang_up_end_no_process"]).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{:?}\n{}", run.status, String::from_utf8_lossy(&run.stdout));
}

fn be_hung_up_on() {
    // SAFETY: the default action runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let registry = Registry::new();
    // More than the system's buffers take at once: the rest is written after the client has gone.
    let events: Family<Table, Counter> = registry.counter("events_total", "Events.").limit(200_000).family().unwrap();
    for table in 0..150_000 {
        events.with(&Table { table }, Counter::inc);
    }
    let path = std::env::temp_dir().join(format!("streamgauge-sigpipe-{}.sock", std::process::id()));
    let exporter = Exporter::builder(&registry).listen("127.0.0.1:0").listen_unix(&path).spawn().unwrap();
    for _ in 0..20 {
        let mut client = TcpStream::connect(exporter.local_addrs()[0]).unwrap();
        client.write_all(GET).unwrap();
        client.peek(&mut [0]).unwrap();
        drop(client);
        let mut client = UnixStream::connect(&path).unwrap();
        client.write_all(GET).unwrap();
        std::io::Read::read_exact(&mut client, &mut [0]).unwrap();
        drop(client);
    }
    assert_eq!(scrape(exporter.local_addrs()[0]).status, 200);
}
