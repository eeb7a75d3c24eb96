//! How a model is run, and how its twin is made to fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use streamgauge::{Fault, inject};

/// Runs `model` in every interleaving within the preemption bound (`LOOM_MAX_PREEMPTIONS`).
///
/// # Panics
/// Where the model panics in one of them, or where loom explored fewer than `at_least` executions: then
/// it did not see the interleavings that the model is about.
pub fn holds(at_least: usize, model: impl Fn() + Send + Sync + 'static) {
    let executions = explore(model)
        .unwrap_or_else(|(executions, message)| panic!("the model fails in execution {executions}: {message}"));
    assert!(executions >= at_least, "loom explored {executions} executions, not the {at_least} of this model");
    report(&format!("holds in {executions} executions"));
}

/// As [`holds`], under a condition that breaks no rule, such as a fence that the system refuses.
///
/// # Panics
/// As [`holds`].
pub fn holds_with(condition: Fault, at_least: usize, model: impl Fn() + Send + Sync + 'static) {
    inject(condition);
    holds(at_least, model);
}

/// Runs the twin of a model, in which `fault` breaks a rule.
///
/// # Panics
/// Where the twin does not fail, or fails with a message that does not contain `message`.
pub fn fails(fault: Fault, message: &str, model: impl Fn() + Send + Sync + 'static) {
    inject(fault);
    match explore(model) {
        Ok(executions) => panic!("{fault:?} went unnoticed in {executions} executions"),
        Err((executions, found)) => {
            assert!(found.contains(message), "{fault:?} was found by {found:?}, not by {message:?}");
            report(&format!("{fault:?} found in execution {executions}: {message}"));
        }
    }
}

fn explore(model: impl Fn() + Send + Sync + 'static) -> Result<usize, (usize, String)> {
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = executions.clone();
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 50_000;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            model();
        });
    }));
    let executions = executions.load(Ordering::Relaxed);
    outcome.map(|()| executions).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        (executions, text.unwrap_or_default())
    })
}

#[expect(clippy::print_stderr, reason = "shown by scripts/loom.sh: how much was explored is part of the proof")]
fn report(text: &str) {
    let name = std::thread::current().name().unwrap_or("model").to_owned();
    eprintln!("{name}: {text}");
}
