//! See `streamgauge_fuzz::facade`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::facade::Program| {
    streamgauge_fuzz::facade::check(&input);
});
