//! The derives of streamgauge: `LabelSet`, `LabelValue` and `MetricSet`. Use them through the `streamgauge` crate,
//! which re-exports them beside the traits.

mod attributes;
mod label_set;
mod label_value;
mod metric_field;
mod metric_set;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `LabelSet` for a struct with named fields: each field is a label, its name the label's.
///
/// `#[label(rename = "type")]` on a field gives the label another name. All lifetimes are free: the
/// associated `Family` is the struct with each of them `'static`.
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn derive_label_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_set::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `LabelValue` for an enum without fields: the value is the variant's name in `snake_case`.
///
/// `#[label(rename = "INSERT")]` on a variant gives it another text.
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn derive_label_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_value::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `MetricSet` for a struct whose fields are metrics, families or other sets; also `Clone`, `Debug` and
/// `Default`.
///
/// The doc comment of a field is the help text, up to its first empty line. `#[metric(..)]` takes `name`, `unit`,
/// `buckets`, `quantiles`, `window`, `states`, `level`, `label(k = "v")` and `prefix`; the trait's documentation says which where.
#[proc_macro_derive(MetricSet, attributes(metric))]
pub fn derive_metric_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    metric_set::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
