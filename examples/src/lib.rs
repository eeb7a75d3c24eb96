//! streamgauge-examples.
