//! Compares the expositions of the stock recorder and this one.

use crate::compare::{Found, id, written};
use crate::differences::{
    Difference, is_recorded, is_reserved, our_labels, stock_help, stock_labels, stock_sample, stock_value,
};
use crate::facade::{COLLISIONS, Exposed};
use crate::model::{FamilyId, Model, SeriesId, Value, raw_id};
use crate::program::{GLOBAL, Kind, Op, Program};
use crate::stock::{Block, Line, in_order, read};
use metrics_exporter_prometheus::formatting::{sanitize_label_key, sanitize_metric_name};
use std::collections::{BTreeMap, BTreeSet};

/// A series of the stock recorder: the family, and the labels as they were given, in their order.
type Slot = (FamilyId, Vec<(String, String)>);

/// Gives the series of the stock recorder, each with the keys that fall into it.
fn slots(program: &Program) -> BTreeMap<Slot, BTreeSet<SeriesId>> {
    let mut slots = BTreeMap::<Slot, BTreeSet<SeriesId>>::new();
    let mut known = BTreeSet::new();
    for op in program.threads.iter().flatten() {
        let (Op::Register(index) | Op::Add(index, ..) | Op::Set(index, ..)) = op else { continue };
        let metric = &program.metrics[*index];
        if !known.insert(raw_id(metric)) {
            continue;
        }
        let mut labels: Vec<(String, String)> = Vec::new();
        let global = program.has_global.then_some(&GLOBAL);
        for (name, value) in global.into_iter().chain(&metric.labels) {
            match labels.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = (*value).to_owned(),
                None => labels.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        let slot = ((metric.kind, sanitize_metric_name(metric.name)), labels);
        slots.entry(slot).or_default().insert(raw_id(metric));
    }
    slots
}

pub(crate) fn compare_with_stock(
    program: &Program,
    model: &Model,
    ours: &str,
    text: &str,
    found: &mut Found,
) -> Result<(), String> {
    let mut blocks: BTreeMap<(String, String), Block> = BTreeMap::new();
    let read = read(text);
    require!(read.len() == model.names.len(), "{} families, {} expected", read.len(), model.names.len());
    for block in read {
        let place = (block.name.clone(), block.kind.as_str().to_owned());
        match blocks.get_mut(&place) {
            Some(twin) => {
                twin.is_twin = true;
                twin.samples.extend(block.samples);
            }
            None => drop(blocks.insert(place, block)),
        }
    }
    let exposed = Exposed::of(ours);
    let own_lines: BTreeMap<String, String> =
        ours.lines().filter(|line| !line.starts_with('#')).map(Line::read).map(|line| (line.id, line.text)).collect();
    for (family, name) in &model.names {
        let place = (model.plain_name(family, program.naming), format!("{:?}", family.0).to_lowercase());
        let block = blocks.get(&place).ok_or_else(|| format!("{place:?} is missing"))?;
        if block.is_twin {
            continue;
        }
        let help = model.descriptions.get(&family.1).map(|(_, help)| *help);
        let expected = help.map(stock_help);
        require!(block.help.clone().unwrap_or_default() == expected.unwrap_or_default(), "the help of {block:?}");
        match help {
            Some(help) if stock_help(help) != help => drop(found.differences.insert(Difference::Backslashes)),
            _ if *name != place.0 => require!(exposed.help(name) == block.help.as_deref(), "the help of {name}"),
            // Line by line.
            _ => {
                for line in &block.metadata {
                    require!(ours.lines().any(|own| own == line), "no {line:?}");
                }
                let helps = |text: &str| text.lines().filter(|line| is_help_of(name, line)).count();
                require!(helps(ours) == usize::from(help.is_some()), "HELP lines of {name}");
            }
        }
    }
    let slots = slots(program);
    let mut merged = BTreeMap::<_, BTreeSet<SeriesId>>::new();
    for metric in &program.metrics {
        if model.raw.contains_key(&raw_id(metric)) {
            let global = program.has_global.then_some(GLOBAL);
            let ours = (metric.kind, sanitize_metric_name(metric.name), our_labels(&metric.labels, global));
            merged.entry(ours).or_default().insert(raw_id(metric));
        }
    }
    let is_merged = |raws: &BTreeSet<SeriesId>| merged.values().any(|all| all.len() > 1 && !all.is_disjoint(raws));
    // Those that can have one value only are looked for first.
    let mut order: Vec<_> = slots.iter().collect();
    order.sort_by_key(|(_, raws)| raws.len());
    for ((family, labels), raws) in order {
        let plain = model.plain_name(family, program.naming);
        let place = (plain.clone(), format!("{:?}", family.0).to_lowercase());
        let values: Vec<&Value> = raws.iter().map(|raw| &model.raw[raw]).collect();
        let mut differences = differences_of(labels, &values);
        if model.names[family] != plain {
            differences.insert(Difference::NameTaken);
        }
        if is_merged(raws) && model.alike.contains(&family.1) {
            differences.insert(Difference::NamesAlike);
        }
        // A histogram has the values of all keys that look alike; of the others one key's are left.
        let options: Vec<Value> = match family.0 {
            Kind::Histogram => {
                let lists = values
                    .iter()
                    .filter_map(|value| if let Value::Histogram(list) = value { Some(list) } else { None });
                vec![Value::Histogram(lists.flatten().copied().collect())]
            }
            _ => values.into_iter().cloned().collect(),
        };
        let options: Vec<_> = options.iter().map(|value| value.samples(|_| true)).collect();
        let block = blocks.get_mut(&place).expect("it was looked at");
        for (index, (suffix, bound, _)) in options[0].iter().enumerate() {
            let name = if suffix.is_empty() { plain.clone() } else { stock_sample(&plain, suffix) };
            let is_plain = suffix.is_empty() || name == format!("{plain}_{suffix}");
            if !is_plain {
                differences.insert(Difference::Suffix);
            }
            let mut names = labels.clone();
            names.extend(bound.iter().map(|bound| ("le".to_owned(), bound.clone())));
            let id = id(&name, stock_labels(&names), None);
            let may_be: Vec<_> = options.iter().map(|samples| written(samples[index].2)).collect();
            let at = block.samples.iter().position(|line| line.id == id && may_be.contains(&written(line.value)));
            let at = at.ok_or_else(|| format!("no {id} {may_be:?} in {block:?}"))?;
            let line = block.samples.swap_remove(at);
            if differences.is_empty() && !is_merged(raws) {
                let mut text = in_order(&line.text);
                if line.value.is_infinite() {
                    found.differences.insert(Difference::Infinity);
                    text = text.replace(" inf", " +Inf").replace(" -inf", " -Inf");
                }
                let own = own_lines.get(&id);
                require!(own == Some(&text), "{own:?}, of the stock recorder {:?}", line.text);
                found.alike += 1;
            }
        }
        found.differences.extend(differences);
    }
    if found.differences.is_empty() {
        let sorted = |text: &str, rewrite: fn(&str) -> String| {
            // What this recorder tells of itself stands for nothing there.
            let is_meant = |line: &&str| !line.is_empty() && !line.contains(COLLISIONS);
            let mut lines: Vec<String> = text.lines().filter(is_meant).map(rewrite).collect();
            lines.sort_unstable();
            lines
        };
        let (ours, stock) = (sorted(ours, str::to_owned), sorted(text, in_order));
        require!(ours == stock, "{ours:#?} and {stock:#?}");
        found.is_same_text = true;
    }
    let left: Vec<_> = blocks.values().filter(|block| !block.samples.is_empty()).collect();
    require!(left.is_empty(), "the stock recorder has more: {left:?}");
    Ok(())
}

fn is_help_of(name: &str, line: &str) -> bool {
    line.strip_prefix("# HELP ").and_then(|line| line.strip_prefix(name)).is_some_and(|rest| rest.starts_with(' '))
}

fn differences_of(labels: &[(String, String)], values: &[&Value]) -> BTreeSet<Difference> {
    let legal: Vec<String> = labels.iter().map(|(name, _)| sanitize_label_key(name)).collect();
    let is_bad = |value: &&Value| match value {
        Value::Histogram(list) => list.iter().any(|(value, times)| *times > 0 && !is_recorded(*value)),
        _ => false,
    };
    let all = [
        (Difference::Backslashes, labels.iter().any(|(_, value)| stock_value(value) != *value)),
        (Difference::Reserved, legal.iter().any(|name| is_reserved(name))),
        (Difference::LabelsAlike, legal.iter().collect::<BTreeSet<_>>().len() < legal.len()),
        (Difference::EmptyLabels, labels.iter().any(|(_, value)| value.is_empty())),
        (Difference::BadValues, values.iter().any(is_bad)),
    ];
    all.into_iter().filter(|(_, is_so)| *is_so).map(|(difference, _)| difference).collect()
}
