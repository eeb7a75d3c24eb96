//! See `streamgauge_fuzz::bucket_index`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::bucket_index::Observations| {
    streamgauge_fuzz::bucket_index::check(&input);
});
