//! Scrapes: the merge of all slabs, and what is made of it.

mod collected;
mod encoder;
mod expire;
mod filter;
mod metric;
mod report;
mod sample_error;
mod sample_value;
mod scraped_family;
mod scraper;
mod value;
mod walk;

pub use filter::Filter;
pub use metric::Metric;
pub use report::ScrapeReport;
pub use sample_error::SampleError;
pub use scraper::Scraper;
