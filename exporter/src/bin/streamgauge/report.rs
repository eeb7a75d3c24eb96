//! What there is to say about an exposition.

use std::fmt::Write;

use serde_json::json;
use streamgauge::parse::{Error, ErrorKind, Limits, Linted, OwnedFamily, Parser, Syntax, families, lint_at_most};

use crate::escape::{ascii, printable};

/// Findings that are told. Of a body with more than that something is wrong that they all have in common.
const FINDINGS: usize = 1000;

/// What is kept of a body takes ten times its bytes where lines are short, as in honest ones.
const OWNED_FACTOR: usize = 16;

/// The result of a check.
pub(crate) struct Report {
    syntax: Syntax,
    families: usize,
    samples: usize,
    linted: Linted,
    /// What ended the reading. Then nothing else is known.
    refused: Option<Error>,
}

impl Report {
    /// Reads and lints a body, of which as much is kept as of one of `most` bytes.
    pub(crate) fn of(syntax: Syntax, body: &[u8], most: usize) -> Report {
        let limits = Limits::default().owned_bytes(most.saturating_mul(OWNED_FACTOR));
        let (families, refused): (Vec<OwnedFamily>, _) = match families(Parser::new(syntax, body).with_limits(limits)) {
            Ok(families) => (families, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let samples = families.iter().map(|family| family.samples.len()).sum();
        let mut linted = lint_at_most(syntax, &families, FINDINGS);
        linted.findings.sort_by_key(|finding| finding.line);
        Report { syntax, families: families.len(), samples, linted, refused }
    }

    /// Says how many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.linted.errors + usize::from(self.refused.is_some())
    }

    /// Says how many findings are not told.
    fn omitted(&self) -> usize {
        self.linted.errors + self.linted.warnings - self.linted.findings.len()
    }

    fn format(&self) -> &'static str {
        match self.syntax {
            Syntax::Text => "text",
            Syntax::OpenMetrics => "openmetrics",
        }
    }

    /// Writes a line for each finding, in the order of the body, and one for the whole.
    pub(crate) fn text(&self, source: &str) -> String {
        let (mut text, source) = (String::new(), printable(source));
        // Writing to a string cannot fail.
        if let Some(error) = &self.refused {
            let (line, column) = (error.line(), error.column());
            // Whether it is the bound that a flag moves is not told; of the others that flag says so itself.
            let hint = if error.kind() == ErrorKind::Limit { " (see --max-mib)" } else { "" };
            let _ = writeln!(text, "line {line}: error: column {column}: {}{hint}", printable(error.message()));
            let _ = writeln!(text, "{source}: {}, refused on line {line}", self.format());
            return text;
        }
        for finding in &self.linted.findings {
            let _ = writeln!(text, "{}", printable(&finding.to_string()));
        }
        if self.omitted() > 0 {
            let _ = writeln!(text, "and {} findings more, of {} in all", self.omitted(), self.omitted() + FINDINGS);
        }
        let counted = |count, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let families = if self.families == 1 { "1 family".to_owned() } else { format!("{} families", self.families) };
        let _ = writeln!(
            text,
            "{source}: {}, {families}, {}, {}, {}",
            self.format(),
            counted(self.samples, "sample"),
            counted(self.errors(), "error"),
            counted(self.linted.warnings, "warning"),
        );
        text
    }

    /// Writes all of it as one JSON object.
    pub(crate) fn json(&self, source: &str) -> String {
        let refused = self.refused.iter().map(|error| {
            json!({
                "severity": "error",
                "check": snake(&format!("{:?}", error.kind())),
                "line": error.line(),
                "column": error.column(),
                "family": null,
                "message": error.message(),
            })
        });
        let found = self.linted.findings.iter().map(|finding| {
            json!({
                "severity": snake(&format!("{:?}", finding.severity)),
                "check": snake(&format!("{:?}", finding.check)),
                "line": finding.line,
                "column": null,
                "family": finding.family,
                "message": finding.message,
            })
        });
        let report = json!({
            "source": source,
            "format": self.format(),
            "complete": self.refused.is_none(),
            "families": self.families,
            "samples": self.samples,
            "errors": self.errors(),
            "warnings": self.linted.warnings,
            "omitted": self.omitted(),
            "findings": refused.chain(found).collect::<Vec<_>>(),
        });
        format!("{}\n", ascii(&report.to_string()))
    }
}

/// Turns the name of a variant into the word that JSON has for it: `BucketOrder` into `bucket_order`.
fn snake(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}
