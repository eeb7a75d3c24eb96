//! The figures of a row.

use super::row::Role;
use super::stats::{median, median_ratio};

/// What is left of a difference that noise made zero or negative, so that a ratio with it stays finite.
const SMALLEST_DIFFERENCE: f64 = 0.05;

/// One side's figure of every round.
#[derive(Clone, Debug)]
pub struct Samples {
    name: &'static str,
    role: Role,
    rounds: Vec<f64>,
}

impl Samples {
    /// No samples yet.
    pub fn new(name: &'static str, role: Role) -> Self {
        Self { name, role, rounds: Vec::new() }
    }

    /// Adds the next round's figure.
    pub fn push(&mut self, figure: f64) {
        self.rounds.push(figure);
    }

    fn minus(&self, bare: &Self) -> Self {
        let rounds = self.rounds.iter().zip(&bare.rounds).map(|(a, b)| (a - b).max(SMALLEST_DIFFERENCE)).collect();
        Self { rounds, ..self.clone() }
    }
}

/// One line of the scoreboard.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The row's name.
    pub row: &'static str,
    /// How many threads recorded, or scraped, at once.
    pub threads: u32,
    /// What the figures count.
    pub unit: &'static str,
    /// Our figure: the median of the rounds.
    pub ours: f64,
    /// What the limit is.
    pub limit_name: Option<&'static str>,
    /// The limit's figure.
    pub limit: Option<f64>,
    /// Every peer's.
    pub peers: Vec<(&'static str, f64)>,
    /// Ours over the limit's, the median of the rounds' ratios.
    pub vs_limit: Option<f64>,
    /// Each peer's over ours, likewise.
    pub vs_peers: Vec<(&'static str, f64)>,
}

impl Outcome {
    /// Draws the figures from the samples of one measurement; a bare side is subtracted round by round.
    ///
    /// # Panics
    /// If no side is ours.
    pub fn of(row: &'static str, threads: u32, unit: &'static str, samples: Vec<Samples>) -> Self {
        let samples = without_bare(samples);
        let ours = samples.iter().find(|s| s.role == Role::Ours).expect("every row has our side");
        let limit = samples.iter().find(|s| s.role == Role::Limit);
        let peers = || samples.iter().filter(|s| s.role == Role::Peer);
        Self {
            row,
            threads,
            unit,
            ours: median(&ours.rounds),
            limit_name: limit.map(|l| l.name),
            limit: limit.map(|l| median(&l.rounds)),
            peers: peers().map(|p| (p.name, median(&p.rounds))).collect(),
            vs_limit: limit.map(|l| median_ratio(&ours.rounds, &l.rounds)),
            vs_peers: peers().map(|p| (p.name, median_ratio(&p.rounds, &ours.rounds))).collect(),
        }
    }
}

fn without_bare(samples: Vec<Samples>) -> Vec<Samples> {
    let Some(bare) = samples.iter().find(|s| s.role == Role::Bare).cloned() else { return samples };
    samples.iter().filter(|s| s.role != Role::Bare).map(|s| s.minus(&bare)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(name: &'static str, role: Role, rounds: &[f64]) -> Samples {
        Samples { name, role, rounds: rounds.to_vec() }
    }

    #[test]
    fn ratios_point_the_documented_way() {
        let outcome = Outcome::of(
            "row",
            1,
            "ns/op",
            vec![
                samples("ours", Role::Ours, &[1.0, 1.0]),
                samples("plain", Role::Limit, &[0.5, 0.5]),
                samples("slow", Role::Peer, &[8.0, 8.0]),
            ],
        );
        assert_eq!(outcome.vs_limit, Some(2.0));
        assert_eq!(outcome.vs_peers, [("slow", 8.0)]);
    }

    #[test]
    fn bare_work_is_subtracted_and_left_out() {
        let outcome = Outcome::of(
            "row",
            1,
            "ns",
            vec![
                samples("bare", Role::Bare, &[100.0, 200.0]),
                samples("ours", Role::Ours, &[110.0, 210.0]),
                samples("slow", Role::Peer, &[150.0, 250.0]),
            ],
        );
        assert_eq!(outcome.ours, 10.0);
        assert_eq!(outcome.peers, [("slow", 50.0)]);
        assert_eq!(outcome.vs_peers, [("slow", 5.0)]);
    }
}
