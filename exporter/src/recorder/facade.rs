//! What the recorder needs of a version of the facade: its keys.

/// One version of the crate `metrics`.
pub(super) trait Facade: Sized + 'static {
    type Key: Clone + Send + 'static;
    type Label: Clone + 'static;

    fn hash(key: &Self::Key) -> u64;

    fn name(key: &Self::Key) -> &str;

    fn labels(key: &Self::Key) -> &[Self::Label];

    fn pair(label: &Self::Label) -> (&str, &str);
}
