//! The wire form of a change, and its decoder.
//!
//! ```text
//! u16 length of the rest | u8 op | u64 position | u64 committed ns | u64 captured ns | field key | field table
//!     | field column x 3               field = u8 length, bytes; integers little-endian
//! ```

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It appeared.
    Insert,
    /// It changed.
    Update,
    /// It went away.
    Delete,
}

/// A decoded change; its strings lie in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What happened.
    pub op: Op,
    /// Where in the source's log.
    pub position: u64,
    /// When the source committed it, in nanoseconds.
    pub committed: u64,
    /// When it was read from the log, in nanoseconds.
    pub captured: u64,
    /// The row's key.
    pub key: &'a str,
    /// The table.
    pub table: &'a str,
    /// Name, e-mail address and note of the row.
    pub columns: [&'a str; 3],
}

impl Change<'_> {
    /// Appends the wire form.
    ///
    /// # Panics
    /// If a field is longer than 255 bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0, 0, self.op as u8]);
        for word in [self.position, self.committed, self.captured] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for field in [self.key, self.table].into_iter().chain(self.columns) {
            out.push(u8::try_from(field.len()).expect("fields are short"));
            out.extend_from_slice(field.as_bytes());
        }
        let length = u16::try_from(out.len() - start - 2).expect("changes are short");
        out[start..start + 2].copy_from_slice(&length.to_le_bytes());
    }
}

/// Splits the first change off a feed; `None` at its end or at damage.
pub fn decode<'a>(feed: &mut &'a [u8]) -> Option<Change<'a>> {
    let length = u16::from_le_bytes(*feed.split_first_chunk()?.0);
    let (body, rest) = feed[2..].split_at_checked(usize::from(length))?;
    *feed = rest;
    let mut body = body;
    let op = match take(&mut body, 1)?[0] {
        0 => Op::Insert,
        1 => Op::Update,
        2 => Op::Delete,
        _ => return None,
    };
    let (position, committed, captured) = (word(&mut body)?, word(&mut body)?, word(&mut body)?);
    let (key, table) = (field(&mut body)?, field(&mut body)?);
    let columns = [field(&mut body)?, field(&mut body)?, field(&mut body)?];
    Some(Change { op, position, committed, captured, key, table, columns })
}

fn take<'a>(body: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = body.split_at_checked(count)?;
    *body = rest;
    Some(head)
}

fn word(body: &mut &[u8]) -> Option<u64> {
    let (head, rest) = body.split_first_chunk()?;
    *body = rest;
    Some(u64::from_le_bytes(*head))
}

fn field<'a>(body: &mut &'a [u8]) -> Option<&'a str> {
    let length = take(body, 1)?[0];
    str::from_utf8(take(body, usize::from(length))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_was_encoded() {
        let change = Change {
            op: Op::Update,
            position: 7,
            committed: 8,
            captured: 9,
            key: "42",
            table: "public.orders",
            columns: ["Ada", "ada@example.org", ""],
        };
        let mut feed = Vec::new();
        change.encode(&mut feed);
        change.encode(&mut feed);
        let mut rest = &feed[..];
        assert_eq!(decode(&mut rest), Some(change.clone()));
        assert_eq!(decode(&mut rest), Some(change));
        assert_eq!(decode(&mut rest), None);
    }

    #[test]
    fn damage_is_not_a_change() {
        assert_eq!(decode(&mut &[1, 0, 9][..]), None);
        assert_eq!(decode(&mut &[200, 0, 1][..]), None);
    }
}
