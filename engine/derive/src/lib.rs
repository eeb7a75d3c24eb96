//! The derives of streamgauge.
