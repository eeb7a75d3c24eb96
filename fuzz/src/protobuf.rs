//! Random registries; the protobuf body of a scrape, read and written again by another library, is the same bytes, and
//! says what a visit shows.

use crate::{proto, visited};
use arbitrary::{Arbitrary, Result, Unstructured};
use std::time::Duration;
use streamgauge::{Buckets, Error, Escaping, Exposition, Format, Registry, Scope, Scraper, Unit};

/// Declarations, each with records into what was accepted.
#[derive(Arbitrary, Debug)]
pub struct Program {
    #[arbitrary(with = crate::many)]
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Step {
    kind: Kind,
    name: Name,
    help: Help,
    in_seconds: bool,
    labels: Vec<(LabelName, String)>,
    states: Vec<String>,
    bounds: Vec<i16>,
    bits: u64,
    times: u32,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Counter,
    DurationCounter,
    Gauge,
    Callback,
    UpDownCounter,
    Histogram,
    Summary,
    Info,
    StateSet,
}

/// A name that others have too, or any text: names need not be of the classic data model.
#[derive(Debug)]
struct Name(String);

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let known = ["size", "work_seconds_total", "events_total", "lag_seconds", "build", "phase", "http.sizes"];
        Ok(Self(if u.ratio(3, 4)? { (*u.choose(&known)?).to_owned() } else { u.arbitrary()? }))
    }
}

#[derive(Debug)]
struct Help(String);

impl<'a> Arbitrary<'a> for Help {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(if u.ratio(7, 8)? { "Help.".to_owned() } else { u.arbitrary()? }))
    }
}

#[derive(Debug)]
struct LabelName(String);

impl<'a> Arbitrary<'a> for LabelName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let known = ["a", "b", "http.method", "le"];
        Ok(Self(if u.ratio(7, 8)? { (*u.choose(&known)?).to_owned() } else { u.arbitrary()? }))
    }
}

impl Step {
    /// Declares a metric and records into it.
    fn run(&self, registry: &Registry) -> Result<(), Error> {
        let scope = self.labels.iter().fold(Scope::clone(registry), |scope, (name, value)| scope.label(&name.0, value));
        let (name, help, value) = (&*self.name.0, &*self.help.0, f64::from_bits(self.bits));
        // Without a unit where the name does not end in it, for that would be refused.
        let in_seconds = self.in_seconds && name.trim_end_matches("_total").ends_with("_seconds");
        macro_rules! with_unit {
            ($builder:expr) => {
                if in_seconds { $builder.unit(Unit::Seconds).verbatim() } else { $builder.verbatim() }
            };
        }
        match self.kind {
            Kind::Counter => with_unit!(scope.counter(name, help)).register()?.add(self.bits),
            Kind::DurationCounter => {
                with_unit!(scope.duration_counter(name, help)).register()?.add(Duration::from_nanos(self.bits));
            }
            Kind::Gauge => with_unit!(scope.gauge(name, help)).register()?.set(value),
            Kind::Callback => with_unit!(scope.gauge(name, help)).callback(move || value)?,
            Kind::UpDownCounter => {
                with_unit!(scope.up_down_counter(name, help)).register()?.add(self.bits.cast_signed());
            }
            Kind::Histogram => {
                let mut bounds = self.bounds.clone();
                bounds.sort_unstable();
                bounds.dedup();
                let buckets = Buckets::explicit(bounds.into_iter().map(|bound| f64::from(bound) / 16.0));
                let histogram = with_unit!(scope.histogram(name, help)).buckets(buckets).register()?;
                histogram.observe_n(value, u64::from(self.times) << (self.bits % 32));
            }
            Kind::Summary => {
                let mut quantiles: Vec<f64> =
                    self.bounds.iter().map(|bound| f64::from(*bound).abs() / 32_768.0).collect();
                quantiles.sort_unstable_by(f64::total_cmp);
                quantiles.dedup();
                let summary = with_unit!(scope.summary(name, help)).quantiles(&quantiles).register()?;
                summary.observe_n(value, u64::from(self.times) << (self.bits % 32));
            }
            Kind::Info => drop(scope.info(name, help).register()?),
            Kind::StateSet => {
                let set = scope.state_set(name, help).states(self.states.iter()).register()?;
                set.set(&self.states[self.times as usize % self.states.len()]);
            }
        }
        Ok(())
    }
}

/// Runs the program and compares. Gives the number of series.
///
/// # Panics
/// Where the encoders differ.
pub fn check(program: &Program) -> usize {
    let registry = Registry::new();
    for step in &program.steps {
        let _refused = step.run(&registry);
    }
    let mut scraper = Scraper::new(&registry);
    let mut body = Vec::new();
    let report = scraper.encode(Exposition::from(Format::Protobuf).with_escaping(Escaping::AllowUtf8), &mut body);
    assert_eq!(report.bytes(), body.len());
    let (decoded, visited) = (proto::decode(&body), visited::families(&mut scraper, str::to_owned));
    // As text, in which one NaN equals another.
    if decoded != visited {
        assert_eq!(format!("{decoded:#?}"), format!("{visited:#?}"));
    }
    assert!(proto::encode(&decoded) == body && proto::encode(&visited) == body, "the encoders differ: {decoded:#?}");
    report.series()
}
