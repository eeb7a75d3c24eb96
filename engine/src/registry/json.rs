//! A small writer of JSON (RFC 8259): what a reference page needs is not worth a dependency.

use std::fmt::{Display, Write};

/// A JSON text being written. Commas are its own business.
#[derive(Debug, Default)]
pub(crate) struct Json {
    text: String,
}

impl Json {
    pub(crate) fn into_string(self) -> String {
        self.text
    }

    fn comma(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['[', '{', ':']) {
            self.text.push(',');
        }
    }

    pub(crate) fn array<'a, T: 'a>(
        &mut self,
        items: impl IntoIterator<Item = &'a T>,
        mut item: impl FnMut(&mut Self, &'a T),
    ) {
        self.text.push('[');
        for each in items {
            self.comma();
            item(self, each);
        }
        self.text.push(']');
    }

    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.text.push('{');
        members(self);
        self.text.push('}');
    }

    /// Begins a member; its value is to follow.
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.comma();
        self.string(key);
        self.text.push(':');
        self
    }

    pub(crate) fn string(&mut self, value: &str) {
        self.text.push('"');
        for char in value.chars() {
            match char {
                '"' | '\\' => self.text.extend(['\\', char]),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                // The line separators are legal JSON, but end a line of JavaScript.
                '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                    // Writing to a String cannot fail.
                    let _ = write!(self.text, "\\u{:04x}", u32::from(char));
                }
                _ => self.text.push(char),
            }
        }
        self.text.push('"');
    }

    /// Writes a number, which is finite.
    pub(crate) fn number(&mut self, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Writes a value, or null.
    pub(crate) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.text.push_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_and_commas_stand_between() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a\"b").string("[{:,\\\n\u{1}é\u{2028}");
            json.key("c").array(&[0.1, 1e21, -5.0], |json, number| json.number(*number));
            json.key("d").array(&[[1], [2]], |json, inner| json.array(inner, |json, number| json.number(*number)));
            json.key("e").array(&[0u8; 0], |json, number| json.number(*number));
            json.key("f").optional(None::<u8>, Json::number);
            json.key("g").boolean(true);
            json.key("h").array(&["x:", "y["], |json, text| json.string(text));
        });
        assert_eq!(
            json.into_string(),
            "{\"a\\\"b\":\"[{:,\\\\\\n\\u0001é\\u2028\",\"c\":[0.1,1000000000000000000000,-5],\"d\":[[1],[2]],\"e\":[],\
             \"f\":null,\"g\":true,\"h\":[\"x:\",\"y[\"]}"
        );
    }
}
