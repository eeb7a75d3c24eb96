//! Whatever the `metrics` facade is told, the exposition is legal in both text formats, and no increment is lost.

use arbitrary::Arbitrary;
use metrics::{Key, Label, Level, Metadata, Recorder as _, Unit};
use streamgauge::parse::{MetricType, Parser, Severity, Syntax, families, lint};
use streamgauge::{Escaping, Exposition, Format};
use streamgauge_exporter::recorder::{MetricKindMask, Recorder};

/// What a program does with the facade.
#[derive(Arbitrary, Debug)]
pub struct Program {
    global: Option<(String, String)>,
    naming: bool,
    limit: bool,
    #[arbitrary(with = crate::many)]
    calls: Vec<Call>,
}

#[derive(Arbitrary, Debug)]
struct Call {
    what: What,
    name: Text,
    labels: Vec<(Text, Text)>,
    number: f64,
}

/// Text of a few short ones, so that names meet, or of any.
#[derive(Arbitrary, Debug)]
enum Text {
    Short(u8),
    Any(String),
}

impl Text {
    fn as_str(&self) -> &str {
        const SHORT: [&str; 12] = ["a", "b", "a.b", "a_b", "a_count", "a_total", "le", "__a", "a\\", "a\"\n", "", "é"];
        match self {
            Self::Short(index) => SHORT[usize::from(*index) % SHORT.len()],
            Self::Any(text) => text,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum What {
    Counter(u8),
    Gauge,
    Histogram,
    Describe(u8),
}

fn run(recorder: &Recorder, call: &Call) -> u64 {
    let label = |(name, value): &(Text, Text)| Label::new(name.as_str().to_owned(), value.as_str().to_owned());
    let name = call.name.as_str().to_owned();
    let key = Key::from_parts(name.clone(), call.labels.iter().map(label).collect::<Vec<_>>());
    let metadata = Metadata::new("fuzz", Level::INFO, None);
    match call.what {
        What::Counter(by) => {
            recorder.register_counter(&key, &metadata).increment(u64::from(by));
            return u64::from(by);
        }
        What::Gauge => recorder.register_gauge(&key, &metadata).set(call.number),
        What::Histogram => recorder.register_histogram(&key, &metadata).record(call.number),
        What::Describe(unit) => {
            let units = [None, Some(Unit::Seconds), Some(Unit::Bytes), Some(Unit::Milliseconds), Some(Unit::Percent)];
            let help = call.labels.first().map_or("", |(_, value)| value.as_str()).to_owned();
            recorder.describe_counter(name.into(), units[usize::from(unit) % units.len()], help.into());
        }
    }
    0
}

/// Runs the program and reads what comes out. Gives the number of samples.
///
/// # Panics
/// Where a format is broken, or the increments are not all there.
pub fn check(program: &Program) -> u64 {
    let mut builder = Recorder::builder()
        .with_recommended_naming(program.naming)
        .idle_timeout(MetricKindMask::NONE, None)
        .name_limit(if program.limit { 3 } else { 1000 })
        .series_limit(if program.limit { 2 } else { 1000 });
    if let Some((name, value)) = &program.global {
        builder = builder.add_global_label(name.as_str(), value.as_str());
    }
    let recorder = builder.build_recorder();
    let mut counted = 0;
    let mut samples = 0;
    for (index, call) in program.calls.iter().enumerate() {
        counted += run(&recorder, call);
        // In the middle too: descriptions come before and after a scrape.
        if index % 16 == 15 || index + 1 == program.calls.len() {
            samples = read(&recorder, Format::Text, Syntax::Text, counted);
            read(&recorder, Format::OpenMetrics, Syntax::OpenMetrics, counted);
        }
    }
    samples
}

fn read(recorder: &Recorder, format: Format, syntax: Syntax, counted: u64) -> u64 {
    let mut body = Vec::new();
    recorder.handle().encode(Exposition::from(format).with_escaping(Escaping::Underscores), &mut body);
    let text = String::from_utf8_lossy(&body);
    let read = families(Parser::new(syntax, &body)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let errors: Vec<_> = lint(syntax, &read).into_iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    if syntax == Syntax::Text {
        let own = |name: &str| !name.starts_with("streamgauge_facade_");
        let counters = read.iter().filter(|family| family.kind == MetricType::Counter && own(&family.name));
        let found: f64 = counters.flat_map(|family| &family.samples).map(|sample| sample.value).sum();
        assert_eq!(found, counted as f64, "{text}");
    }
    read.iter().map(|family| family.samples.len() as u64).sum()
}
