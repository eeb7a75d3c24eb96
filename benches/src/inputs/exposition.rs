//! A body as node_exporter writes it on a server of middle size: what a scraper reads most.

use super::numbers::Rng;
use std::fmt::Write;

/// Processors, disks, network devices, mounts and units of the server.
const CPUS: usize = 16;
const DISKS: [&str; 6] = ["nvme0n1", "nvme1n1", "dm-0", "dm-1", "sda", "sdb"];
const DEVICES: [&str; 5] = ["lo", "eth0", "eth1", "docker0", "veth5a1b2c3"];
const MOUNTS: [(&str, &str, &str); 6] = [
    ("/dev/mapper/vg0-root", "ext4", "/"),
    ("/dev/nvme0n1p1", "vfat", "/boot/efi"),
    ("/dev/mapper/vg0-data", "xfs", "/var/lib/postgresql"),
    ("tmpfs", "tmpfs", "/run"),
    ("tmpfs", "tmpfs", "/run/lock"),
    ("tmpfs", "tmpfs", "/run/user/1000"),
];
const UNITS: usize = 90;

/// A body, and how many samples it has.
#[derive(Debug)]
pub struct Exposition {
    text: String,
    samples: u64,
    rng: Rng,
}

impl Exposition {
    /// Makes the body of a node_exporter.
    pub fn node_exporter() -> Self {
        let mut body = Self { text: String::new(), samples: 0, rng: Rng::new(9100) };
        body.runtime();
        body.devices();
        body.machine();
        body
    }

    /// The body.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of samples in it.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: f64) {
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _infallible = writeln!(self.text, "{name}{braces} {}", go_float(value));
        self.samples += 1;
    }

    /// A total of seconds, or of things.
    fn total(&mut self) -> f64 {
        match self.rng.below(4) {
            0 => 0.0,
            1 => self.rng.below(100_000) as f64,
            2 => self.rng.below(1 << 45) as f64,
            _ => self.rng.below(1 << 40) as f64 / 100.0,
        }
    }

    /// What the Go runtime and the HTTP server say about themselves.
    fn runtime(&mut self) {
        let name = "go_gc_duration_seconds";
        self.family(name, "summary", "A summary of the wall-time pause duration in garbage collection cycles.");
        for quantile in ["0", "0.25", "0.5", "0.75", "1"] {
            let seconds = self.rng.unit() / 1e4;
            self.sample(name, &format!("quantile=\"{quantile}\""), seconds);
        }
        self.sample("go_gc_duration_seconds_sum", "", 4.021_349_183);
        self.sample("go_gc_duration_seconds_count", "", 63_201.0);
        let name = "promhttp_metric_handler_request_duration_seconds";
        self.family(name, "histogram", "Histogram of latencies of HTTP requests.");
        for bound in ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"] {
            self.sample(&format!("{name}_bucket"), &format!("le=\"{bound}\""), 18_043.0);
        }
        self.sample(&format!("{name}_sum"), "", 913.405_221);
        self.sample(&format!("{name}_count"), "", 18_043.0);
    }

    fn devices(&mut self) {
        self.family("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.");
        for cpu in 0..CPUS {
            for mode in ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"] {
                let seconds = self.rng.below(1 << 30) as f64 / 100.0;
                self.sample("node_cpu_seconds_total", &format!("cpu=\"{cpu}\",mode=\"{mode}\""), seconds);
            }
        }
        for metric in [
            "discard_time_seconds_total",
            "discarded_sectors_total",
            "discards_completed_total",
            "discards_merged_total",
            "flush_requests_time_seconds_total",
            "flush_requests_total",
            "io_time_seconds_total",
            "io_time_weighted_seconds_total",
            "read_bytes_total",
            "read_time_seconds_total",
            "reads_completed_total",
            "reads_merged_total",
            "write_time_seconds_total",
            "writes_completed_total",
            "writes_merged_total",
            "written_bytes_total",
        ] {
            let name = format!("node_disk_{metric}");
            self.family(&name, "counter", "The total number of what the kernel counts of the disk under this name.");
            for disk in DISKS {
                let total = self.total();
                self.sample(&name, &format!("device=\"{disk}\""), total);
            }
        }
        for way in ["receive", "transmit"] {
            for metric in ["bytes", "carrier", "compressed", "drop", "errs", "fifo", "frame", "multicast", "packets"] {
                let name = format!("node_network_{way}_{metric}_total");
                self.family(&name, "counter", &format!("Network device statistic {way}_{metric}."));
                for device in DEVICES {
                    let total = self.total();
                    self.sample(&name, &format!("device=\"{device}\""), total);
                }
            }
        }
        for metric in ["avail_bytes", "device_error", "files", "files_free", "free_bytes", "readonly", "size_bytes"] {
            let name = format!("node_filesystem_{metric}");
            self.family(&name, "gauge", "What statfs says of the filesystem.");
            for (device, kind, mount) in MOUNTS {
                let total = self.total();
                self.sample(&name, &format!("device=\"{device}\",fstype=\"{kind}\",mountpoint=\"{mount}\""), total);
            }
        }
    }

    fn machine(&mut self) {
        for field in [
            "Active_anon",
            "Active_bytes",
            "AnonPages",
            "Bounce",
            "Buffers",
            "Cached",
            "CommitLimit",
            "Committed_AS",
            "DirectMap1G",
            "DirectMap2M",
            "DirectMap4k",
            "Dirty",
            "Inactive_anon",
            "Inactive_file",
            "KReclaimable",
            "KernelStack",
            "Mapped",
            "MemAvailable",
            "MemFree",
            "MemTotal",
            "PageTables",
            "SReclaimable",
            "SUnreclaim",
            "Shmem",
            "Slab",
            "SwapCached",
            "SwapFree",
            "SwapTotal",
            "VmallocTotal",
            "Writeback",
        ] {
            let name = format!("node_memory_{field}_bytes");
            self.family(&name, "gauge", &format!("Memory information field {field}_bytes."));
            let total = (self.rng.below(1 << 24) * 4096) as f64;
            self.sample(&name, "", total);
        }
        for protocol in ["Icmp", "Ip", "Ip6", "Tcp", "TcpExt", "Udp", "Udp6", "UdpLite"] {
            for field in ["InErrors", "InMsgs", "OutMsgs", "InOctets", "OutOctets", "ListenDrops"] {
                let name = format!("node_netstat_{protocol}_{field}");
                self.family(&name, "untyped", &format!("Statistic {protocol}{field}."));
                let total = self.total();
                self.sample(&name, "", total);
            }
        }
        self.family("node_systemd_unit_state", "gauge", "Systemd unit");
        for unit in 0..UNITS {
            for state in ["activating", "active", "deactivating", "failed", "inactive"] {
                let labels = format!("name=\"application-worker@{unit}.service\",state=\"{state}\",type=\"simple\"");
                self.sample("node_systemd_unit_state", &labels, f64::from(u8::from(state == "active")));
            }
        }
    }
}

/// Lays a float out as Go does: with an exponent from a million on, and below a ten-thousandth.
fn go_float(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_laid_out_as_in_go() {
        for (value, text) in [
            (0.0, "0"),
            (123_456.789, "123456.789"),
            (1e6, "1e+06"),
            (2_478_268_416.0, "2.478268416e+09"),
            (0.000_05, "5e-05"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }

    #[test]
    fn the_body_has_its_samples() {
        let body = Exposition::node_exporter();
        let lines = body.text().lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lines as u64, body.samples());
        assert!((900..1_200).contains(&lines), "{lines}");
    }
}
