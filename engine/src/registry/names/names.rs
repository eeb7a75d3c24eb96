//! The names of a registry: what is registered, under which name, and who gives way to whom.
//!
//! A metric that was declared without a wish has its name for as long as it is registered, and a second one that needs
//! it is refused. Families of bridges *wish* for a name, the [`PreferredName`]. They are named one after the other, in
//! the order of their turns: first each by the name it wishes for, if nobody before it needs that, then those that are
//! left by the first of their other names that is free. That is a rule over the families there are, so it gives every
//! process the same names; what a change makes of it is found by naming those again whom it touches: a family that
//! comes takes the names it needs from those after it, and one that goes wakes those that wait for its.

use super::claims::{Claims, Clashes, each_name};
use super::waiting::{Waiting, Work};
use crate::kind::Kind;
use crate::registry::desc::{Desc, Preference, PreferredName, label_problem};
use crate::registry::error::Error;
use crate::registry::store::{FamilyStore, Labels, RegistryState};
use crate::sync::PlainArc;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) families: HashMap<Box<str>, PlainArc<FamilyStore>>,
    claims: Claims,
    /// Those with a wish, by kind and by the name in their declaration.
    wishing: HashMap<(Kind, Box<str>), Vec<PlainArc<FamilyStore>>>,
    waiting: Waiting,
    /// Wishes so far.
    serials: u64,
}

/// What a declaration changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    /// A registered family has another help or name.
    Told,
    New,
}

impl Names {
    /// Returns who gives way now.
    pub(crate) fn clashes(&self) -> &PlainArc<Clashes> {
        self.claims.clashes()
    }

    /// Finds or adds the family of a checked descriptor.
    pub(crate) fn family(
        &mut self,
        desc: Desc,
        state: &PlainArc<RegistryState>,
    ) -> Result<(PlainArc<FamilyStore>, Change), Error> {
        if let Some(wish) = desc.wish.clone() {
            return self.wishing_family(desc, &wish, state);
        }
        let known = self.families.get(&desc.name).filter(|known| !known.has_wish());
        if let Some(known) = known {
            if known.desc.same_as(&desc) {
                return Ok((known.clone(), Change::None));
            }
            return Err(Error::Conflict {
                name: desc.name.to_string(),
                registered: known.desc.to_string(),
                requested: desc.to_string(),
            });
        }
        let mut work = Work::new();
        self.claim(&desc, &mut work)?;
        let family = PlainArc::new(FamilyStore::new(desc, state.clone()));
        self.families.insert(family.desc.name.clone(), family.clone());
        self.settle(work);
        Ok((family, Change::New))
    }

    fn wishing_family(
        &mut self,
        mut desc: Desc,
        wish: &Preference,
        state: &PlainArc<RegistryState>,
    ) -> Result<(PlainArc<FamilyStore>, Change), Error> {
        let place = (desc.kind, wish.declared.clone());
        let known = self.wishing.get(&place).and_then(|all| all.iter().find(|known| known.desc.wishes_as(&desc)));
        if let Some(known) = known.cloned() {
            if desc.is_described() && !known.with_desc(Desc::is_described) {
                self.tell(&known, desc, wish);
                return Ok((known, Change::Told));
            }
            return Ok((known, Change::None));
        }
        self.serials += 1;
        desc.wish = Some(PlainArc::new(wish.with_serial(self.serials)));
        let family = PlainArc::new(FamilyStore::new(desc, state.clone()));
        self.wishing.entry(place).or_default().push(family.clone());
        self.settle(family.first_turn().into_iter().map(|turn| (turn, family.clone())).collect());
        Ok((family, Change::New))
    }

    /// Takes the family of this name out, whose names are free then.
    pub(crate) fn unregister(
        &mut self,
        name: &str,
        may_go: impl FnOnce(&PlainArc<FamilyStore>) -> bool,
    ) -> Option<PlainArc<FamilyStore>> {
        // Handles of a dynamic family can give it another name.
        let family = self.families.get(name).filter(|family| !family.desc.is_dynamic && may_go(family))?.clone();
        let mut work = Work::new();
        self.release(&family.with_desc(Desc::clone), &mut work);
        self.settle(work);
        Some(family)
    }

    /// Changes the name, help or unit of a family that is in use.
    pub(crate) fn redescribe(
        &mut self,
        family: &PlainArc<FamilyStore>,
        verbatim: bool,
        change: impl FnOnce(&mut Desc),
    ) -> Result<(), Error> {
        let old = family.with_desc(Desc::clone);
        let mut new = old.clone();
        change(&mut new);
        if let Some(wish) = old.wish {
            // What is changed of its name is its wish.
            let wish = match *new.name == *old.name {
                true => (*new.wish.clone().unwrap_or_else(|| wish.clone())).clone(),
                false => wish.renamed(PreferredName { stem: &new.name, suffix: "", ..wish.parts() }),
            };
            Desc { name: wish.name(0).into(), ..new.clone() }.check(verbatim)?;
            wish.check_others(&new, verbatim)?;
            self.tell(family, new, &wish);
            return Ok(());
        }
        new.check(verbatim)?;
        if new.name != old.name {
            check_rename(family, &new)?;
            let mut work = Work::new();
            self.claims.unclaim(&old);
            if let Err(error) = self.claim(&new, &mut work) {
                // They were free until now.
                let _ = self.claim(&old, &mut work);
                return Err(error);
            }
            self.waiting.wake(each_name(&old), &mut work);
            self.families.remove(&old.name);
            self.families.insert(new.name.clone(), family.clone());
            family.redescribe(new);
            self.settle(work);
        } else {
            family.redescribe(new);
        }
        Ok(())
    }

