//! Checks of histograms: what readers compute quantiles from must add up.

use super::lint::{Linter, Set};
use super::{Check, MetricType, OwnedSample, Severity, Syntax, Timestamp, number};
use std::collections::HashMap;

/// One histogram, as far as it was seen.
#[derive(Debug, Default)]
struct Histogram {
    line: u64,
    /// Bound and count of the last bucket.
    last: Option<(f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
    has_negative_bounds: bool,
}

/// Checks every histogram of the family.
pub(super) fn check<'a>(linter: &mut Linter<'a, '_>) {
    let mut index: HashMap<(Set<'a>, Option<Timestamp>), usize> = HashMap::new();
    let mut all: Vec<Histogram> = Vec::new();
    let family = linter.family;
    for sample in &family.samples {
        // The points of one metric differ in their times, which the text format gives to samples and not to points.
        let time = sample.timestamp.filter(|_| linter.syntax == Syntax::OpenMetrics);
        let place = *index.entry((linter.metric(sample), time)).or_insert_with(|| {
            all.push(Histogram { line: sample.line, ..Histogram::default() });
            all.len() - 1
        });
        take(linter, &mut all[place], sample);
    }
    for histogram in &all {
        finish(linter, histogram);
    }
}

fn take<'a>(linter: &mut Linter<'a, '_>, histogram: &mut Histogram, sample: &'a OwnedSample) {
    match linter.suffix(sample) {
        "_bucket" => {
            let Some(Ok(bound)) = sample.label("le").map(number::float) else {
                let message = "the bucket lacks its bound, the label le";
                return linter.report(Severity::Error, Check::Sample, sample.line, message);
            };
            let (below, fewer) = histogram.last.unwrap_or((f64::NEG_INFINITY, f64::NEG_INFINITY));
            if bound.is_nan() || (histogram.last.is_some() && bound <= below) {
                let message = format!("the bound {bound} comes behind {below}, but bounds ascend");
                linter.report(Severity::Error, Check::BucketOrder, sample.line, message);
            } else if sample.value < fewer || sample.value.is_nan() {
                let message = format!("the bucket has a count of {}, but the one below has {fewer}", sample.value);
                linter.report(Severity::Error, Check::BucketCounts, sample.line, message);
            }
            histogram.has_negative_bounds |= bound < 0.0;
            histogram.last = Some((bound, sample.value));
        }
        "_count" | "_gcount" => histogram.count = Some(sample.value),
        "_sum" | "_gsum" => histogram.sum = Some(sample.value),
        _ => {}
    }
}

fn finish(linter: &mut Linter<'_, '_>, histogram: &Histogram) {
    let line = histogram.line;
    let mut error = |check, message: String| linter.report(Severity::Error, check, line, message);
    match (histogram.last, histogram.count) {
        (Some((f64::INFINITY, buckets)), Some(count)) if buckets != count => {
            error(Check::Count, format!("the count is {count}, but the bucket of +Inf has {buckets}"));
        }
        (Some((f64::INFINITY, _)), _) => {}
        _ => error(Check::MissingInf, "the bucket of +Inf is missing".into()),
    }
    match (histogram.sum, histogram.count) {
        (Some(_), None) => error(Check::Count, "there is a sum, but the count is missing".into()),
        // Without a sum no reader is misled by one that falls.
        (None, Some(_)) => error(Check::Sum, "there is a count, but the sum is missing".into()),
        _ => {}
    }
    if linter.syntax == Syntax::Text {
        return;
    }
    let is_gauge = linter.family.kind == MetricType::GaugeHistogram;
    if let Some(sum) = histogram.sum {
        if histogram.has_negative_bounds && !is_gauge {
            let message = "there are negative bounds, where the sum could fall: it may not be there";
            linter.report(Severity::Error, Check::Sum, line, message);
        } else if sum < 0.0 && !histogram.has_negative_bounds {
            linter.report(Severity::Error, Check::Sum, line, "the sum is negative, but no bound is");
        }
    }
}
