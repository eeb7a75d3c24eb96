//! Lines of the text format 0.0.4.

use super::cursor::Cursor;
use super::error::shown;
use super::line::Head;
use super::number::{float, millis};
use super::parser::{Line, State};
use super::{Error, ErrorKind, Event, MetricType, Sample};

/// Reads a line.
pub(super) fn line<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Line<'a>, Error> {
    cursor.blanks();
    match cursor.peek() {
        None => Ok(Line::Nothing),
        Some(b'#') => comment(cursor, state),
        Some(_) => sample(cursor, state).map(|sample| Line::Event(Event::Sample(sample))),
    }
}

/// Reads a line with `#`: metadata where its first word says so, and where there is anything behind the name.
fn comment<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Line<'a>, Error> {
    cursor.at += 1;
    cursor.blanks();
    if cursor.is_at_end() {
        return Ok(Line::Nothing);
    }
    let is_help = match cursor.word("a comment")? {
        "HELP" => true,
        "TYPE" => false,
        _ => return Ok(Line::Nothing),
    };
    cursor.blanks();
    if cursor.is_at_end() {
        return Ok(Line::Nothing);
    }
    let name = cursor.family_name()?;
    if !matches!(cursor.peek(), None | Some(b' ' | b'\t')) {
        return Err(cursor.expected("a blank behind the metric name"));
    }
    cursor.blanks();
    if cursor.is_at_end() {
        return Ok(Line::Nothing);
    }
    let (at, name) = (name.at, name.unescaped());
    let index = state.families.of_text(cursor, &name, at)?;
    let family = state.families.at(index);
    if is_help {
        if std::mem::replace(&mut family.has_help, true) {
            let message = format!("a second HELP of {}, but one is allowed", shown(&family.name));
            return Err(cursor.error(at, ErrorKind::Order, message));
        }
        let family = family.name.clone();
        let help = cursor.help()?.unescaped();
        return Ok(Line::Event(Event::Help { family, help }));
    }
    if family.kind.is_some() || family.has_samples {
        let problem = if family.kind.is_some() { "a second TYPE" } else { "TYPE behind samples" };
        let message = format!("{problem} of {}, but one is allowed, before the samples", shown(&family.name));
        return Err(cursor.error(at, ErrorKind::Order, message));
    }
    let name = family.name.clone();
    let at = cursor.at;
    let word = cursor.line[at..].trim_end_matches([' ', '\t']);
    let Some(kind) = MetricType::of(word, cursor.syntax) else {
        let message = format!(
            "found the type {}, but counter, gauge, histogram, gaugehistogram, summary or untyped is expected",
            shown(word)
        );
        return Err(cursor.error(at, ErrorKind::Syntax, message));
    };
    state.families.set_text_kind(index, kind);
    Ok(Line::Event(Event::Type { family: name, kind }))
}

fn sample<'a>(cursor: &mut Cursor<'a>, state: &mut State<'a>) -> Result<Sample<'a>, Error> {
    state.count_sample(cursor)?;
    let head = cursor.head(&mut state.scratch)?;
    let index = state.families.of_text(cursor, &head.name, head.at)?;
    cursor.blanks();
    let at = cursor.at;
    let value_text = cursor.word("a value")?;
    let value = float(value_text).map_err(|why| cursor.not_a_number(at, value_text, "the value", why))?;
    let family = state.families.at(index);
    family.has_samples = true;
    let (kind, family_len) = (family.kind(), family.name.len());
    match kind {
        MetricType::Histogram | MetricType::GaugeHistogram => check_bucket(cursor, &head, family_len, value, at)?,
        MetricType::Summary => {
            if let Some(quantile) = &head.quantile {
                cursor.label_number(quantile, "the quantile")?;
            }
        }
        _ => {}
    }
    cursor.blanks();
    let timestamp = if cursor.is_at_end() {
        None
    } else {
        let at = cursor.at;
        let word = cursor.word("a timestamp")?;
        Some(millis(word).map_err(|why| cursor.not_a_number(at, word, "the timestamp, in whole milliseconds,", why))?)
    };
    cursor.blanks();
    if !cursor.is_at_end() {
        return Err(cursor.expected("the end of the line"));
    }
    let Head { name, labels, .. } = head;
    Ok(Sample { line: cursor.number, name, family_len, kind, labels, value, value_text, timestamp, exemplar: None })
}

/// Checks what a reader of a histogram cannot do without: bounds that are numbers, counts that are not negative.
fn check_bucket(
    cursor: &Cursor<'_>,
    head: &Head<'_>,
    family_len: usize,
    value: f64,
    value_at: usize,
) -> Result<(), Error> {
    if let Some(bound) = &head.le {
        cursor.label_number(bound, "the bound")?;
    }
    if value < 0.0 && matches!(&head.name[family_len..], "_bucket" | "_count") {
        let message = format!("the count {value} of {} is negative", shown(&head.name));
        return Err(cursor.error(value_at, ErrorKind::Rule, message));
    }
    Ok(())
}
