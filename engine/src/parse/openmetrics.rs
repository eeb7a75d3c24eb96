//! Lines of OpenMetrics 1.0.

use super::cursor::Cursor;
use super::error::shown;
use super::line::{Head, Scratch};
use super::number::{float, seconds};
use super::parser::State;
use super::{Error, ErrorKind, Event, Exemplar, Labels, Limits, MetricType, Sample, Syntax, Timestamp};

/// Characters that the names and values of an exemplar's labels may have together.
const EXEMPLAR_CHARS: usize = 128;

/// Reads a line; `None` where it says nothing.
#[inline]
pub(super) fn line<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Option<Event<'a>>, Error> {
    match cursor.peek() {
        None => {
            let message = "found a blank line, which the format does not have";
            Err(cursor.error(0, ErrorKind::Syntax, message))
        }
        Some(b'#') => descriptor(cursor, state),
        Some(_) => Ok(Some(Event::Sample(sample(cursor, state)?))),
    }
}

/// Reads a line of metadata, or the end.
fn descriptor<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Option<Event<'a>>, Error> {
    if cursor.line == "# EOF" {
        state.eof = true;
        return Ok(None);
    }
    let Some(keyword) = ["# TYPE ", "# HELP ", "# UNIT "].into_iter().find(|word| cursor.line.starts_with(word)) else {
        cursor.at = cursor.line.len().min(2);
        let message = format!(
            "found {}, but \"# TYPE \", \"# HELP \", \"# UNIT \" or \"# EOF\" is expected; there are no comments",
            shown(cursor.line)
        );
        return Err(cursor.error(0, ErrorKind::Syntax, message));
    };
    cursor.at = keyword.len();
    let name = cursor.family_name()?;
    cursor.expects(b' ', "a space behind the metric name")?;
    let (at, name) = (name.at, name.unescaped());
    let index = state.families.of_metadata(cursor, &name, at)?;
    let family = state.families.at(index);
    let is_second = match keyword {
        "# TYPE " => family.kind.is_some(),
        "# HELP " => std::mem::replace(&mut family.has_help, true),
        _ => std::mem::replace(&mut family.saw_unit, true),
    };
    if is_second {
        let message = format!("a second {} of {}, but one is allowed", &keyword[2..6], shown(&name));
        return Err(cursor.error(at, ErrorKind::Order, message));
    }
    match keyword {
        "# TYPE " => {
            let kind = kind(cursor)?;
            if family.has_unit {
                check_has_units(cursor, kind)?;
            }
            state.families.set_kind(cursor, index, kind, at)?;
            Ok(Some(Event::Type { family: name, kind }))
        }
        "# HELP " => Ok(Some(Event::Help { family: name, help: cursor.help()?.unescaped() })),
        _ => {
            let unit = &cursor.line[cursor.at..];
            // An empty unit is the same as none.
            if !unit.is_empty() {
                family.has_unit = true;
                check_has_units(cursor, family.kind())?;
                if !name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')) {
                    let message = format!("the name {} does not end in _ and the unit {}", shown(&name), shown(unit));
                    return Err(cursor.error(cursor.at, ErrorKind::Rule, message));
                }
            }
            Ok(Some(Event::Unit { family: name, unit }))
        }
    }
}

fn kind(cursor: &Cursor<'_>) -> Result<MetricType, Error> {
    let word = &cursor.line[cursor.at..];
    MetricType::of(word, cursor.syntax).ok_or_else(|| {
        let message = format!(
            "found the type {}, but counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown \
             is expected",
            shown(word)
        );
        cursor.error(cursor.at, ErrorKind::Syntax, message)
    })
}

fn check_has_units(cursor: &Cursor<'_>, kind: MetricType) -> Result<(), Error> {
    if matches!(kind, MetricType::Info | MetricType::StateSet) {
        let message = format!("the type {kind} has no unit");
        return Err(cursor.error(cursor.at, ErrorKind::Rule, message));
    }
    Ok(())
}

#[inline]
fn sample<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Sample<'a>, Error> {
    state.count_sample(cursor)?;
    let head = cursor.head(&mut state.last_name, &mut state.scratch)?;
    cursor.expects(b' ', "a space before the value")?;
    let at = cursor.at;
    let value_text = cursor.word("a value")?;
    let value = float(value_text).map_err(|why| cursor.not_a_number(at, value_text, "the value", why))?;
    // Behind the value: that a composite value is one says more than that its sample has no suffix.
    let index = state.families.of_sample(cursor, &head.name, head.at)?;
    let family = state.families.at(index);
    family.has_samples = true;
    let (kind, family_len) = (family.kind(), family.name.len());
    check(cursor, &state.scratch, &head, kind, family_len, value, at)?;
    let mut timestamp = None;
    let mut exemplar = "";
    if !cursor.is_at_end() {
        cursor.expects(b' ', "a space")?;
        if cursor.peek() != Some(b'#') {
            timestamp = Some(time(cursor)?);
            if !cursor.is_at_end() {
                cursor.expects(b' ', "a space")?;
            }
        }
        if cursor.line.as_bytes()[cursor.at - 1] == b' ' {
            exemplar = find_exemplar(cursor, state, kind, &head.name[family_len..])?;
        }
    }
    let Head { name, labels, .. } = head;
    Ok(Sample { line: cursor.number, name, family_len, kind, labels, value, value_text, timestamp, exemplar })
}

