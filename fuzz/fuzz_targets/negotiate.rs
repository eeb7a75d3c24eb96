//! See `streamgauge_fuzz::negotiate`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::negotiate::Accept| {
    streamgauge_fuzz::negotiate::check(&input);
});
