//! Builders: from a declaration to a handle or a family.

use super::dynamic_settings::DynamicSettings;
use super::instrument::Instrument;
use super::scope::Scope;
use super::set_action::{SetAction, SetDeclaration};
use crate::cells::Pin;
use crate::label::{MAX_VALUE_BYTES, OVERFLOW, length_problem};
use crate::registry::desc::{Desc, Level, Limits, Preference};
use crate::registry::error::Error;
use crate::registry::inner::RegistryInner;
use crate::registry::store::{FamilyStore, LabelMap, RowRef, Standing, removing};
use crate::sync::PlainArc;
use crate::unit::Unit;
use std::cell::Cell;
use std::time::Duration;

/// A metric being declared; made by the methods of [`Scope`]. It owns its scope.
///
/// Ends in [`register`](Self::register) for one metric or [`family`](Self::family) for many.
#[derive(Debug)]
#[must_use = "nothing is declared before `register` or `family`"]
pub struct MetricBuilder<M: Instrument> {
    scope: Scope,
    name: String,
    help: String,
    unit: Option<Unit>,
    verbatim: bool,
    limits: Limits,
    level: Level,
    spec: M::Spec,
}

impl<M: Instrument> MetricBuilder<M> {
    pub(crate) fn new(scope: &Scope, name: &str, help: &str) -> Self {
        Self {
            scope: scope.clone(),
            name: scope.full_name(name),
            help: help.to_owned(),
            unit: None,
            verbatim: false,
            limits: Limits {
                series: scope.own_limit().unwrap_or(Limits::default().series),
                idle: scope.idle_timeout_of(M::KIND),
                ..Limits::default()
            },
            level: scope.own_level(),
            spec: M::Spec::default(),
        }
    }

