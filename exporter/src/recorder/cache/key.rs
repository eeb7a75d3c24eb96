//! Keys as they are remembered.

use super::limit::allocated;
use crate::recorder::facade::Facade;

/// Bytes of a key that is remembered.
const LONGEST: usize = 2048;
/// The length of a text stands before it.
const LENGTH: usize = size_of::<u16>();

/// A key as a thread remembers it.
pub(super) enum StoredKey<F: Facade> {
    /// Of a macro with literals, which is found by two pointers; or one that refers to what others hold too.
    Shared(Box<SharedKey<F>>),
    /// The name, then name and value of each label, each after its length: one allocation instead of one a text.
    Texts(Box<[u8]>),
}

/// A key whose texts stand where they do as long as it is held.
pub(super) struct SharedKey<F: Facade> {
    key: F::Key,
    place: Place,
}

/// Where the name and the labels of a key stand, and how long they are.
#[derive(PartialEq, Eq)]
struct Place {
    name: (usize, usize),
    labels: (usize, usize),
}

impl Place {
    #[inline(always)]
    fn of<F: Facade>(key: &F::Key) -> Self {
        let (name, labels) = (F::name(key), F::labels(key));
        Self { name: (name.as_ptr().addr(), name.len()), labels: (labels.as_ptr().addr(), labels.len()) }
    }
}

impl<F: Facade> StoredKey<F> {
    /// Returns a key as it is remembered; `None` where it is too long for that.
    pub(super) fn of(key: &F::Key) -> Option<Self> {
        let bytes = LENGTH + F::name(key).len() + bytes_of_labels::<F>(key, 2 * LENGTH);
        if bytes > LONGEST {
            return None;
        }
        // First the labels one by one, as most keys own a value: then there is one text to copy, and not all.
        if F::labels(key).iter().all(is_shared::<F>) {
            let (own, place) = (key.clone(), Place::of::<F>(key));
            if Place::of::<F>(&own) == place {
                return Some(Self::Shared(Box::new(SharedKey { key: own, place })));
            }
        }
        let mut texts = Vec::with_capacity(bytes);
        let mut push = |text: &str| {
            // Lossless: the bytes of all texts fit, see LONGEST.
            texts.extend_from_slice(&(text.len() as u16).to_le_bytes());
            texts.extend_from_slice(text.as_bytes());
        };
        push(F::name(key));
        for (name, value) in F::labels(key).iter().map(F::pair) {
            push(name);
            push(value);
        }
        Some(Self::Texts(texts.into_boxed_slice()))
    }

    /// Returns whether it is this key: the same name and the same labels in the same order. Those in another order are
    /// remembered for themselves, and have the same series.
    #[inline(always)]
    pub(super) fn is(&self, key: &F::Key) -> bool {
        match self {
            // The texts of a macro with literals are statics, which both keys refer to. What stands at a place that is
            // held is the same, whoever refers to it.
            Self::Shared(own) => own.place == Place::of::<F>(key) || is_same::<F>(&own.key, key),
            Self::Texts(texts) => are_texts_of::<F>(texts, key),
        }
    }

    /// What it takes outside of itself. Of a shared key as if nobody else had its texts.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Shared(own) => {
                let labels = bytes_of_labels::<F>(&own.key, size_of::<F::Label>());
                allocated(size_of::<SharedKey<F>>()) + F::name(&own.key).len() + labels
            }
            Self::Texts(texts) => allocated(texts.len()),
        }
    }
}

/// Returns whether a copy of a label has its texts where it has them: they are literals, or counted by everybody who
/// has them. A copy that owns its texts has others.
fn is_shared<F: Facade>(label: &F::Label) -> bool {
    let copy = label.clone();
    let ((name, value), (own_name, own_value)) = (F::pair(label), F::pair(&copy));
    std::ptr::eq(name, own_name) && std::ptr::eq(value, own_value)
}

/// Returns the bytes of the texts of all labels, and so many for each label itself: also labels without text take room.
fn bytes_of_labels<F: Facade>(key: &F::Key, each: usize) -> usize {
    F::labels(key).iter().map(F::pair).map(|(name, value)| each + name.len() + value.len()).sum()
}

#[inline(never)]
fn are_texts_of<F: Facade>(texts: &[u8], key: &F::Key) -> bool {
    let mut rest = texts;
    let mut is_next = |text: &str| {
        let Some((length, after)) = rest.split_first_chunk::<LENGTH>() else { return false };
        let length = usize::from(u16::from_le_bytes(*length));
        if length != text.len() {
            return false;
        }
        let Some((own, after)) = after.split_at_checked(length) else { return false };
        rest = after;
        are_same_bytes(own, text.as_bytes())
    };
    is_next(F::name(key))
        && F::labels(key).iter().map(F::pair).all(|(name, value)| is_next(name) && is_next(value))
        && rest.is_empty()
}

/// Compares bytes of one length. Most are few, for which a call of `memcmp` takes longer than what it does.
#[inline(always)]
fn are_same_bytes(own: &[u8], other: &[u8]) -> bool {
    match own.len() {
        0 => true,
        1..4 => own[0] == other[0] && own[own.len() / 2] == other[own.len() / 2] && own.last() == other.last(),
        4..8 => own.first_chunk::<4>() == other.first_chunk() && own.last_chunk::<4>() == other.last_chunk(),
        8..=16 => own.first_chunk::<8>() == other.first_chunk() && own.last_chunk::<8>() == other.last_chunk(),
        _ => own == other,
    }
}

#[inline(never)]
fn is_same<F: Facade>(a: &F::Key, b: &F::Key) -> bool {
    let (own, other) = (F::labels(a), F::labels(b));
    F::name(a) == F::name(b)
        && own.len() == other.len()
        && own.iter().map(F::pair).zip(other.iter().map(F::pair)).all(|(own, other)| own == other)
}

#[cfg(test)]
mod tests {
    use super::are_same_bytes;

    #[test]
    fn bytes_of_every_length_differ_where_one_does() {
        for length in 0..40 {
            let own: Vec<u8> = (0..length).collect();
            assert!(are_same_bytes(&own, &own.clone()));
            for at in 0..usize::from(length) {
                let mut other = own.clone();
                other[at] ^= 0x80;
                assert!(!are_same_bytes(&own, &other), "{length} bytes, of which {at} differs");
            }
        }
    }
}
