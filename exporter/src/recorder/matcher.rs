//! Which metrics a setting is for.

use super::naming::sanitise_name;

/// Chooses histograms by name. The names are those that are exposed, before a suffix for the unit: `http.latency` is
/// chosen as `http_latency`, or as it is.
///
/// Where several match, the full name comes before the prefix, and the prefix before the suffix; of two of a kind the
/// one that sorts first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matcher {
    /// The whole name.
    Full(String),
    /// The beginning of the name.
    Prefix(String),
    /// The end of the name.
    Suffix(String),
}

impl Matcher {
    pub(super) fn sanitised(self) -> Self {
        let sanitised = |text: String| sanitise_name(&text).into_owned();
        match self {
            Self::Full(name) => Self::Full(sanitised(name)),
            Self::Prefix(prefix) => Self::Prefix(sanitised(prefix)),
            Self::Suffix(suffix) => Self::Suffix(sanitised(suffix)),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Full(full) => name == full,
            Self::Prefix(prefix) => name.starts_with(prefix),
            Self::Suffix(suffix) => name.ends_with(suffix),
        }
    }
}

/// Settings for the histograms that their matchers choose.
#[derive(Clone, Debug)]
pub(super) struct Overrides<T>(Vec<(Matcher, T)>);

impl<T> Default for Overrides<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Overrides<T> {
    /// Adds a setting, in the place of one with the same matcher.
    pub(super) fn insert(&mut self, matcher: Matcher, setting: T) {
        let matcher = matcher.sanitised();
        match self.0.binary_search_by(|(known, _)| known.cmp(&matcher)) {
            Ok(index) => self.0[index].1 = setting,
            Err(index) => self.0.insert(index, (matcher, setting)),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(matcher, _)| matcher.matches(name)).map(|(_, setting)| setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_name_comes_first_and_the_suffix_last() {
        let mut overrides = Overrides::default();
        overrides.insert(Matcher::Suffix("_ms".to_owned()), 1);
        overrides.insert(Matcher::Prefix("http.".to_owned()), 2);
        overrides.insert(Matcher::Full("http.ms".to_owned()), 3);
        overrides.insert(Matcher::Full("http_ms".to_owned()), 4);
        assert_eq!(overrides.find("http_ms"), Some(&4), "the same name, sanitised");
        assert_eq!(overrides.find("http_x_ms"), Some(&2));
        assert_eq!(overrides.find("x_ms"), Some(&1));
        assert_eq!(overrides.find("x"), None);
    }
}
