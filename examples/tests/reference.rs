//! The reference page says what a scrape shows.

use std::collections::BTreeSet;

use streamgauge::Scraper;
use streamgauge_examples::pipeline::{Metrics, reference_page};

/// The page as it stands in the repository.
const PAGE: &str = include_str!("../METRICS.md");

#[test]
fn the_page_in_the_repository_is_not_stale() {
    let page = reference_page().expect("every name is legal");
    let lines = PAGE.lines().zip(page.lines());
    let first = lines.clone().find(|(kept, made)| kept != made);
    assert!(
        PAGE == page,
        "examples/METRICS.md is stale ({} lines, should be {}; first difference {first:#?}); make it anew with\n\
         cargo run -p streamgauge-examples --example reference > examples/METRICS.md",
        PAGE.lines().count(),
        page.lines().count(),
    );
}

#[test]
fn every_family_of_a_scrape_is_in_the_reference() {
    let registry = Metrics::registered().expect("every name is legal");
    let reference = registry.describe();
    let described: BTreeSet<String> = reference.iter().map(|family| family.name.clone()).collect();
    let mut shown = BTreeSet::new();
    Scraper::new(&registry).visit(|sample| {
        shown.insert(sample.name().to_owned());
    });
    assert!(shown.len() > 10 && shown.is_subset(&described), "{:?}", shown.difference(&described));

    let page = reference.to_markdown();
    for name in &shown {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is missing from the page:\n{page}");
    }
    assert_eq!(page.lines().count(), 2 + described.len());
}
