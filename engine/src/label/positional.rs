//! Label sets without a type of their own: arrays and tuples of values, whose names the declaration gives.

use super::{LabelSet, LabelValue, LabelVisitor};

/// Names that nobody gave: they are refused where they would be declared.
pub(crate) const UNNAMED: &str = "";

/// Values by their places, of a family that was declared by
/// [`MetricBuilder::family_by`](crate::MetricBuilder::family_by). Arrays and tuples of as many values are one set to a
/// family.
impl<T: LabelValue, const N: usize> LabelSet for [T; N] {
    type Family = [(); N];
    const NAMES: &'static [&'static str] = &[UNNAMED; N];

    #[inline(always)]
    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        for value in self {
            value.with_text(|text| visitor.value(text));
        }
    }
}

macro_rules! tuples {
    ($($count:literal: $($value:ident $place:tt),*;)*) => {$(
        /// As an array of as many values, which need not be of one type.
        impl<$($value: LabelValue),*> LabelSet for ($($value,)*) {
            type Family = [(); $count];
            const NAMES: &'static [&'static str] = &[UNNAMED; $count];

            #[inline(always)]
            fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
                $(self.$place.with_text(|text| visitor.value(text));)*
            }
        }
    )*};
}
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}
