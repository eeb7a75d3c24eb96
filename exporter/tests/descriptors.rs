//! A process that has run out of file descriptors: the exporter waits without spinning, and comes back.
//!
//! The limit is the process's, so the exporter runs in a child: this test binary again, under a shell that lowers it.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::scrape;
use streamgauge::Registry;
use streamgauge_exporter::Exporter;

/// Descriptors that the child may have.
const LIMIT: usize = 64;

/// The role of the child: says where it listens, and lives until its input ends.
#[test]
#[ignore = "started by the other test"]
fn child() {
    let exporter = Exporter::builder(&Registry::new()).listen("127.0.0.1:0").spawn().unwrap();
    writeln!(std::io::stdout(), "\naddr={}", exporter.local_addrs()[0]).unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

/// Returns the child, where it listens, and its output, which must stay open.
fn start_child() -> (Child, SocketAddr, impl Sized) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -n {LIMIT}; exec \"$0\" --ignored --exact child --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let addr = lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("addr=")?.parse().ok()).unwrap();
    (child, addr, lines)
}

/// The processor time the process has used, in clock ticks, of which Linux reports a hundred a second.
fn ticks(child: &Child) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let after_name: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    after_name[11].parse::<u64>().unwrap() + after_name[12].parse::<u64>().unwrap()
}

/// How many descriptors of the process are in use.
fn open_descriptors(child: &Child) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().count()
}

#[test]
fn an_exporter_without_descriptors_neither_spins_nor_dies() {
    let (mut child, addr, _output) = start_child();
    let crowd: Vec<TcpStream> = (0..90).map(|_| TcpStream::connect(addr).unwrap()).collect();
    while open_descriptors(&child) < LIMIT {
        thread::sleep(Duration::from_millis(5));
    }
    let before = ticks(&child);
    // Not a measure of time, but time to spin in: on a busy machine it is used less of, and by one that spins still most.
    thread::sleep(Duration::from_secs(2));
    let used = ticks(&child) - before;
    drop(crowd);
    let response = scrape(addr);
    drop(child.stdin.take());
    child.wait().unwrap();

    assert!(used <= 10, "{used} ticks in 2 s");
    let errors = response.body.lines().find_map(|line| line.strip_prefix("streamgauge_exporter_accept_errors_total "));
    assert!(errors.unwrap().parse::<u64>().unwrap() > 0, "no accept failed at the limit: {errors:?}");
}