    /// States the unit. The name must end in it.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Adds a constant label.
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.scope = self.scope.label(name, value);
        self
    }

    /// Takes the name as it is: the naming rules (`_total`, units, reserved suffixes) are lifted, the
    /// syntax is not.
    pub fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// Sets how many live series the family may have; default: 10,000. Records past it go to one overflow series.
    pub fn limit(mut self, series: usize) -> Self {
        self.limits.series = series;
        self
    }

    /// Sets how many bytes a value of the label set may have, at most 16,384; default: 1024. Longer ones are cut at
    /// a character, and counted, so two long values with the same beginning are one.
    pub fn value_limit(mut self, bytes: usize) -> Self {
        self.limits.value_bytes = bytes.min(MAX_VALUE_BYTES);
        self
    }

    /// Sets how long a series may go without an update before it is removed, as by
    /// [`Family::remove`](crate::Family::remove); default: series stay. A series whose handle somebody holds
    /// stays too. Setting a gauge to the value it has is an update, and so is setting a state set to its state; an info
    /// is set once, for good, and does not become idle. With a timeout of zero every look removes all series that
    /// nobody holds.
    ///
    /// Scrapes look for idle series, and [`Registry::expire_idle`](crate::Registry::expire_idle) does.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle = Some(timeout);
        self
    }

    /// States the level; default: that of the scope, which is [`Level::Basic`] unless [set](Scope::with_level).
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Registers one metric with the constant labels, or returns the one that is registered already.
    ///
    /// # Errors
    /// Where a name, label, help text or bucket is not allowed, where another metric has the name and
    /// differs, where its family or registry is at its limit, or where no cells are left.
    pub fn register(self) -> Result<M, Error> {
        let (standing, rollback) = match self.scope.action().clone() {
            SetAction::Make => (Standing::Limited, None),
            SetAction::MakeSet(rollback) => (Standing::Limited, Some(rollback)),
            SetAction::MakeOverflow => {
                let is_last = self.scope.labels().iter().all(|(_, value)| value == OVERFLOW);
                (if is_last { Standing::LastResort } else { Standing::Overflow }, None)
            }
            SetAction::Declare(SetDeclaration { names, set, after, .. }) => {
                if let Some((store, _)) = self.declare_after(after, &names)?.family {
                    store.join(&set);
                }
                return Ok(M::default());
            }
            SetAction::Remove(names) => {
                self.remove(&names)?;
                return Ok(M::default());
            }
        };
        let Declared { family, name } = self.declare(&[])?;
        let Some((store, label_map)) = family else { return Ok(M::default()) };
        let hash = label_map.hash(&());
        let pin = Pin::enter();
        loop {
            let is_new = Cell::new(false);
            let make = |created| {
                is_new.set(true);
                M::create(&store.desc, created)
            };
            let row = store
                .get_or_insert(&pin, hash, &label_map.values(&(), usize::MAX), standing, &make)
                .map_err(|refused| refused.into_error(&store.desc))?;
            if let Some(rollback) = rollback.as_ref().filter(|_| is_new.get()) {
                rollback.note(store.clone(), hash, row);
            }
            let Some(view) = M::view(row, &store) else { return Err(callback_exists(name, row)) };
            // Otherwise it was removed after the mutex was released, and the next one is made.
            if let Some(metric) = view.admitted() {
                return Ok(metric);
            }
        }
    }

    /// Removes the series that have the constant labels.
    pub(crate) fn remove(self, names: &[&str]) -> Result<(), Error> {
        if let Some((store, label_map)) = self.declare(names)?.family {
            match names.is_empty() {
                true => removing(|pin| {
                    label_map.find(&store.table, pin, &()).is_some_and(|row| store.remove(pin, row, false))
                }),
                // Only the rows know the other labels.
                false => store.remove_where(|row| label_map.has_constants(row), |_| {}) > 0,
            };
        }
        Ok(())
    }

    /// Returns the error of a label that is not allowed.
    pub(crate) fn invalid_label(self, label: &str, problem: &str) -> Error {
        Error::InvalidLabel { name: self.name, label: label.to_owned(), problem: problem.to_owned() }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn is_verbatim(&self) -> bool {
        self.verbatim
    }

    /// Returns the registry of the scope; `None` where it is disabled.
    pub(crate) fn registry(&self) -> Option<&PlainArc<RegistryInner>> {
        self.scope.registry()
    }

    /// Returns the settings that only this kind of metric has, to change one of several.
    pub(super) fn spec_mut(&mut self) -> &mut M::Spec {
        &mut self.spec
    }

    /// Sets what only this kind of metric has.
    pub(super) fn spec(mut self, spec: M::Spec) -> Self {
        self.spec = spec;
        self
    }

    /// Checks the declaration and finds or adds its family.
    pub(crate) fn declare(self, names: &[&str]) -> Result<Declared, Error> {
        let after = self.scope.labels().len();
        self.declare_after(after, names)
    }

    /// As [`declare`](Self::declare), with the labels of the set after so many of the constant ones.
    pub(crate) fn declare_after(self, after: usize, names: &[&str]) -> Result<Declared, Error> {
        let constants = self.scope.labels();
        for (label, value) in constants {
            if let Some(problem) = self.constant_problem(value) {
                return Err(Error::InvalidLabel { name: self.name, label: label.clone(), problem });
            }
        }
        let (before, behind) = constants.split_at(after.min(constants.len()));
        let own =
            |constants: &'_ [(String, String)]| constants.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let label_names = own(before).into_iter().chain(names.iter().map(ToString::to_string)).chain(own(behind));
        let desc = self.desc(label_names.map(String::into_boxed_str).collect(), false)?;
        let family = match self.scope.registry() {
            Some(registry) => {
                let store = registry.family(desc)?;
                let label_map = LabelMap::new(&store.desc, store.hasher, constants, names);
                Some((store, label_map))
            }
            None => None,
        };
        Ok(Declared { family, name: self.name })
    }

    /// Checks the declaration of a family whose series have label names of their own, and finds or adds it.
    pub(crate) fn declare_dynamic(
        mut self,
        settings: DynamicSettings<'_>,
    ) -> Result<Option<PlainArc<FamilyStore>>, Error> {
        if let Some((label, _)) = self.scope.labels().first() {
            let problem = "a dynamic family takes no constant labels; give it with each series".to_owned();
            return Err(Error::InvalidLabel { name: self.name, label: label.clone(), problem });
        }
        let wish = settings.wish.map(|wish| Preference::new(&self.name, wish));
        if let Some(wish) = &wish {
            self.name = wish.name(0);
        }
        let desc = self.desc(Box::default(), true)?;
        if let Some(wish) = &wish {
            wish.check_others(&desc, self.verbatim)?;
        }
        let DynamicSettings { plain_numbers, help_line, .. } = settings;
        let has_empty_help = help_line && desc.help.is_empty();
        let desc = Desc { wish: wish.map(PlainArc::new), plain_numbers, has_empty_help, ..desc };
        self.scope.registry().map(|registry| registry.family(desc)).transpose()
    }

    /// Returns the checked descriptor.
    fn desc(&self, label_names: Box<[Box<str>]>, is_dynamic: bool) -> Result<Desc, Error> {
        let invalid = |problem| Error::InvalidSpec { name: self.name.clone(), kind: M::KIND, problem };
        let shape = M::shape(&self.spec).map_err(invalid)?;
        let desc = Desc {
            name: self.name.as_str().into(),
            help: self.help.as_str().into(),
            kind: M::KIND,
            unit: self.unit,
            label_names,
            is_dynamic,
            wish: None,
            has_empty_help: false,
            plain_numbers: false,
            shape,
            limits: self.limits,
            level: self.level,
        };
        desc.check(self.verbatim)?;
        Ok(desc)
    }
}

impl<M: Instrument> MetricBuilder<M> {
    /// Returns what is wrong with the value of a constant label.
    fn constant_problem(&self, value: &str) -> Option<String> {
        if let Some(problem) = length_problem(value.len(), MAX_VALUE_BYTES) {
            return Some(format!("its value: {problem}"));
        }
        (self.scope.action().has_own_constants() && value == OVERFLOW)
            .then(|| format!("the value {OVERFLOW:?} is reserved for records past the series limit"))
    }
}

/// A declaration that was accepted; without a family where the registry is disabled.
pub(crate) struct Declared {
    pub(crate) family: Option<(PlainArc<FamilyStore>, LabelMap)>,
    pub(crate) name: String,
}

pub(super) fn callback_exists(name: String, row: RowRef<'_>) -> Error {
    Error::CallbackExists { name, labels: String::from_utf8_lossy(row.text()).into_owned() }
}
