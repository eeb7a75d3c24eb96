//! Syntax of metric and label names.

/// Returns whether `name` is a metric name of the classic data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(crate) fn is_valid_metric(name: &str) -> bool {
    is_valid(name, |byte| byte == b':')
}

/// Returns whether `name` is a label name of the classic data model: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(crate) fn is_valid_label(name: &str) -> bool {
    is_valid(name, |_| false)
}

/// Returns whether a label name belongs to the formats themselves: `le`, `quantile`, and what starts with
/// two underscores. No scheme writes another name as one of these; see [`Escaping::label`](super::Escaping::label).
pub(crate) fn is_reserved_label(name: &str) -> bool {
    name == "le" || name == "quantile" || name.starts_with("__")
}

/// Returns why no metric and no label may be called so, whatever the format: Prometheus 3 takes names in quotes of any
/// characters but this one, at which its lexer ends the body.
pub(crate) fn unreadable_problem(name: &str) -> Option<&'static str> {
    name.contains('\0').then_some("it has a NUL in it, which Prometheus cannot read; any other character is allowed")
}

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
