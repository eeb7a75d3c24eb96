//! The derives of streamgauge: `LabelSet`, `LabelValue` and `MetricSet`. Use them through the `streamgauge` crate,
//! which re-exports them beside the traits.

// The documentation says which feature or platform an item needs. Unstable: docs.rs builds with a nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles and runs the README's code, which is documentation that no item carries.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod attributes;
mod help;
mod label_set;
mod label_value;
mod metric_field;
mod metric_set;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `LabelSet` for a struct with named fields: each field is a label, its name the label's.
///
/// `#[label(rename = "type")]` on a field gives the label another name. All lifetimes are free: the
/// associated `Family` is the struct with each of them `'static`. `#[label(crate = "path")]` on the struct says where
/// the crate is, where it is not called `streamgauge` or reached through another one.
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn derive_label_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_set::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `LabelValue` for an enum without fields: the value is the variant's name in `snake_case`.
///
/// `#[label(rename = "INSERT")]` on a variant gives it another text, and `#[label(crate = "path")]` on the enum says
/// where the crate is.
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn derive_label_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_value::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `MetricSet` for a struct whose fields are metrics, families or other sets; also `Clone`, `Debug` and
/// `Default`.
///
/// The doc comment of a field is the help text, up to its first empty line; of `#[doc = concat!(..)]` all.
/// `#[metric(crate = "path")]` on the struct says where the crate is. `#[metric(..)]` takes `name`, `unit`,
/// `buckets`, `quantiles`, `window`, `states`, `level`, `limit`, `label(k = "v")` and `prefix`; the trait's
/// documentation says which where.
#[proc_macro_derive(MetricSet, attributes(metric))]
pub fn derive_metric_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    metric_set::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[cfg(test)]
mod tests {
    use super::{label_set, label_value, metric_set};
    use syn::{DeriveInput, parse_quote};

    /// A crate that depends on us by another name has nothing called `streamgauge`.
    #[test]
    fn with_a_path_of_the_crate_nothing_else_is_named() {
        let set: DeriveInput = parse_quote! {
            #[label(crate = "a::b")]
            struct Table<'a> { table: &'a str, number: u32 }
        };
        let value: DeriveInput = parse_quote! {
            #[label(crate = a::b)]
            enum Op { Insert, #[label(rename = "x")] Delete }
        };
        let metrics: DeriveInput = parse_quote! {
            #[metric(crate = "a::b", prefix = "p", level = "basic", limit = 3, label(k = "v"))]
            struct Metrics {
                /// A.
                #[metric(unit = "seconds", level = "detailed", limit = 1)]
                a_seconds: Gauge,
                /// B.
                #[metric(states = ["x"])]
                b: Family<Table<'static>, StateSet>,
                #[metric(level = "detailed")]
                inner: Inner,
                family: Family<Table<'static>, Inner>,
            }
        };
        let expanded =
            [label_set::expand(&set), label_value::expand(&value), metric_set::expand(&metrics)].map(|tokens| {
                let tokens = tokens.expect("legal").to_string();
                assert!(!tokens.contains(":: streamgauge") && !tokens.contains("streamgauge ::"), "{tokens}");
                tokens.matches("a :: b ::").count()
            });
        assert!(expanded.iter().all(|times| *times > 0), "{expanded:?}");
    }
}
