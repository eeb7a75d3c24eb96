//! See `streamgauge_fuzz::expositions`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::expositions::Metrics| {
    streamgauge_fuzz::expositions::check(&input);
});
