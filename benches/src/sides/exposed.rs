//! A guard for the encoder rows: nothing is quicker than an exposition that lacks its series.

/// Checks that a scrape shows at least so many samples.
///
/// # Panics
/// If it does not.
pub(super) fn assert_exposed(body: &[u8], samples: usize) {
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count();
    assert!(lines >= samples, "{lines} samples were exposed, not {samples}");
}
