//! The reference page says what a scrape shows.

use std::collections::BTreeSet;

use streamgauge::Scraper;
use streamgauge_examples::pipeline::Metrics;

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
