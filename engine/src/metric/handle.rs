//! What the handles of all kinds are made of.

use crate::cells::{Counted, Held, Hold, Pass, PassScratch, Range, Series};

/// What a keeper of handles can do with one, or with a set of them.
pub trait Handle: Sized {
    /// Returns a handle that counts as a user, unless its series is dead.
    #[doc(hidden)]
    fn admitted(&self) -> Option<Self>;

    /// Shows the holds on series.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
    fn holds(&self, show: &mut dyn FnMut(&dyn Hold));
}

impl<S: Counted> Handle for Held<S> {
    fn admitted(&self) -> Option<Self> {
        self.admitted()
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(self);
    }
}

/// Where a series has its cells, and the hold on it: 16 bytes, so that recording reads nothing but the handle.
#[derive(Clone, Debug)]
pub(crate) struct CellHandle {
    pub(crate) range: Range,
    held: Held<Series>,
}

impl CellHandle {
    /// Records into cells that nobody reads.
    pub(crate) const NOOP: Self = Self { range: Range::SCRATCH, held: Held::NOOP };

    #[inline(always)]
    pub(crate) fn new(range: Range, held: Held<Series>) -> Self {
        Self { range, held }
    }

    /// Returns the series; `None` of a noop.
    pub(crate) fn series(&self) -> Option<&Series> {
        self.held.series().map(|series| &**series)
    }

    /// Counts as an update for the idle timeout, though nothing changes.
    pub(crate) fn touch(&self) {
        self.held.touch();
    }

    /// Merges the slabs for one reading; the default of a noop.
    pub(crate) fn read<R: Default>(&self, read: impl FnOnce(&mut Pass<'_>, &Series) -> R) -> R {
        let Some(series) = self.series() else { return R::default() };
        read(&mut Pass::begin(&mut PassScratch::default()), series)
    }
}

impl Handle for CellHandle {
    fn admitted(&self) -> Option<Self> {
        Some(Self { range: self.range, held: self.held.admitted()? })
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(&self.held);
    }
}

/// Makes a metric a handle by one of its fields; the others are cloned with it. Its default is its noop.
macro_rules! handle {
    ($metric:ident { $field:ident $(, $rest:ident)* }) => {
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        impl $crate::metric::handle::Handle for $metric {
            fn admitted(&self) -> Option<Self> {
                let $field = $crate::metric::handle::Handle::admitted(&self.$field)?;
                Some(Self { $field $(, $rest: self.$rest.clone())* })
            }

            fn holds(&self, show: &mut dyn FnMut(&dyn $crate::cells::Hold)) {
                $crate::metric::handle::Handle::holds(&self.$field, show);
            }
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::noop()
            }
        }
    };
}
pub(crate) use handle;
