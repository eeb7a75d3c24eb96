//! The questions.

mod child;
mod churn;
mod create;
mod encode;
mod facade;
mod facade_cache;
mod memory;
mod memory_table;
mod parse;
mod pipeline;
mod record;
mod series;
mod sqlite;
mod tail;

pub use churn::{churn_child, series_churn};
pub use create::{CREATE_SIDES, Creation, series_create, series_create_1m};
pub use encode::{
    encode_counters, encode_counters_1m, encode_histograms, encode_many_threads, encode_openmetrics, encode_protobuf,
    gzip_scrape,
};
pub use facade::{
    facade_encode, facade_handle_inc, facade_histogram_record, facade_macro_owned, facade_macro_static, facade_memory,
    facade_memory_child, facade_scrape_after_1m,
};
pub use facade_cache::{facade_cache_child, facade_cache_memory};
pub use memory::{MEMORY_SIDES, memory, memory_child};
pub use memory_table::{CASES, Case, When, memory_table, memory_table_child};
pub use parse::{parse_text, parse_text_node};
pub use pipeline::pipeline;
pub use record::{counter_inc, enum_family_inc, event, family_with, handle_cache_inc, histogram_observe, set_lookup};
pub use series::Series;
pub use sqlite::sqlite_pipeline;
pub use tail::record_tail;
