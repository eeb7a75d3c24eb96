//! One JSON object a row, for programs.

use std::fmt::Write as _;

use streamgauge_benches::runner::Outcome;

/// The object and a newline. Names are this crate's own constants and hold nothing to escape.
pub(crate) fn line(outcome: &Outcome) -> String {
    let mut out = String::new();
    let Outcome { row, threads, unit, .. } = outcome;
    let _fits = write!(out, r#"{{"row":"{row}","threads":{threads},"unit":"{unit}","ours":{}"#, number(outcome.ours));
    let _fits = write!(out, r#","limit":{}"#, optional(outcome.limit));
    let _fits = write!(out, r#","peers":{}"#, object(&outcome.peers));
    let _fits = write!(out, r#","vs_limit":{}"#, optional(outcome.vs_limit));
    let _fits = writeln!(out, r#","vs_peers":{}}}"#, object(&outcome.vs_peers));
    out
}

fn object(figures: &[(&str, f64)]) -> String {
    let members: Vec<_> = figures.iter().map(|(name, value)| format!(r#""{name}":{}"#, number(*value))).collect();
    format!("{{{}}}", members.join(","))
}

fn optional(figure: Option<f64>) -> String {
    figure.map_or_else(|| "null".to_owned(), number)
}

/// Three decimals; JSON knows no NaN and no infinity.
fn number(figure: f64) -> String {
    if figure.is_finite() { format!("{figure:.3}") } else { "null".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_there() {
        let outcome = Outcome {
            row: "event",
            threads: 1,
            unit: "ns/op",
            ours: 10.0,
            limit_name: None,
            limit: None,
            peers: vec![("metrics", 80.0), ("measured", 90.5)],
            vs_limit: None,
            vs_peers: vec![("metrics", 8.0), ("measured", f64::NAN)],
        };
        let expected = concat!(
            r#"{"row":"event","threads":1,"unit":"ns/op","ours":10.000,"limit":null,"#,
            r#""peers":{"metrics":80.000,"measured":90.500},"vs_limit":null,"#,
            r#""vs_peers":{"metrics":8.000,"measured":null}}"#,
            "\n"
        );
        assert_eq!(line(&outcome), expected);
    }
}
