//! Where an exposition comes from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use hyper::Uri;
use streamgauge::parse::Syntax;

use crate::fetch;

/// The place to read from.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
    Url(Uri),
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Input, String> {
        if text == "-" {
            return Ok(Input::Stdin);
        }
        if !text.contains("://") {
            return Ok(Input::File(text.into()));
        }
        let url: Uri = text.parse().map_err(|error| format!("no URL: {error}"))?;
        match url.scheme_str() {
            // Credentials would show in the report, and go over the wire as they are.
            Some("http") if url.authority().is_some_and(|authority| !authority.as_str().contains('@')) => {
                Ok(Input::Url(url))
            }
            _ => Err("only http://HOST[:PORT]/PATH is understood here; for the rest, pipe: \
                curl URL | streamgauge check -"
                .to_owned()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Stdin => f.write_str("standard input"),
            Input::File(path) => path.display().fmt(f),
            Input::Url(url) => url.fmt(f),
        }
    }
}

impl Input {
    /// Reads the body, of at most so many bytes, and decides in which format it is to be read.
    pub(crate) fn read(&self, wanted: Option<Syntax>, most: usize) -> io::Result<(Vec<u8>, Syntax)> {
        let body = match self {
            Input::Stdin => read_all(io::stdin().lock(), most)?,
            Input::File(path) => read_all(File::open(path)?, most)?,
            Input::Url(url) => return fetch::fetch(url, wanted, most),
        };
        let syntax = wanted.unwrap_or_else(|| looks_like(&body));
        Ok((body, syntax))
    }
}

fn read_all(from: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut body)?;
    if body.len() > most {
        return Err(io::Error::other(too_long("the body", most)));
    }
    Ok(body)
}

/// Says what is too long, and what to do.
pub(crate) fn too_long(what: &str, most: usize) -> String {
    format!("{what} has more than {most} bytes; --max-mib allows more than {}", most >> 20)
}

/// Only OpenMetrics has a last line of its own.
fn looks_like(body: &[u8]) -> Syntax {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let last = body.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if last == b"# EOF" { Syntax::OpenMetrics } else { Syntax::Text }
}
