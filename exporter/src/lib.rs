//! streamgauge-exporter.
