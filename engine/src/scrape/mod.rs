//! Scrapes: the merge of all slabs, and what is made of it.

mod collected;
mod expire;
mod prepared;
mod report;
mod sample;
mod scraper;
mod walk;

pub use report::Report;
pub use sample::{HistogramValue, Sample, SampleValue, StateSetValue};
pub use scraper::Scraper;
