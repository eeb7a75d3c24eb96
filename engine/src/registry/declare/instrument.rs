//! What a family can be made of.

use super::backend::Backend;
use crate::registry::desc::Shape;

/// A metric handle that can be registered, alone or as a family.
///
/// It is what lets code be generic over metrics: `fn wrap<M: Instrument>(family: Family<L, M>)`. The
/// engine implements it; it cannot be implemented outside.
pub trait Instrument: Backend {
    /// What must be said of the metric beside name, help, unit and labels: the buckets of a histogram, the
    /// quantiles of a summary, the states of a state set, nothing for the others.
    type Spec: Default + std::fmt::Debug + Send + Sync + 'static;

    /// Returns the shape of a family, or what is wrong with the spec.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
    fn shape(_: &Self::Spec) -> Result<Shape, String> {
        Ok(Shape::None)
    }
}
