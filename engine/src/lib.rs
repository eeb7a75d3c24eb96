//! streamgauge.
