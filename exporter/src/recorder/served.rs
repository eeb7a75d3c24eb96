//! The versions of the facade that the recorder serves, and the caches of all their threads.

use streamgauge::bridge::ThreadOwned;

use super::cache::{self, CachedFacade, Due, RecorderId, ThreadCache, Visitors};
use super::facade::Facade;
use super::kind::MetricKindMask;

/// Implements one version of the facade: its keys, and where its threads remember them.
macro_rules! version {
    ($name:ident, $metrics:ident, $version:literal) => {
        #[doc = concat!("Version ", $version, " of the facade.")]
        pub(super) mod $name {
            use super::{CachedFacade, Facade, ThreadCache, ThreadOwned, Visitors};
            use $metrics::{Key, Label};

            pub(in crate::recorder) enum Version {}

            thread_local! {
                static CACHE: ThreadOwned<ThreadCache<Version>> = Version::new_cache();
            }

            static VISITORS: Visitors<Version> = Visitors::new();

            impl Facade for Version {
                type Key = Key;
                type Label = Label;

                #[inline(always)]
                fn hash(key: &Key) -> u64 {
                    key.get_hash()
                }

                #[inline(always)]
                fn name(key: &Key) -> &str {
                    key.name()
                }

                #[inline(always)]
                fn labels(key: &Key) -> &[Label] {
                    key.labels().as_slice()
                }

                #[inline(always)]
                fn pair(label: &Label) -> (&str, &str) {
                    (label.key(), label.value())
                }
            }

            impl CachedFacade for Version {
                #[inline(always)]
                fn with_cache<R>(f: impl FnOnce(&ThreadOwned<ThreadCache<Self>>) -> R) -> Option<R> {
                    CACHE.try_with(f).ok()
                }

                fn visitors() -> &'static Visitors<Self> {
                    &VISITORS
                }
            }
        }
    };
}

#[cfg(feature = "metrics-0-24")]
version!(v0_24, metrics, "0.24");

#[cfg(feature = "metrics-0-23")]
version!(v0_23, metrics_0_23, "0.23");

/// The versions this recorder serves.
pub(super) const VERSIONS: &[&str] = &[
    #[cfg(feature = "metrics-0-24")]
    "0.24",
    #[cfg(feature = "metrics-0-23")]
    "0.23",
];

/// Calls a function for each version that is enabled, and returns what they return.
macro_rules! for_each_version {
    (|$version:ident| $call:expr) => {
        [
            #[cfg(feature = "metrics-0-24")]
            {
                type $version = v0_24::Version;
                $call
            },
            #[cfg(feature = "metrics-0-23")]
            {
                type $version = v0_23::Version;
                $call
            },
        ]
    };
}

/// Forgets the handles of a recorder that no user holds, of the kinds that `mask` names.
pub(super) fn forget_unheld(recorder: &RecorderId, mask: MetricKindMask) {
    for_each_version!(|Version| Version::forget_unheld(recorder, mask));
}

/// Has every thread forget the recorders that are gone, where some went since the last time.
pub(super) fn forget_gone() {
    cache::forget_where_new(|| for_each_version!(|Version| Version::forget_gone_in_all()).into_iter().all(|all| all));
}

/// Has one thread forget the recorders that are gone.
pub(super) fn forget_gone_in_one() {
    for_each_version!(|Version| Version::visitors().forget_gone_in_one());
}

/// Does in other caches what is due there after one has remembered something.
pub(super) fn settle(due: Due) {
    match due {
        Due::Nothing => {}
        Due::RoomFor { asking } => trim_one(asking),
        Due::Limit => trim_to_limit(),
    }
}

/// Sets how many bytes all threads of the process may use, together, to remember the handles of the keys they record
/// through: 32 MiB unless said otherwise.
///
/// A macro call whose key is remembered costs about 20 ns, any other 0.4 to 1 us: the latter where something else has to be
/// forgotten for it. About 200 bytes remember a key of three short labels in one thread, so the default is 160,000 keys: 64
/// threads with 2,500 keys each. Keys that were used last stay; 0 remembers nothing. It bounds what threads remember, not the series themselves: those are bounded by
/// [`series_limit`](super::RecorderBuilder::series_limit).
///
/// It is one bound of the process, for all recorders and all versions of the facade: the last call counts, whoever makes
/// it. So it is for the program to set, not for a library. A lower bound takes effect at once, but for threads that are
/// in the middle of a macro call each time that this one looks: those forget when any thread next has to remember something.
///
/// ```
/// use streamgauge_exporter::recorder::{cache_limit, set_cache_limit};
/// set_cache_limit(64 << 20);
/// assert_eq!(cache_limit(), 64 << 20);
/// ```
pub fn set_cache_limit(bytes: usize) {
    cache::set_limit(bytes);
    trim_to_limit();
}

/// Has one thread of each version give room for another, whose cache has so many bytes.
fn trim_one(asking: usize) {
    for_each_version!(|Version| Version::visitors().trim_one(asking));
}

/// Has all threads give room until the limit holds.
fn trim_to_limit() {
    let (used, wanted) = (cache::cache_bytes(), cache::cache_limit());
    if used > wanted {
        for_each_version!(|Version| Version::visitors().trim_all(used, wanted));
    }
}
