//! The names that families take up, as each escaping scheme writes them.
//!
//! A family has the names of its samples, and its own, to itself in every format: [`exposed`]. OpenMetrics knows
//! counters and infos by another name besides, that of a sample without its suffix: [`stems`]. Where another family has
//! that one, neither is refused, as in all other formats nothing is wrong with them: the counter or info *gives way*
//! and is written in OpenMetrics as of an unknown type, under the name of its sample. Who gives way is decided by the
//! kinds, so that it does not depend on who came first; it can change only when families come, go or are renamed.

use crate::kind::Kind;
use crate::label::Escaping;
use crate::registry::desc::Desc;
use crate::sync::PlainArc;
use std::collections::HashMap;

/// Returns the names that a family called `name`, in its escaped form, has to itself: its own, and those of its samples
/// in each format.
fn exposed(kind: Kind, name: &str) -> impl Iterator<Item = String> {
    kind.samples().iter().map(move |suffix| format!("{name}{suffix}"))
}

/// Returns the names that only OpenMetrics has for a family called `name`, in its escaped form: its own there, and that
/// of the sample with the time of a counter's creation.
fn stems(kind: Kind, name: &str) -> impl Iterator<Item = String> {
    let stem = kind.stem(name).into_iter();
    stem.flat_map(|(stem, suffixes)| suffixes.iter().map(move |suffix| format!("{stem}{suffix}")))
}

/// Returns whether `is_meant` holds for the name of a family, or of any of its samples, in any format: as it is
/// registered, or as a scheme writes it.
pub(crate) fn any_name(desc: &Desc, escaping: Escaping, is_meant: impl Fn(&str) -> bool) -> bool {
    let mut name = String::new();
    let mut any_of = |full: &str| {
        let forms = std::iter::once((full, desc.kind.samples())).chain(desc.kind.stem(full));
        forms.flat_map(|(stem, suffixes)| suffixes.iter().map(move |suffix| (stem, suffix))).any(|(stem, suffix)| {
            name.clear();
            name.extend([stem, suffix]);
            is_meant(&name)
        })
    };
    let written = escaping.metric(&desc.name);
    any_of(&desc.name) || (*written != *desc.name && any_of(&written))
}

/// Returns the names that a family has to itself, as any scheme writes them; some more than once.
pub(super) fn each_name(desc: &Desc) -> impl Iterator<Item = String> {
    Escaping::ALL.into_iter().flat_map(move |escaping| {
        let names: Vec<String> = exposed(desc.kind, &escaping.metric(&desc.name)).collect();
        names
    })
}

/// Who has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claimant {
    family: PlainArc<str>,
    kind: Kind,
}

/// The names as one scheme writes them.
#[derive(Debug, Default)]
struct Names {
    exposed: HashMap<String, Claimant>,
    stems: HashMap<String, Vec<Claimant>>,
}

/// All names that are taken, in each scheme, and who gives way.
#[derive(Debug, Default)]
pub(super) struct Claims {
    schemes: [Names; Escaping::ALL.len()],
    clashes: PlainArc<Clashes>,
}

impl Claims {
    /// Returns the names that a family needs to itself and that others have, with who they are.
    pub(super) fn holders(&self, desc: &Desc) -> Vec<(String, PlainArc<str>)> {
        let mut holders = Vec::new();
        for (escaping, names) in Escaping::ALL.into_iter().zip(&self.schemes) {
            for sample in exposed(desc.kind, &escaping.metric(&desc.name)) {
                if let Some(registered) = names.exposed.get(&sample) {
                    holders.push((sample, registered.family.clone()));
                }
            }
        }
        holders
    }

