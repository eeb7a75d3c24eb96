//! The shared vectors: JSON, and the text form of protobuf inside it.

#![allow(clippy::print_stderr, reason = "says what it skips")]

use std::path::Path;

/// A value of JSON or of protobuf's text form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    /// Anything without quotes: a number, an enum, null.
    Word(String),
    List(Vec<Value>),
    /// Fields in their order; in protobuf's text form one may come several times.
    Message(Vec<(String, Value)>),
}

impl Value {
    pub(crate) fn fields(&self) -> &[(String, Self)] {
        let Self::Message(fields) = self else { panic!("{self:?} has no fields") };
        fields
    }

    pub(crate) fn all<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Self> {
        self.fields().iter().filter(move |(name, _)| name == field).map(|(_, value)| value)
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Self> {
        self.fields().iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).unwrap_or_else(|| panic!("{self:?} lacks {field}")).as_text()
    }

    /// Gives what is written, with quotes or without.
    pub(crate) fn as_text(&self) -> &str {
        let (Self::Text(text) | Self::Word(text)) = self else { panic!("{self:?} is neither a string nor a word") };
        text
    }

    pub(crate) fn number(&self) -> f64 {
        self.as_text().parse().unwrap_or_else(|_| panic!("{self:?} is not a number"))
    }

    pub(crate) fn list(&self) -> &[Self] {
        let Self::List(list) = self else { panic!("{self:?} is not a list") };
        list
    }

    /// Gives the body of a vector: a string, or bytes in hexadecimal where they are no text.
    pub(crate) fn body(&self) -> Vec<u8> {
        if let Self::Text(text) = self {
            return text.clone().into_bytes();
        }
        let digits = self.text("_bytes_hex");
        let byte = |place| u8::from_str_radix(&digits[place..place + 2], 16).expect("two digits");
        (0..digits.len()).step_by(2).map(byte).collect()
    }
}

/// Reads a file of the shared vectors, which lie beside the project. Without them there is nothing to test, except in
/// CI, where that is an error.
pub(crate) fn vectors(file: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    if !folder.is_dir() {
        let absent = format!("skipped: there are no vectors at ../shared/conformance, so {file} was not tested");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{absent}");
        eprintln!("{absent}");
        return None;
    }
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    Some(Reader { rest: &text }.json())
}

/// Reads a message in protobuf's text form.
pub(crate) fn protobuf(text: &str) -> Value {
    Reader { rest: text }.message()
}

/// Reads just what the vectors hold; panics at anything else.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Takes `token`, after white space, if it is next.
    fn takes(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expects(&mut self, token: char) {
        assert!(self.takes(token), "no {token} before {:.40}", self.rest);
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|char: char| !char.is_ascii_alphanumeric() && !"_.+-".contains(char));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        assert!(!word.is_empty(), "no word before {:.40}", self.rest);
        self.rest = rest;
        word.to_owned()
    }

    /// Reads a string behind its opening quote.
    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next().expect("a closing quote") {
                '"' => break,
                '\\' => text.push(match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('u') => {
                        let digits: String = chars.by_ref().take(4).collect();
                        let code = u32::from_str_radix(&digits, 16).expect("four digits");
                        char::from_u32(code).expect("no surrogates")
                    }
                    Some(char @ ('\\' | '"')) => char,
                    other => panic!("the escape {other:?} is not known here"),
                }),
                char => text.push(char),
            }
        }
        self.rest = chars.as_str();
        text
    }

    fn scalar(&mut self) -> Value {
        if self.takes('"') { Value::Text(self.string()) } else { Value::Word(self.word()) }
    }

    fn json(&mut self) -> Value {
        if self.takes('[') {
            let mut list = Vec::new();
            while !self.takes(']') {
                list.push(self.json());
                self.takes(',');
            }
            return Value::List(list);
        }
        if !self.takes('{') {
            return self.scalar();
        }
        let mut fields = Vec::new();
        while !self.takes('}') {
            self.expects('"');
            let name = self.string();
            self.expects(':');
            fields.push((name, self.json()));
            self.takes(',');
        }
        Value::Message(fields)
    }

    fn message(&mut self) -> Value {
        let mut fields = Vec::new();
        while !self.takes('}') && !self.rest.is_empty() {
            let name = self.word();
            let value = if self.takes('{') {
                self.message()
            } else {
                self.expects(':');
                self.scalar()
            };
            fields.push((name, value));
        }
        Value::Message(fields)
    }
}
