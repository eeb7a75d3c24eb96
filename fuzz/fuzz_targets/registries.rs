//! See `streamgauge_fuzz::registries`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::registries::Program| {
    streamgauge_fuzz::registries::check(&input);
});
