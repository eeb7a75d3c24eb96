//! See `streamgauge_fuzz::text_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::text_body::Program| {
    streamgauge_fuzz::text_body::check(&input);
});
