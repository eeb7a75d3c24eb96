//! A table for people: a block a row, ours first, then the limit in brackets, the peers by what they cost.

use std::fmt::Write as _;

use streamgauge_benches::runner::Outcome;

/// The block of one row.
pub(crate) fn block(outcome: &Outcome) -> String {
    let mut out = String::new();
    let plural = if outcome.threads == 1 { "" } else { "s" };
    let _fits = writeln!(out, "\n{}, {} thread{plural}, {}", outcome.row, outcome.threads, outcome.unit);
    line(&mut out, "streamgauge", outcome.ours, None);
    if let (Some(name), Some(limit), Some(ratio)) = (outcome.limit_name, outcome.limit, outcome.vs_limit) {
        line(&mut out, &format!("[{name}]"), limit, Some(format!("ours is {ratio:.2} x this")));
    }
    let mut peers: Vec<_> = outcome.peers.iter().zip(&outcome.vs_peers).collect();
    peers.sort_by(|((_, a), _), ((_, b), _)| a.total_cmp(b));
    for ((name, figure), (_, ratio)) in peers {
        line(&mut out, name, *figure, Some(format!("{ratio:.1} x ours")));
    }
    out
}

fn line(out: &mut String, name: &str, figure: f64, ratio: Option<String>) {
    let _fits = match ratio {
        Some(ratio) => writeln!(out, "  {name:<20} {figure:>12.2}   {ratio}"),
        None => writeln!(out, "  {name:<20} {figure:>12.2}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cheapest_peer_comes_first() {
        let outcome = Outcome {
            row: "event",
            threads: 2,
            unit: "ns/op",
            ours: 10.0,
            limit_name: Some("plain"),
            limit: Some(8.0),
            peers: vec![("slow", 90.0), ("quick", 80.0)],
            vs_limit: Some(1.25),
            vs_peers: vec![("slow", 9.0), ("quick", 8.0)],
        };
        let block = block(&outcome);
        assert!(block.contains("event, 2 threads, ns/op"), "{block}");
        assert!(block.contains("ours is 1.25 x this"), "{block}");
        assert!(block.find("quick") < block.find("slow"), "{block}");
    }
}
