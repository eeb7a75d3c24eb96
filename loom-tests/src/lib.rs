//! streamgauge-loom-tests.
