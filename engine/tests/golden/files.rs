//! The golden files: how they are compared, and who may write them.

use crate::proto::MetricFamily;
use prost::Message;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What writes the files anew.
pub(crate) const COMMAND: &str = "STREAMGAUGE_BLESS=1 cargo test -p streamgauge --test golden";

/// Characters of a line that are shown on either side of where it differs.
const SHOWN: usize = 120;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Tells whether the files are to be written, by `STREAMGAUGE_BLESS` and `CI` of the environment.
///
/// # Errors
/// In CI, where nobody would look at what was written.
pub(crate) fn is_blessing(bless: Option<&str>, ci: Option<&str>) -> Result<bool, String> {
    match (bless == Some("1"), ci) {
        (true, Some(ci)) if !ci.is_empty() && ci != "false" => {
            Err("STREAMGAUGE_BLESS is not for CI: write the files where somebody reads the difference".to_owned())
        }
        (blessing, _) => Ok(blessing),
    }
}

/// Gives the names of the golden files that there are.
fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the repository");
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"));
    names.filter(|name| !name.ends_with(".rs")).collect()
}

/// Writes the bodies, and deletes the files that are nobody's.
pub(crate) fn bless(bodies: &[(String, Vec<u8>)]) {
    for name in names() {
        fs::remove_file(folder().join(name)).expect("removable");
    }
    for (name, body) in bodies {
        fs::write(folder().join(name), body).expect("writable");
    }
}

/// Gives what is wrong with each file: missing, different, or of no body.
pub(crate) fn problems(bodies: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut unused = names();
    let problem = |(name, body): &(String, Vec<u8>)| {
        if !unused.remove(name) {
            return Some(format!("{name} is missing"));
        }
        let golden = fs::read(folder().join(name)).expect("readable");
        difference(name, &golden, body)
    };
    let mut problems: Vec<String> = bodies.iter().filter_map(problem).collect();
    problems.extend(unused.iter().map(|name| format!("{name} is the file of no body")));
    problems
}

/// Gives the first line in which two bodies differ, of protobuf the first family or metric; `None` where they are equal.
pub(crate) fn difference(name: &str, golden: &[u8], body: &[u8]) -> Option<String> {
    if golden == body {
        return None;
    }
    let is_protobuf = name.ends_with(".bin");
    let [golden, body] = [golden, body].map(|bytes| if is_protobuf { messages(bytes) } else { text_lines(bytes) });
    let place = (0..).find(|place| golden.get(*place) != body.get(*place))?;
    let [golden, body] = [&golden, &body].map(|lines| lines.get(place).map_or("", String::as_str));
    let same = golden.chars().zip(body.chars()).take_while(|(a, b)| a == b).count();
    let part = |line: &str| line.chars().skip(same.saturating_sub(SHOWN)).take(2 * SHOWN).collect::<String>();
    let [golden, body] = [part(golden), part(body)];
    Some(format!("{name}:{} differs at character {same}\n  golden {golden:?}\n  now    {body:?}", place + 1))
}

/// Gives the lines, and behind the end of the last one an empty line, so that a missing end is a difference.
fn text_lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).split('\n').map(str::to_owned).collect()
}

/// Gives a line for each family and for each of its metrics, then one with the bytes that are no family.
fn messages(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Ok(mut family) = MetricFamily::decode_length_delimited(&mut rest) {
        let metrics = std::mem::take(&mut family.metric);
        lines.push(format!("{family:?}"));
        lines.extend(metrics.iter().map(|metric| format!("{:?} {metric:?}", family.name())));
        // The bytes too: one message may be encoded in two ways.
        lines.push(format!("{:?}", &bytes[..bytes.len() - rest.len()]));
        bytes = rest;
    }
    lines.push(format!("{bytes:?}"));
    lines
}