fn time(cursor: &mut Cursor<'_>) -> Result<Timestamp, Error> {
    let at = cursor.at;
    let word = cursor.word("a timestamp")?;
    seconds(word).map_err(|why| cursor.not_a_number(at, word, "the timestamp, in seconds,", why))
}

/// Checks what one sample alone shows: the rules of its type for labels and values.
fn check(
    cursor: &Cursor<'_>,
    scratch: &Scratch<'_>,
    head: &Head<'_>,
    kind: MetricType,
    family_len: usize,
    value: f64,
    value_at: usize,
) -> Result<(), Error> {
    let suffix = &head.name[family_len..];
    let rule = |at: usize, what: &str| {
        Err(cursor.error(at, ErrorKind::Rule, format!("a sample {suffix:?} of type {kind}: {what}")))
    };
    match kind {
        MetricType::Gauge | MetricType::Unknown => return Ok(()),
        MetricType::StateSet => {
            if !{ head.labels }.any(|(name, _)| name == head.name) {
                return rule(head.at, "the label called as the metric, which names the state, is missing");
            }
            if value != 0.0 && value != 1.0 {
                return rule(value_at, "the value must be 0 or 1");
            }
        }
        MetricType::Info if value != 1.0 => return rule(value_at, "the value must be 1"),
        MetricType::Summary if suffix.is_empty() => {
            let Some(piece) = &scratch.quantile else { return rule(head.at, "the label \"quantile\" is missing") };
            let quantile = cursor.label_number(piece, "the quantile")?;
            if !(0.0..=1.0).contains(&quantile) {
                return rule(piece.at, "the quantile must be from 0 to 1");
            }
            if value < 0.0 {
                return rule(value_at, "the value must not be negative");
            }
        }
        _ => {}
    }
    if suffix == "_bucket" {
        let Some(piece) = &scratch.le else { return rule(head.at, "the label \"le\" is missing") };
        let bound = cursor.label_number(piece, "the bound")?;
        if bound.is_nan() || (bound == f64::INFINITY && piece.text != "+Inf") {
            return rule(piece.at, "the bound must be a number, or +Inf in this spelling");
        }
    }
    if matches!(suffix, "_bucket" | "_count" | "_gcount") && !(value.is_finite() && value.fract() == 0.0) {
        return rule(value_at, "the value must be a whole number");
    }
    let counts = matches!(suffix, "_total" | "_sum" | "_count" | "_bucket" | "_gcount");
    if (counts || suffix == "_gsum") && value.is_nan() {
        return rule(value_at, "the value must not be NaN");
    }
    if counts && value < 0.0 {
        return rule(value_at, "the value must not be negative");
    }
    Ok(())
}

/// Checks `# {labels} value [timestamp]` up to the end of the line, and returns it from the braces on.
fn find_exemplar<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
    kind: MetricType,
    suffix: &str,
) -> Result<&'a str, Error> {
    let begin = cursor.at;
    cursor.expects(b'#', "the '#' of an exemplar")?;
    cursor.expects(b' ', "a space")?;
    let at = cursor.at;
    let exemplar = exemplar(cursor, &mut state.scratch)?;
    check_exemplar_length(cursor, exemplar.labels, at)?;
    let allowed = match kind {
        MetricType::Counter => suffix == "_total",
        MetricType::Histogram | MetricType::GaugeHistogram => suffix == "_bucket",
        _ => false,
    };
    if !allowed {
        let message = "found an exemplar, but only the _total of counters and the _bucket of histograms may have one";
        return Err(cursor.error(begin, ErrorKind::Rule, message));
    }
    Ok(&cursor.line[at..])
}

/// Reads `{labels} value [timestamp]` up to the end of the line.
fn exemplar<'a>(cursor: &mut Cursor<'a>, scratch: &mut Scratch<'a>) -> Result<Exemplar<'a>, Error> {
    let labels = cursor.exemplar_labels(scratch)?;
    cursor.expects(b' ', "a space before the exemplar's value")?;
    let at = cursor.at;
    let word = cursor.word("the exemplar's value")?;
    let value = float(word).map_err(|why| cursor.not_a_number(at, word, "the exemplar's value", why))?;
    let timestamp = if cursor.is_at_end() {
        None
    } else {
        cursor.expects(b' ', "a space")?;
        Some(time(cursor)?)
    };
    if !cursor.is_at_end() {
        return Err(cursor.expected("the end of the line"));
    }
    Ok(Exemplar { labels, value, timestamp })
}

/// Reads once more what [`find_exemplar`] has checked.
pub(super) fn checked_exemplar(text: &str) -> Option<Exemplar<'_>> {
    let limits = Limits { name_bytes: usize::MAX, value_bytes: usize::MAX, labels: usize::MAX, ..Limits::default() };
    let syntax = Syntax::OpenMetrics;
    let mut cursor = Cursor { line: text, at: 0, number: 0, syntax, limits, classic_names: false };
    exemplar(&mut cursor, &mut Scratch::default()).ok()
}

fn check_exemplar_length(cursor: &Cursor<'_>, labels: Labels<'_>, at: usize) -> Result<(), Error> {
    let chars: usize = labels.map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if chars > EXEMPLAR_CHARS {
        let message = format!("the labels of the exemplar have {chars} characters, and {EXEMPLAR_CHARS} are allowed");
        return Err(cursor.error(at, ErrorKind::Rule, message));
    }
    Ok(())
}
