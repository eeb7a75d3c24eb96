//! What the tests of the recorder share: an exposition as maps.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread;
use std::time::{Duration, Instant};
use streamgauge::parse::{MetricType, OwnedSample, Parser, Severity, Syntax, families, lint};
use streamgauge_exporter::recorder::{Handle, Recorder};

/// The counter of what a recorder had to rename, merge or refuse.
pub(crate) const COLLISIONS: &str = "streamgauge_facade_collisions_total";

/// An exposition, read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exposed {
    /// Type and help of each family.
    pub(crate) families: BTreeMap<String, (MetricType, Option<String>)>,
    /// By name and sorted labels: `name{a="b"}`, values as Rust writes them.
    pub(crate) samples: BTreeMap<String, f64>,
}

impl Exposed {
    /// Reads a body in the text format, which must have no fault that a reader would see.
    pub(crate) fn of(body: &str) -> Self {
        let shown = &body[..body.floor_char_boundary(10_000)];
        let families = families(Parser::text(body.as_bytes())).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        let findings = lint(Syntax::Text, &families);
        let faults: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(faults.is_empty(), "{faults:?}\n{shown}");
        let mut exposed = Self::default();
        for family in families {
            for sample in &family.samples {
                let id = id_of(&sample.name, sample);
                assert!(exposed.samples.insert(id, sample.value).is_none(), "twice: {sample:?}\n{shown}");
            }
            let known = exposed.families.insert(family.name.clone(), (family.kind, family.help));
            assert!(known.is_none(), "the family {:?} comes twice\n{shown}", family.name);
        }
        exposed
    }

    /// Gives the value of a sample, written as `name{a="b",c="d"}` with sorted labels.
    pub(crate) fn get(&self, sample: &str) -> Option<f64> {
        self.samples.get(sample).copied()
    }

    /// Gives the help of a family.
    pub(crate) fn help(&self, family: &str) -> Option<&str> {
        self.families.get(family).and_then(|(_, help)| help.as_deref())
    }

    /// Gives the type of a family, `""` without one.
    pub(crate) fn kind(&self, family: &str) -> &'static str {
        self.families.get(family).map_or("", |(kind, _)| kind.as_str())
    }

    /// Gives how often something collided.
    pub(crate) fn collisions(&self, what: &str) -> Option<f64> {
        self.get(&format!("{COLLISIONS}{{what={what:?}}}"))
    }
}

/// Gives the name and the sorted labels of a sample, the name as `name`.
pub(crate) fn id_of(name: &str, sample: &OwnedSample) -> String {
    let mut labels = sample.labels.clone();
    labels.sort();
    let mut id = name.to_owned();
    for (index, (label, value)) in labels.iter().enumerate() {
        let open = if index == 0 { '{' } else { ',' };
        write!(id, "{open}{label}={value:?}").expect("a string takes everything");
    }
    if !labels.is_empty() {
        id.push('}');
    }
    id
}

/// Makes a recorder with the default settings.
pub(crate) fn recorder() -> Recorder {
    Recorder::builder().build_recorder()
}

/// Renders a recorder and reads it back.
pub(crate) fn exposed(recorder: &Recorder) -> Exposed {
    scraped(&recorder.handle())
}

/// Renders what a handle reads, and reads it back.
pub(crate) fn scraped(handle: &Handle) -> Exposed {
    Exposed::of(&handle.render())
}

/// Records through a fresh recorder and gives the text.
pub(crate) fn rendered(record: impl FnOnce()) -> String {
    let recorder = recorder();
    metrics::with_local_recorder(&recorder, record);
    recorder.handle().render()
}

/// Waits for what must come at some time. The limit only keeps a broken program from hanging.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}