    /// Changes the help, unit and wish of a family that has a wish, and names it again.
    fn tell(&mut self, family: &PlainArc<FamilyStore>, told: Desc, wish: &Preference) {
        let mut work = Work::new();
        let old = family.with_desc(Desc::clone);
        let serial = old.wish.as_ref().map_or(0, |wish| wish.serial);
        let wish = PlainArc::new(wish.with_serial(serial));
        self.release(&old, &mut work);
        // Its turn may be another one now.
        if let Some(turn) = family.first_turn() {
            work.remove(&turn);
        }
        let Desc { help, unit, has_empty_help, .. } = told;
        family.redescribe(Desc { help, unit, has_empty_help, wish: Some(wish), ..old });
        work.extend(family.first_turn().map(|turn| (turn, family.clone())));
        self.settle(work);
    }

    /// Takes the names of a collector's families, all or none.
    pub(crate) fn claim_all(&mut self, descs: &[Desc]) -> Result<(), Error> {
        let mut work = Work::new();
        let refused =
            descs.iter().enumerate().find_map(|(index, desc)| Some((index, self.claim(desc, &mut work).err()?)));
        if let Some((index, _)) = &refused {
            descs[..*index].iter().for_each(|desc| self.unclaim(desc, &mut work));
        }
        self.settle(work);
        refused.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Frees the names of a collector's families.
    pub(crate) fn unclaim_all(&mut self, descs: &[Desc]) {
        let mut work = Work::new();
        descs.iter().for_each(|desc| self.unclaim(desc, &mut work));
        self.settle(work);
    }

    /// Takes the names of a family without a wish from those that have one, who are then to be named again.
    ///
    /// # Errors
    /// Where one without a wish has them.
    fn claim(&mut self, desc: &Desc, work: &mut Work) -> Result<(), Error> {
        let holders = self.claims.holders(desc);
        let lasting = holders.iter().find(|(_, holder)| self.families.get(&**holder).is_none_or(|it| !it.has_wish()));
        if let Some((sample, registered)) = lasting {
            let (name, registered) = (desc.name.to_string(), registered.to_string());
            return Err(Error::SampleNameTaken { name, sample: sample.clone(), registered });
        }
        self.displace(holders, work);
        self.claims.claim(desc);
        Ok(())
    }

    fn unclaim(&mut self, desc: &Desc, work: &mut Work) {
        self.claims.unclaim(desc);
        self.waiting.wake(each_name(desc), work);
    }

    /// Takes its name from a family with a wish.
    fn release(&mut self, desc: &Desc, work: &mut Work) {
        self.unclaim(desc, work);
        self.families.remove(&desc.name);
    }

    fn displace(&mut self, holders: Vec<(String, PlainArc<str>)>, work: &mut Work) {
        for (_, holder) in holders {
            // Once, though it may hold several of the names.
            let Some(family) = self.families.get(&*holder).cloned() else { continue };
            self.release(&family.with_desc(Desc::clone), work);
            work.extend(family.first_turn().map(|turn| (turn, family)));
        }
    }

    /// Names families, and those whom that touches. What is added to the work comes after what added it, or finds that
    /// nothing has changed for it, so there is an end.
    fn settle(&mut self, mut work: Work) {
        while let Some((turn, family)) = work.pop_first() {
            let now = family.with_desc(Desc::clone);
            let Some(wish) = now.wish.clone() else { continue };
            let is_named = self.families.get(&now.name).is_some_and(|named| PlainArc::ptr_eq(named, &family));
            let mut new = now.clone();
            let mut refused = Vec::new();
            let displaced = (0..if turn.is_last_resort { usize::MAX } else { 1 }).find_map(|attempt| {
                new.name = wish.name(attempt).into();
                let mut holders = self.claims.holders(&new);
                holders.retain(|(_, holder)| !(is_named && **holder == *now.name));
                let own = wish.turn(attempt);
                let goes_before = |holder: &PlainArc<str>| {
                    let other = self.families.get(&**holder).and_then(|holder| holder.turn());
                    other.is_none_or(|other| other < own)
                };
                let before = refused.len();
                refused.extend(holders.iter().filter(|(_, holder)| goes_before(holder)).map(|(name, _)| name.clone()));
                (refused.len() == before && check_rename(&family, &new).is_ok()).then_some(holders)
            });
            self.waiting.note(wish.serial, &family, refused);
            let Some(displaced) = displaced else {
                // Other names are given when everybody has had a turn for the one that is wished for.
                work.insert(wish.turn(1), family);
                continue;
            };
            if is_named && new.name == now.name {
                continue;
            }
            if is_named {
                self.release(&now, &mut work);
            }
            self.displace(displaced, &mut work);
            self.claims.claim(&new);
            self.families.insert(new.name.clone(), family.clone());
            if new.name != now.name {
                family.redescribe(new);
            }
        }
    }
}

/// Refuses a new name of a state set whose series have a label of that name. Those that are made or removed at the same
/// time may slip through: a scrape leaves them out.
fn check_rename(family: &FamilyStore, new: &Desc) -> Result<(), Error> {
    if new.kind != Kind::StateSet {
        return Ok(());
    }
    // Removed ones too, where a scraper has still to show their final values.
    let is_taken = family.any_shown(|row| Labels::new(new, row).has(&new.name));
    match label_problem(new, &new.name).filter(|_| is_taken) {
        Some(problem) => Err(Error::InvalidLabel { name: new.name.to_string(), label: new.name.to_string(), problem }),
        None => Ok(()),
    }
}
