//! Syntax of metric and label names.

use super::Escaping;

/// Tells whether `name` is a metric name of the classic data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(crate) fn is_valid_metric(name: &str) -> bool {
    is_valid(name, |byte| byte == b':')
}

/// Tells whether `name` is a label name of the classic data model: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(crate) fn is_valid_label(name: &str) -> bool {
    is_valid(name, |_| false)
}

/// Tells whether a label name belongs to the formats themselves: `le`, `quantile`, and what starts with
/// two underscores.
fn is_reserved_label(name: &str) -> bool {
    name == "le" || name == "quantile" || name.starts_with("__")
}

/// Gives why a label may not be called so: because the name is reserved, as it is or as one of the schemes writes it.
///
/// `dots` write every `_` as two, so that `_private` would become reserved. No reader minds that but for the labels that
/// Prometheus gives a series itself, of which a second one costs the whole scrape: there only these are reserved.
pub(crate) fn reserved_problem(name: &str) -> Option<String> {
    if is_reserved_label(name) {
        return Some("le, quantile and names that start with two underscores are reserved".to_owned());
    }
    // A name becomes reserved only through its beginning: an underscore, or what is written as some.
    if name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    Escaping::ALL.into_iter().find_map(|escaping| {
        let written = escaping.label(name);
        let is_reserved = match escaping {
            Escaping::Dots => GIVEN_BY_PROMETHEUS.contains(&&*written),
            Escaping::AllowUtf8 | Escaping::Underscores | Escaping::Values => is_reserved_label(&written),
        };
        let scheme = escaping.as_str();
        is_reserved
            .then(|| format!("readers that want names escaped with {scheme} would see {written:?}, which is reserved"))
    })
}

/// Gives why no metric and no label may be called so, whatever the format: Prometheus 3 takes names in quotes of any
/// characters but this one, at which its lexer ends the body.
pub(crate) fn unreadable_problem(name: &str) -> Option<&'static str> {
    name.contains('\0').then_some("it has a NUL in it, which Prometheus cannot read; any other character is allowed")
}

/// Labels that Prometheus adds to what it scrapes.
const GIVEN_BY_PROMETHEUS: [&str; 3] = ["__name__", "__type__", "__unit__"];

fn is_valid(name: &str, also: fn(u8) -> bool) -> bool {
    let start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || also(byte);
    let mut bytes = name.bytes();
    bytes.next().is_some_and(start) && bytes.all(|byte| start(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_classic_data_model() {
        assert!(is_valid_metric("a") && is_valid_metric("_:a9") && is_valid_metric("A:b"));
        assert!(!is_valid_metric("") && !is_valid_metric("9a") && !is_valid_metric("a-b"));
        assert!(!is_valid_metric("a.b") && !is_valid_metric("a b") && !is_valid_metric("ä"));
        assert!(!is_valid_metric("a\n") && !is_valid_metric("a\"} 1\nevil 1"));
        assert!(is_valid_label("table") && !is_valid_label("a:b") && !is_valid_label(""));
        assert!(is_reserved_label("le") && is_reserved_label("__name__") && is_reserved_label("quantile"));
        assert!(!is_reserved_label("_private") && !is_reserved_label("level"));
    }
}
