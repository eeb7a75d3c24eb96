//! Which quantiles a summary has, and of which window.

use crate::cells::WindowShape;
use std::fmt;
use std::num::NonZero;
use std::time::Duration;

/// Most slices of a window: each has its own bins.
const MAX_SLICES: u32 = 60;
/// Most quantiles of one summary: each is a sample.
const MAX_QUANTILES: usize = 100;

/// What a [`Summary`](crate::Summary) shows of its observations: which quantiles, over which window.
///
/// Checked when the summary is registered: quantiles are from 0 to 1 and ascend, at least one and at most 100; the
/// window is not zero and has 1 to 60 slices.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    values: Box<[f64]>,
    window: Duration,
    slices: u32,
}

impl Default for Quantiles {
    /// Returns the median, the 90th and the 99th percentile of the last 60 s, in slices of 20 s.
    fn default() -> Self {
        Self { values: [0.5, 0.9, 0.99].into(), window: Duration::from_secs(60), slices: 3 }
    }
}

impl Quantiles {
    /// Names the quantiles, ascending, over the default window.
    ///
    /// ```
    /// use std::time::Duration;
    /// use streamgauge::Quantiles;
    /// let quantiles = Quantiles::new([0.5, 0.99]).with_window(Duration::from_secs(300), 5);
    /// assert_eq!(quantiles.check(), Ok(()));
    /// assert!(Quantiles::new([99.0]).check().is_err_and(|problem| problem.contains("quantile 0 is 99")));
    /// ```
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        Self { values: values.into_iter().collect(), ..Self::default() }
    }

    /// Sets the window over which the quantiles are estimated, and by how many slices it moves.
    #[must_use]
    pub fn with_window(self, window: Duration, slices: u32) -> Self {
        Self { window, slices, ..self }
    }

    /// Checks the quantiles and the window, as registering a summary does.
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        self.problem().map_or(Ok(()), Err)
    }

    /// Returns the quantiles, in the order given.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the length of the window.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.window
    }

    /// Returns the number of slices by which the window moves.
    #[must_use]
    pub fn slices(&self) -> u32 {
        self.slices
    }

    /// Returns what is wrong, if anything.
    fn problem(&self) -> Option<String> {
        let values = &self.values;
        if values.is_empty() {
            return Some("no quantile was given; at least one is needed".to_owned());
        }
        if values.len() > MAX_QUANTILES {
            return Some(format!("{} quantiles were given, and {MAX_QUANTILES} are allowed", values.len()));
        }
        if let Some((index, value)) = values.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
            return Some(format!("quantile {index} is {value}; quantiles are from 0 to 1"));
        }
        if let Some(step) = values.windows(2).position(|pair| pair[0] >= pair[1]) {
            let (below, above) = (values[step], values[step + 1]);
            return Some(format!(
                "quantile {} ({above}) does not lie above quantile {step} ({below}); they must ascend",
                step + 1
            ));
        }
        if self.slices == 0 || self.slices > MAX_SLICES {
            return Some(format!("the window has {} slices, and 1 to {MAX_SLICES} are allowed", self.slices));
        }
        self.shape().is_none().then(|| {
            format!(
                "a window of {:?} in {} slices is not usable; a slice has a nanosecond at least and 584 years at most",
                self.window, self.slices
            )
        })
    }

    /// Returns how the window is divided; `None` where it cannot be.
    pub(crate) fn shape(&self) -> Option<WindowShape> {
        let width = u64::try_from(self.window.as_nanos().checked_div(u128::from(self.slices))?).ok()?;
        Some(WindowShape { width: NonZero::new(width)?, slices: NonZero::new(self.slices as usize)? })
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of a window of {:?} in {} slices", self.values, self.window, self.slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_say_what_was_given() {
        let problem = |values: &[f64]| Quantiles { values: values.into(), ..Quantiles::default() }.problem();
        let text = |values: &[f64]| problem(values).unwrap_or_default();
        assert!(text(&[]).contains("at least one"));
        assert!(text(&[0.5, 1.5]).contains("quantile 1 is 1.5; quantiles are from 0 to 1"));
        assert!(text(&[-0.1]).contains("-0.1") && text(&[f64::NAN]).contains("NaN") && text(&[99.0]).contains("99"));
        assert!(text(&[0.9, 0.5]).contains("quantile 1 (0.5) does not lie above quantile 0 (0.9)"));
        assert!(text(&[0.5, 0.5]).contains("must ascend"));
        assert!(text(&[0.5; 101]).contains("101 quantiles"));
        assert_eq!(problem(&[0.0, 0.5, 1.0]), None);
        assert_eq!(Quantiles::default().problem(), None);
    }

    #[test]
    fn a_window_has_slices_that_last() {
        let problem = |window, slices| Quantiles { window, slices, ..Quantiles::default() }.problem();
        let second = Duration::from_secs(1);
        assert!(problem(second, 0).is_some_and(|problem| problem.contains("1 to 60")));
        assert!(problem(second, 61).is_some_and(|problem| problem.contains("61 slices")));
        assert!(problem(Duration::ZERO, 1).is_some_and(|problem| problem.contains("not usable")));
        assert!(problem(Duration::from_nanos(2), 3).is_some());
        assert!(problem(Duration::MAX, 3).is_some());
        assert_eq!(problem(Duration::from_nanos(3), 3), None);
        assert_eq!(problem(second, 60), None);
    }
}
