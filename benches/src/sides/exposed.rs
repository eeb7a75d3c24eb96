//! A guard for the encoder rows: nothing is quicker than an exposition that lacks its series.

/// Checks that a scrape shows at least so many samples.
///
/// # Panics
/// If it does not.
pub(super) fn assert_exposed(body: &[u8], samples: usize) {
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count();
    assert!(lines >= samples, "{lines} samples were exposed, not {samples}");
}

/// As [`assert_exposed`], for protobuf: at least so many metrics, and so many buckets in them.
///
/// # Panics
/// If there are fewer, or the body is cut off.
pub(super) fn assert_exposed_protobuf(mut body: &[u8], metrics: usize, buckets: usize) {
    let (mut found, mut buckets_found) = (0, 0);
    while !body.is_empty() {
        let len = varint(&mut body) as usize;
        let (family, rest) = body.split_at(len);
        body = rest;
        messages(family, 4, |metric| {
            found += 1;
            messages(metric, 7, |histogram| messages(histogram, 3, |_| buckets_found += 1));
        });
    }
    assert!(found >= metrics, "{found} metrics were exposed, not {metrics}");
    assert!(buckets_found >= buckets, "{buckets_found} buckets were exposed, not {buckets}");
}

/// Shows the messages in one field of a protobuf message.
fn messages(mut message: &[u8], field: u64, mut show: impl FnMut(&[u8])) {
    while !message.is_empty() {
        let tag = varint(&mut message);
        let len = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            kind => panic!("wire type {kind} is in no metric"),
        };
        let (bytes, rest) = message.split_at(len);
        message = rest;
        if tag == field << 3 | 2 {
            show(bytes);
        }
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first().expect("a varint is whole");
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
