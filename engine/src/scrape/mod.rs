//! Scrapes: the merge of all slabs, and what is made of it.

mod collected;
mod encoder;
mod expire;
mod filter;
mod prepared;
mod report;
mod sample;
mod sample_value;
mod scraper;
mod walk;

pub use filter::Filter;
pub use report::Report;
pub use sample::{HistogramValue, Sample, SampleValue, StateSetValue, SummaryValue};
pub use scraper::Scraper;
