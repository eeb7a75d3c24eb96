//! See `streamgauge_fuzz::parse`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::parse::Input| {
    streamgauge_fuzz::parse::check(&input);
});
