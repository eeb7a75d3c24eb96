//! Label values and help texts come back from a scrape as they went in, and no two of them as one.

use crate::scrape;
use arbitrary::Arbitrary;
use std::collections::BTreeMap;
use streamgauge::{Counter, Error, Family, LabelSet, Registry};

/// Label sets to look up, one after the other.
#[derive(Arbitrary, Debug)]
pub struct Labels {
    help: String,
    #[arbitrary(with = crate::many)]
    pairs: Vec<(String, String)>,
}

#[derive(LabelSet)]
struct Pair<'a> {
    left: &'a str,
    right: &'a str,
}

/// Counts each pair as often as it comes, and compares the scrape with a map. Gives the number of series.
///
/// # Panics
/// Where the engine and the map differ.
pub fn check(input: &Labels) -> usize {
    let registry = Registry::new();
    let pairs: Result<Family<Pair<'static>, Counter>, Error> =
        registry.counter("pairs_total", &input.help).value_limit(usize::MAX).family();
    let pairs = match pairs {
        Ok(pairs) => pairs,
        Err(error) => {
            assert!(matches!(error, Error::MissingHelp { .. }) && input.help.trim().is_empty(), "{error}");
            return 0;
        }
    };
    let mut expected = BTreeMap::new();
    for (left, right) in &input.pairs {
        pairs.with(&Pair { left, right }, Counter::inc);
        // Once more with strings in other places, and through an owned handle.
        pairs.get_or_create(&Pair { left: &left.clone(), right: &right.clone() }).inc();
        *expected.entry((left.as_str(), right.as_str())).or_insert(0u64) += 2;
    }
    let parsed = scrape(&registry);
    assert_eq!(parsed.series(), expected.len(), "injective: a series for each pair");
    for ((left, right), count) in &expected {
        assert_eq!(parsed.integer("pairs_total", &[("left", left), ("right", right)]), *count);
        let labels = [("right", *right), ("left", *left)];
        assert_eq!(registry.sample_value("pairs_total", &labels), Some(*count as f64));
    }
    if let Some(family) = parsed.families.get("pairs_total") {
        assert_eq!(family.help, input.help);
    }
    expected.len()
}
