//! Runs a program through all recorders and compares what they make of it.

use crate::against_stock::compare_with_stock;
use crate::differences::Difference;
use crate::facade::{COLLISIONS, Exposed};
use crate::model::{Model, SeriesId, Value, our_samples};
use crate::program::{BOUNDS, GLOBAL, Kind, Naming, Op, Program, call};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshot};
use metrics_util::layers::FanoutBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use streamgauge::Registry;
use streamgauge_exporter::recorder::{Recorder, RecorderBuilder};

/// What came of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) differences: BTreeSet<Difference>,
    /// Samples that both recorders have, with the same name, labels and value.
    pub(crate) alike: usize,
    /// The expositions are the same, line by line.
    pub(crate) is_same_text: bool,
}

fn ours(program: &Program) -> Recorder {
    configured(program, Recorder::builder()).build_recorder()
}

fn configured(program: &Program, builder: RecorderBuilder) -> RecorderBuilder {
    let builder = builder.set_buckets(&BOUNDS).expect("they ascend");
    let builder = if program.has_global { builder.add_global_label(GLOBAL.0, GLOBAL.1) } else { builder };
    let builder = builder.set_enable_unit_suffix(program.naming == Naming::Units);
    if program.naming == Naming::Recommended { builder.with_recommended_naming(true) } else { builder }
}

#[allow(deprecated, reason = "the setting that is compared")]
fn stock(program: &Program) -> metrics_exporter_prometheus::PrometheusRecorder {
    let builder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("there are some");
    let builder = if program.has_global { builder.add_global_label(GLOBAL.0, GLOBAL.1) } else { builder };
    let builder = builder.set_enable_unit_suffix(program.naming == Naming::Units);
    builder.with_recommended_naming(program.naming == Naming::Recommended).build_recorder()
}

pub(crate) fn compare(program: &Program) -> Result<Found, String> {
    let (fanned, direct, stock, debugging) = (ours(program), ours(program), stock(program), DebuggingRecorder::new());
    // Two recorders of one registry, of which both are told the descriptions and each is given a part of the metrics.
    let registry = Registry::new();
    let pair = [(); 2].map(|()| configured(program, Recorder::builder().registry(&registry)).build_recorder());
    let (our_handle, stock_handle, snapshotter) = (fanned.handle(), stock.handle(), debugging.snapshotter());
    let fanout = FanoutBuilder::default().add_recorder(fanned).add_recorder(stock).add_recorder(debugging).build();
    for ops in &program.threads {
        thread::scope(|scope| {
            scope.spawn(|| {
                for op in ops {
                    call(&fanout, &program.metrics, op);
                    // Fanout makes single records of many at once, so a second recorder is asked without it.
                    call(&direct, &program.metrics, op);
                    match op {
                        Op::Scrape => {
                            let handles = [&our_handle, &direct.handle(), &pair[0].handle()];
                            let bytes: usize = handles.iter().map(|handle| handle.render().len()).sum();
                            assert!(bytes + stock_handle.render().len() < 1 << 20);
                        }
                        Op::Describe(..) => pair.iter().for_each(|it| call(it, &program.metrics, op)),
                        Op::Register(index) | Op::Add(index, ..) | Op::Set(index, ..) => {
                            call(&pair[index % 2], &program.metrics, op);
                        }
                    }
                }
            });
        });
    }
    let model = Model::of(program);
    let exposed = Exposed::of(&our_handle.render());
    raw_values_are_those_of_the_debugging_recorder(&model, snapshotter.snapshot())?;
    let expected = expected(&model);
    let [alone, shared] = [direct.handle(), pair[0].handle()].map(|handle| Exposed::of(&handle.render()));
    for (way, exposed) in [("by fanout", &exposed), ("directly", &alone), ("by two recorders", &shared)] {
        let shown = shown(exposed);
        require!(shown == expected, "recorded {way}: {shown:#?}, expected: {expected:#?}");
    }
    let mut found = Found::default();
    let text = stock_handle.render();
    compare_with_stock(program, &model, &our_handle.render(), &text, &mut found)
        .map_err(|error| format!("{error}\nstock:\n{text}"))?;
    if found.differences.contains(&Difference::NameTaken) {
        require!(exposed.collisions("family").is_some(), "another name was not counted: {exposed:?}");
    }
    let alike = Some(model.alike.len() as f64).filter(|count| *count > 0.0);
    require!(exposed.collisions("name") == alike, "{:?} are alike: {exposed:?}", model.alike);
    Ok(found)
}

