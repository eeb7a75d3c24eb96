//! streamgauge-benches.
