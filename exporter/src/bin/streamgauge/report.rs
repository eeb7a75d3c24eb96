//! What there is to say about an exposition.

use std::fmt::Write;

use serde_json::json;
use streamgauge::parse::{Error, Finding, OwnedFamily, Parser, Severity, Syntax, families, lint};

/// The result of a check.
pub(crate) struct Report {
    syntax: Syntax,
    families: usize,
    samples: usize,
    findings: Vec<Finding>,
    /// What ended the reading. Then nothing else is known.
    refused: Option<Error>,
}

impl Report {
    /// Reads and lints a body.
    pub(crate) fn of(syntax: Syntax, body: &[u8]) -> Report {
        let (families, refused): (Vec<OwnedFamily>, _) = match families(Parser::new(syntax, body)) {
            Ok(families) => (families, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let samples = families.iter().map(|family| family.samples.len()).sum();
        let mut findings = lint(syntax, &families);
        findings.sort_by_key(|finding| finding.line);
        Report { syntax, families: families.len(), samples, findings, refused }
    }

    /// Says how many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.count(Severity::Error) + usize::from(self.refused.is_some())
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn format(&self) -> &'static str {
        match self.syntax {
            Syntax::Text => "text",
            Syntax::OpenMetrics => "openmetrics",
        }
    }

    /// Writes a line for each finding, in the order of the body, and one for the whole.
    pub(crate) fn text(&self, source: &str) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if let Some(error) = &self.refused {
            let (line, column) = (error.line(), error.column());
            let _ = writeln!(text, "line {line}: error: column {column}: {}", error.message());
            let _ = writeln!(text, "{source}: {}, refused on line {line}", self.format());
            return text;
        }
        for finding in &self.findings {
            let _ = writeln!(text, "{finding}");
        }
        let counted = |count, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let families = if self.families == 1 { "1 family".to_owned() } else { format!("{} families", self.families) };
        let _ = writeln!(
            text,
            "{source}: {}, {families}, {}, {}, {}",
            self.format(),
            counted(self.samples, "sample"),
            counted(self.errors(), "error"),
            counted(self.count(Severity::Warning), "warning"),
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
        let found = self.findings.iter().map(|finding| {
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
            "warnings": self.count(Severity::Warning),
            "findings": refused.chain(found).collect::<Vec<_>>(),
        });
        format!("{report}\n")
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
