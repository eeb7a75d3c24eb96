//! The data every side is fed with: the same for all, made once, from fixed seeds.

mod exposition;
mod labels;
mod numbers;
mod population;
mod stream;

pub use exposition::Exposition;
pub use labels::{Names, SETS, label_sets, order};
pub use numbers::{
    BUCKET_FACTOR, BUCKET_START, BUCKETS, INPUTS, Rng, Sample, bucket_bounds, nanos, observations, samples,
};
pub use population::{
    COUNTER_SERIES, HISTOGRAM_LINES, HISTOGRAM_SERIES, SLABS, counter_names, counter_value, histogram_names,
    table_names,
};
pub use stream::{COMBINATIONS, Enumerated, combination_order, combinations, relations, set_of};
