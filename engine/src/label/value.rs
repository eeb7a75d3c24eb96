//! What can be a label value.

use crate::sync::PlainArc;
use std::borrow::Cow;

/// A type whose values can be label values: strings of any kind, integers, `bool`, enums with
/// `#[derive(LabelValue)]`, and `Option`s of these.
///
/// A value is its text: two values with the same text are the same label value.
///
/// # Examples
/// ```
/// use streamgauge::LabelValue;
/// #[derive(LabelValue)]
/// enum Op {
///     Insert,
///     #[label(rename = "update")]
///     Change,
/// }
/// assert_eq!(Op::Insert.with_text(str::to_owned), "insert");
/// assert_eq!(Op::Change.with_text(str::to_owned), "update");
/// assert_eq!(17u16.with_text(str::to_owned), "17");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a label value",
    label = "allowed are strings of any kind, integers, `bool`, `char`, enums with `#[derive(LabelValue)]`, and `Option`s of these"
)]
pub trait LabelValue {
    /// Every text that the type can have, each once; none where they cannot be listed, as of strings and integers.
    /// A family all of whose labels list theirs is found without hashing.
    const VALUES: &'static [&'static str] = &[];

    /// Calls `f` with the text. Called on every lookup, possibly more than once, and never under a
    /// lock; it should not allocate.
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R;

    /// Returns the place of the text in [`VALUES`](Self::VALUES): to be implemented where those are listed.
    #[inline(always)]
    fn ordinal(&self) -> usize {
        0
    }
}

impl LabelValue for str {
    #[inline]
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(self)
    }
}

impl LabelValue for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    #[inline]
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(if *self { "true" } else { "false" })
    }

    #[inline(always)]
    fn ordinal(&self) -> usize {
        usize::from(*self)
    }
}

impl LabelValue for char {
    #[inline]
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(self.encode_utf8(&mut [0; 4]))
    }
}

macro_rules! by_deref {
    ($($type:ty),*) => {$(
        impl LabelValue for $type {
            #[inline]
            fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
                f(self)
            }
        }
    )*};
}
by_deref!(String, Box<str>, PlainArc<str>, std::rc::Rc<str>, Cow<'_, str>);

/// The text of `None` is empty, which to readers is as if the series had no such label. The texts cannot be listed,
/// so a family with such a label is found by hashing.
impl<T: LabelValue> LabelValue for Option<T> {
    #[inline]
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        match self {
            Some(value) => value.with_text(f),
            None => f(""),
        }
    }
}

impl<T: LabelValue + ?Sized> LabelValue for &T {
    const VALUES: &'static [&'static str] = T::VALUES;

    #[inline]
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        (**self).with_text(f)
    }

    #[inline(always)]
    fn ordinal(&self) -> usize {
        (**self).ordinal()
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl LabelValue for $type {
            #[inline]
            fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
                f(itoa::Buffer::new().format(*self))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
