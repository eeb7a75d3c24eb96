//! See `streamgauge_fuzz::escape`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::escape::Labels| {
    streamgauge_fuzz::escape::check(&input);
});