    /// Takes the names of a family, of which nobody has one that it needs to itself.
    pub(super) fn claim(&mut self, desc: &Desc) {
        let claimant = Claimant { family: PlainArc::from(&*desc.name), kind: desc.kind };
        for (escaping, names) in Escaping::ALL.into_iter().zip(&mut self.schemes) {
            let name = escaping.metric(&desc.name);
            names.exposed.extend(exposed(desc.kind, &name).map(|sample| (sample, claimant.clone())));
            for stem in stems(desc.kind, &name) {
                names.stems.entry(stem).or_default().push(claimant.clone());
            }
        }
        self.settle(&claimant);
    }

    /// Frees the names of a family.
    pub(super) fn unclaim(&mut self, desc: &Desc) {
        let claimant = Claimant { family: PlainArc::from(&*desc.name), kind: desc.kind };
        for (escaping, names) in Escaping::ALL.into_iter().zip(&mut self.schemes) {
            let name = escaping.metric(&desc.name);
            for sample in exposed(desc.kind, &name) {
                names.exposed.remove(&sample);
            }
            for stem in stems(desc.kind, &name) {
                if let Some(others) = names.stems.get_mut(&stem) {
                    others.retain(|other| *other != claimant);
                    if others.is_empty() {
                        names.stems.remove(&stem);
                    }
                }
            }
        }
        self.settle(&claimant);
    }

    /// Returns who gives way now.
    pub(crate) fn clashes(&self) -> &PlainArc<Clashes> {
        &self.clashes
    }

    /// Decides again who gives way, among those whose names meet the ones of a family that came or went.
    fn settle(&mut self, changed: &Claimant) {
        let mut met = vec![changed.clone()];
        for (escaping, names) in Escaping::ALL.into_iter().zip(&self.schemes) {
            let name = escaping.metric(&changed.family);
            let shared = exposed(changed.kind, &name).chain(stems(changed.kind, &name));
            met.extend(shared.filter_map(|name| names.stems.get(&name)).flatten().cloned());
        }
        for claimant in met {
            let schemes = self.gives_way(&claimant);
            if schemes != self.clashes.schemes_of(&claimant.family) {
                let clashes = PlainArc::make_mut(&mut self.clashes);
                match schemes {
                    0 => drop(clashes.0.remove(&*claimant.family)),
                    _ => drop(clashes.0.insert(claimant.family.clone(), schemes)),
                }
            }
        }
    }

    /// Returns the schemes in which a family gives way, as bits.
    fn gives_way(&self, claimant: &Claimant) -> u8 {
        let mut schemes = 0;
        for (escaping, names) in Escaping::ALL.into_iter().zip(&self.schemes) {
            let name = escaping.metric(&claimant.family);
            let is_shared = stems(claimant.kind, &name).any(|stem| {
                // One that is gone already has none of its own.
                let others = names.stems.get(&stem).map_or(&[][..], Vec::as_slice);
                others.contains(claimant)
                    && (names.exposed.contains_key(&stem) || others.iter().any(|other| claimant.gives_way_to(other)))
            });
            schemes |= if is_shared { bit(escaping) } else { 0 };
        }
        schemes
    }
}

impl Claimant {
    /// Returns whether this one gives way to another one with the same stem: an info to a counter, as its type says
    /// less about it, and two counters to each other.
    fn gives_way_to(&self, other: &Self) -> bool {
        self != other && (self.kind == Kind::Info || other.kind != Kind::Info)
    }
}

fn bit(escaping: Escaping) -> u8 {
    1 << escaping as u8
}

/// The families that give way in OpenMetrics, each with the schemes in which it does. Nearly always none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clashes(HashMap<PlainArc<str>, u8>);

impl Clashes {
    fn schemes_of(&self, family: &str) -> u8 {
        // The hash is spared where there is nothing to find.
        if self.0.is_empty() { 0 } else { self.0.get(family).copied().unwrap_or(0) }
    }

    /// Returns whether a family gives way to another one.
    pub(crate) fn gives_way(&self, family: &str, escaping: Escaping) -> bool {
        self.schemes_of(family) & bit(escaping) != 0
    }
}