/// Writes a value so that NaN is NaN, and zero zero.
pub(crate) fn written(value: f64) -> String {
    (value + 0.0).to_string()
}

/// Samples, and types with helps.
type Shown = (BTreeMap<String, String>, BTreeMap<String, (String, Option<String>)>);

fn shown(exposed: &Exposed) -> Shown {
    let samples = exposed.samples.iter().filter(|(id, _)| !id.starts_with(COLLISIONS));
    let families = exposed.families.iter().filter(|(name, _)| *name != COLLISIONS);
    (
        samples.map(|(id, value)| (id.clone(), written(*value))).collect(),
        families.map(|(name, (kind, help))| (name.clone(), (kind.as_str().to_owned(), help.clone()))).collect(),
    )
}

fn expected(model: &Model) -> Shown {
    let mut shown = Shown::default();
    for ((family, labels), value) in &model.ours {
        let name = &model.names[family];
        // A HELP line without text is none to the parser; against_stock.rs compares the lines.
        let help = model.descriptions.get(&family.1).map(|(_, help)| *help).filter(|help| !help.is_empty());
        shown.1.insert(name.clone(), (format!("{:?}", family.0).to_lowercase(), help.map(str::to_owned)));
        for (suffix, bound, value) in our_samples(value) {
            let name = if suffix.is_empty() { name.clone() } else { format!("{name}_{suffix}") };
            shown.0.insert(id(&name, labels.clone(), bound), written(value));
        }
    }
    shown
}

pub(crate) fn id(name: &str, mut labels: Vec<(String, String)>, bound: Option<String>) -> String {
    labels.extend(bound.map(|bound| ("le".to_owned(), bound)));
    // Where the labels have a `le`, the bound comes behind it in the text.
    labels.sort();
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
}

fn raw_values_are_those_of_the_debugging_recorder(model: &Model, snapshot: Snapshot) -> Result<(), String> {
    let sorted = |values: &mut Vec<f64>| values.sort_by(f64::total_cmp);
    let mut count = 0;
    for (key, _, _, value) in snapshot.into_vec() {
        let kind = match key.kind() {
            MetricKind::Counter => Kind::Counter,
            MetricKind::Gauge => Kind::Gauge,
            MetricKind::Histogram => Kind::Histogram,
        };
        let key = key.key();
        let mut labels: Vec<_> = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        labels.sort();
        let id: SeriesId = ((kind, key.name().to_owned()), labels);
        let is_same = match (&value, model.raw.get(&id)) {
            (DebugValue::Counter(total), Some(Value::Counter(expected))) => total == expected,
            (DebugValue::Gauge(value), Some(Value::Gauge(expected))) => written(value.0) == written(*expected),
            (DebugValue::Histogram(values), Some(Value::Histogram(expected))) => {
                let expected = expected.iter().flat_map(|(value, times)| std::iter::repeat_n(*value, *times as usize));
                let (mut values, mut expected) = (values.iter().map(|value| value.0).collect(), expected.collect());
                sorted(&mut values);
                sorted(&mut expected);
                values.iter().map(|value| value.to_bits()).eq(expected.iter().map(|value| value.to_bits()))
            }
            _ => false,
        };
        require!(is_same, "{id:?}: {value:?} of the debugging recorder, {:?} of the model", model.raw.get(&id));
        count += 1;
    }
    require!(count == model.raw.len(), "{count} series of the debugging recorder, {}", model.raw.len());
    Ok(())
}
