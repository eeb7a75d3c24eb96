//! The same random calls of the facade through this recorder, the stock one (metrics-exporter-prometheus 0.18) and the
//! debugging one: the same names, labels, helps and values, but for the differences that are named here.
//!
//! `PROPTEST_CASES` sets the number of programs, else 1,000.
#![cfg(feature = "metrics-0-24")]

#[path = "../facade/mod.rs"]
mod facade;

/// Ends a comparison with an error, which proptest takes to look for a smaller program.
macro_rules! require {
    ($is_so:expr, $($text:tt)+) => {
        if !$is_so {
            return Err(format!($($text)+));
        }
    };
}

mod against_stock;
mod compare;
mod differences;
mod model;
mod program;
mod side_by_side;
mod stock;

use differences::Difference;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

#[test]
fn the_same_calls_expose_the_same_metrics() {
    let cases = std::env::var_os("PROPTEST_CASES").map_or(1_000, |_| Config::default().cases);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let seen = RefCell::new(BTreeMap::<Difference, u32>::new());
    let (alike, same_texts) = (RefCell::new(0), RefCell::new(0));
    let outcome = runner.run(&program::programs(), |program| {
        let found = compare::compare(&program).map_err(TestCaseError::fail)?;
        *alike.borrow_mut() += found.alike;
        *same_texts.borrow_mut() += u32::from(found.is_same_text);
        found.differences.into_iter().for_each(|difference| *seen.borrow_mut().entry(difference).or_default() += 1);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // The programs are worth something only where they reach what is interesting.
    let (seen, alike, same_texts) = (seen.into_inner(), alike.into_inner(), same_texts.into_inner());
    if cases >= 1_000 {
        for difference in Difference::ALL {
            assert!(seen.get(&difference).is_some_and(|times| *times > 10), "{difference:?} hardly came: {seen:?}");
        }
        assert!(alike > 5_000, "only {alike} samples could be compared");
        assert!(same_texts > 50, "only {same_texts} texts could be compared whole");
    }
}
