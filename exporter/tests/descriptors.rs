//! A process that has run out of file descriptors: the exporter waits without spinning, and comes back.
//!
//! The limit is the process's, so the exporter runs in a child: this test binary again, under a shell that lowers it.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{Response, scrape};
use streamgauge::Registry;
use streamgauge_exporter::Exporter;

/// Descriptors that the child may have.
const LIMIT: usize = 64;

/// The role of the child: says where it listens. At the first line it takes all descriptors there are, and keeps them
/// until its input ends.
#[test]
#[ignore = "started by the other test"]
fn child() {
    let exporter = Exporter::builder(&Registry::new()).listen("127.0.0.1:0").spawn().unwrap();
    writeln!(std::io::stdout(), "\naddr={}", exporter.local_addrs()[0]).unwrap();
    let mut lines = std::io::stdin().lines();
    lines.next();
    let taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    writeln!(std::io::stdout(), "\ntaken={}", taken.len()).unwrap();
    lines.next();
}

/// A child under the limit, and what it says.
struct Running {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start() -> Running {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {LIMIT}; exec \"$0\" --ignored --exact child --nocapture")])
            .arg(std::env::current_exe().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        Running { child, input, output }
    }

    /// Returns what the child says behind `name=`. It is waited for without a bound: a child that dies ends its output.
    fn told(&mut self, name: &str) -> String {
        let mut told = self.output.by_ref().map_while(Result::ok);
        told.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned())).unwrap()
    }

    /// The processor time the process has used, in clock ticks, of which Linux reports a hundred a second.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        after_name[11].parse::<u64>().unwrap() + after_name[12].parse::<u64>().unwrap()
    }

    fn end(mut self) {
        drop(self.input);
        self.child.wait().unwrap();
    }
}

/// A crowd that asks for nothing, in a process with descriptors for about fifty of them.
#[test]
fn an_exporter_without_descriptors_neither_spins_nor_dies() {
    let mut running = Running::start();
    let addr: SocketAddr = running.told("addr").parse().unwrap();
    let crowd: Vec<TcpStream> = (0..90).map(|_| TcpStream::connect(addr).unwrap()).collect();
    let before = running.ticks();
    // Not a measure of time, but time to spin in: on a busy machine it is used less of, and by one that spins still most.
    thread::sleep(Duration::from_secs(2));
    let used = running.ticks() - before;
    drop(crowd);
    let response = scrape(addr);
    running.end();

    assert!(used <= 10, "{used} ticks in 2 s");
    assert!(accept_errors(&response) > 0, "no accept failed at the limit");
}

/// The rest of the program has used up all: there is the reserve for who scrapes, again and again.
#[test]
fn an_exporter_is_scraped_while_its_program_has_used_up_all_descriptors() {
    let mut running = Running::start();
    let addr: SocketAddr = running.told("addr").parse().unwrap();
    writeln!(running.input, "take").unwrap();
    assert!(running.told("taken").parse::<usize>().unwrap() > LIMIT / 2);
    let responses = [(); 3].map(|()| scrape(addr));
    let before = running.ticks();
    thread::sleep(Duration::from_secs(2));
    let used = running.ticks() - before;
    running.end();

    assert!(used <= 10, "{used} ticks in 2 s");
    assert!(responses.iter().all(|response| response.status == 200 && accept_errors(response) > 0), "{responses:?}");
}

fn accept_errors(response: &Response) -> u64 {
    let errors = response.body.lines().find_map(|line| line.strip_prefix("streamgauge_exporter_accept_errors_total "));
    errors.unwrap().parse().unwrap()
}
