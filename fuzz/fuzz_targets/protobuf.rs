//! See `streamgauge_fuzz::protobuf`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: streamgauge_fuzz::protobuf::Program| {
    streamgauge_fuzz::protobuf::check(&input);
});
