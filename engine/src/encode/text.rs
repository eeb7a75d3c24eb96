//! The Prometheus text format 0.0.4.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Layout of numbers and lines
//! as the Go library writes them.

use super::buffer::Line;
use super::number::{MAX_NUMBER_BYTES, Number};
use crate::label::escape_into;

/// What all samples of one family share, rendered once.
#[derive(Debug)]
pub(crate) struct TextFamily {
    /// The HELP and TYPE lines.
    header: Vec<u8>,
    /// `name`, then of a histogram `name_bucket`, `name_sum`, `name_count`.
    name: Vec<u8>,
    bucket: Vec<u8>,
    sum: Vec<u8>,
    count: Vec<u8>,
    /// `le="0.005"} ` for each bucket.
    bounds: Vec<Vec<u8>>,
    longest_bound: usize,
    /// `name="state"} ` for each state of a state set.
    states: Vec<Vec<u8>>,
}

impl TextFamily {
    /// Renders what does not change: `bounds` are the finite ones of a histogram, `None` for other kinds.
    pub(crate) fn new(name: &str, help: &str, type_name: &str, bounds: Option<&[f64]>) -> Self {
        let mut header = format!("# HELP {name} ").into_bytes();
        escape_help(help, &mut header);
        header.extend_from_slice(format!("\n# TYPE {name} {type_name}\n").as_bytes());
        let bounds: Vec<Vec<u8>> = bounds.map_or_else(Vec::new, |bounds| {
            let all = bounds.iter().copied().chain([f64::INFINITY]);
            all.map(|bound| [b"le=\"", Number::new().float(bound), b"\"} "].concat()).collect()
        });
        let suffixed = |suffix: &str| format!("{name}{suffix}").into_bytes();
        Self {
            header,
            name: suffixed(""),
            bucket: suffixed("_bucket{"),
            sum: suffixed("_sum"),
            count: suffixed("_count"),
            longest_bound: bounds.iter().map(Vec::len).max().unwrap_or(0),
            bounds,
            states: Vec::new(),
        }
    }

    /// Renders the states of a state set called `name`.
    pub(crate) fn with_states(mut self, name: &str, states: &[Box<str>]) -> Self {
        let render = |state: &str| {
            let mut text = format!("{name}=\"").into_bytes();
            escape_into(state, &mut text);
            text.extend_from_slice(b"\"} ");
            text
        };
        self.states = states.iter().map(|state| render(state)).collect();
        self
    }

    /// Writes the HELP and TYPE lines.
    pub(crate) fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header);
    }

    /// Writes one sample of an integer.
    #[inline]
    pub(crate) fn integer(&self, out: &mut Vec<u8>, labels: &[u8], value: u64) {
        sample(out, &self.name, labels, itoa::Buffer::new().format(value).as_bytes());
    }

    /// Writes one sample of an integer that may be negative.
    pub(crate) fn signed(&self, out: &mut Vec<u8>, labels: &[u8], value: i64) {
        sample(out, &self.name, labels, itoa::Buffer::new().format(value).as_bytes());
    }

    /// Writes one sample of a float.
    pub(crate) fn float(&self, out: &mut Vec<u8>, labels: &[u8], value: f64) {
        sample(out, &self.name, labels, Number::new().float(value));
    }

    /// Writes the samples of a state set: 1 for the state at `current`, 0 for the others.
    pub(crate) fn state_set(&self, out: &mut Vec<u8>, labels: &[u8], current: usize) {
        for (index, state) in self.states.iter().enumerate() {
            let mut line = Line::new(out, self.name.len() + labels.len() + state.len() + 4);
            line.put(&self.name);
            line.put(b"{");
            if !labels.is_empty() {
                line.put(labels);
                line.put(b",");
            }
            line.put(state);
            line.put(if index == current { b"1" } else { b"0" });
            line.end();
        }
    }

    /// Writes the samples of a histogram: buckets, sum, count. `buckets` are not cumulative; the last is
    /// the one up to `+Inf`, and its cumulative value is the count.
    pub(crate) fn histogram(&self, out: &mut Vec<u8>, labels: &[u8], buckets: &[u64], sum: f64) {
        let head_len = self.bucket.len() + labels.len() + 1;
        let line_len = head_len + self.longest_bound + MAX_NUMBER_BYTES + 1;
        let mut line = Line::new(out, self.bounds.len() * line_len + 1);
        let head = line.position();
        line.put(&self.bucket);
        if !labels.is_empty() {
            line.put(labels);
            line.put(b",");
        }
        let head_len = line.position() - head;
        let mut count = 0u64;
        let mut digits = itoa::Buffer::new();
        for (index, (bound, bucket)) in self.bounds.iter().zip(buckets).enumerate() {
            if index > 0 {
                line.next_line();
                // The same head in one copy, out of the line before.
                line.repeat(head, head_len);
            }
            count = count.wrapping_add(*bucket);
            line.put(bound);
            line.put(digits.format(count).as_bytes());
        }
        line.end();
        sample(out, &self.sum, labels, Number::new().float(sum));
        sample(out, &self.count, labels, digits.format(count).as_bytes());
    }
}

/// Writes `name{labels} value`, or `name value` without labels.
#[inline(always)]
fn sample(out: &mut Vec<u8>, name: &[u8], labels: &[u8], value: &[u8]) {
    let mut line = Line::new(out, name.len() + labels.len() + value.len() + 4);
    line.put(name);
    if labels.is_empty() {
        line.put(b" ");
    } else {
        line.put(b"{");
        line.put(labels);
        line.put(b"} ");
    }
    line.put(value);
    line.end();
}

/// Escapes a help text: `\` and line feeds, but not quotes.
fn escape_help(help: &str, out: &mut Vec<u8>) {
    for byte in help.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn help_is_escaped_and_stands_once() {
        let family = TextFamily::new("a_total", "two-line\n doc  str\\ing \"quoted\"", "counter", None);
        assert_eq!(
            text(|out| family.header(out)),
            "# HELP a_total two-line\\n doc  str\\\\ing \"quoted\"\n# TYPE a_total counter\n"
        );
    }

    #[test]
    fn samples_with_and_without_labels() {
        let family = TextFamily::new("a", "A.", "gauge", None);
        assert_eq!(text(|out| family.integer(out, b"", u64::MAX)), "a 18446744073709551615\n");
        assert_eq!(text(|out| family.signed(out, b"x=\"1\"", -3)), "a{x=\"1\"} -3\n");
        assert_eq!(text(|out| family.float(out, b"x=\"1\"", 1e6)), "a{x=\"1\"} 1e+06\n");
    }

    #[test]
    fn a_histogram_is_cumulative_and_its_count_is_the_last_bucket() {
        let family = TextFamily::new("h", "H.", "histogram", Some(&[0.5, 1.0]));
        assert_eq!(
            text(|out| family.histogram(out, b"x=\"1\"", &[1, 0, 2], 9.25)),
            "h_bucket{x=\"1\",le=\"0.5\"} 1\nh_bucket{x=\"1\",le=\"1\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\n\
             h_sum{x=\"1\"} 9.25\nh_count{x=\"1\"} 3\n"
        );
        assert_eq!(
            text(|out| family.histogram(out, b"", &[0, 0, 0], 0.0)),
            "h_bucket{le=\"0.5\"} 0\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
        );
    }
}
