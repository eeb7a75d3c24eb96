//! Which tables are captured: the shop's, and those that the feed says have come and gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Change, Op, Table};
use crate::Error;

/// A captured table: one of the shop's, or a short-lived one with the columns of one of the shop's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its id in the change log. The id of a dropped table is given to the next one that is created.
    pub id: u32,
    /// Its name in SQL and on the `table` label: letters, digits and underscores.
    pub name: Box<str>,
    /// Whose columns and rules it has.
    pub shape: Table,
}

impl Relation {
    /// One of the shop's own tables.
    pub fn shop(table: Table) -> Arc<Self> {
        Arc::new(Self { id: table.index() as u32, name: table.name().into(), shape: table })
    }

    /// Whether it is one of the shop's own tables, which are never dropped.
    pub const fn is_permanent(&self) -> bool {
        (self.id as usize) < Table::ALL.len()
    }

    /// Reads the row of the catalogue that a create or a drop carries; none if it does not describe a short-lived table.
    pub fn parse(image: &str) -> Option<Self> {
        let image: serde_json::Value = serde_json::from_str(image).ok()?;
        let id = image.get("id")?.as_u64().and_then(|id| id.try_into().ok())?;
        let (name, shape) = (image.get("name")?.as_str()?, Table::from_id(image.get("shape")?.as_i64()?)?);
        let relation = Self { id, name: name.into(), shape };
        // The name becomes part of SQL.
        let spelled = relation.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let begins = relation.name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        (spelled && begins && !relation.is_permanent()).then_some(relation)
    }
}

/// The captured tables at one position of the change log, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relations {
    by_id: BTreeMap<u32, Arc<Relation>>,
}

impl Relations {
    /// The shop's tables alone: what there is before the first change.
    pub fn shop() -> Self {
        Self { by_id: Table::ALL.into_iter().map(Relation::shop).map(|relation| (relation.id, relation)).collect() }
    }

    /// The table with this id.
    pub fn get(&self, id: u32) -> Option<&Arc<Relation>> {
        self.by_id.get(&id)
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.by_id.values()
    }

    /// Those that can be dropped again, in the order of their ids.
    pub fn short_lived(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.iter().filter(|relation| !relation.is_permanent())
    }

    /// Adds a table that was there before the first change that is going to be followed.
    pub fn insert(&mut self, relation: Arc<Relation>) {
        self.by_id.insert(relation.id, relation);
    }

    /// Follows a change: a created table is known from here on, a dropped one not any more.
    ///
    /// # Errors
    /// [`Error::Catalogue`] if the id or the name is taken already, or the table is not known.
    pub fn follow(&mut self, change: &Change) -> Result<(), Error> {
        let Relation { id, name, .. } = &*change.relation;
        let refuse = |problem| Error::Catalogue { lsn: change.lsn, table: name.clone(), problem };
        match change.op {
            Op::Create if self.by_id.contains_key(id) => Err(refuse("its id is in use")),
            Op::Create if self.iter().any(|known| known.name == *name) => Err(refuse("its name is in use")),
            Op::Create => {
                self.insert(Arc::clone(&change.relation));
                Ok(())
            }
            Op::Drop if self.get(*id) != Some(&change.relation) => Err(refuse("it is dropped and was not there")),
            Op::Drop => {
                self.by_id.remove(id);
                Ok(())
            }
            Op::Insert | Op::Update | Op::Delete => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(op: Op, id: u32, name: &str) -> Change {
        let relation = Arc::new(Relation { id, name: name.into(), shape: Table::Orders });
        Change { lsn: 1, relation, op, key: 0, captured_at_ms: 0, old: None, new: None }
    }

    #[test]
    fn ids_and_names_are_free_again_after_a_drop() {
        let mut relations = Relations::shop();
        relations.follow(&change(Op::Create, 9, "a")).expect("both are free");
        assert!(relations.follow(&change(Op::Create, 9, "b")).is_err(), "the id is in use");
        assert!(relations.follow(&change(Op::Create, 10, "a")).is_err(), "the name is in use");
        assert!(relations.follow(&change(Op::Drop, 9, "b")).is_err(), "another table has the id");
        relations.follow(&change(Op::Drop, 9, "a")).expect("it is there");
        assert!(relations.follow(&change(Op::Drop, 9, "a")).is_err(), "it went before");
        relations.follow(&change(Op::Create, 9, "b")).expect("the id is free again");
        assert_eq!(relations.short_lived().map(|relation| &*relation.name).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn only_a_short_lived_table_is_read_from_the_catalogue() {
        let read = |id: u32, name: &str, shape: i64| {
            Relation::parse(&format!(r#"{{"id":{id},"name":"{name}","shape":{shape}}}"#))
        };
        assert!(read(9, "orders_2026w47", 4).is_some_and(|relation| relation.shape == Table::Orders));
        assert_eq!(read(8, "orders_2026w47", 4), None);
        assert_eq!(read(9, "orders_2026w47", 9), None);
        for name in ["", "9lives", "a b", "a; DROP TABLE orders", "a\\\"b"] {
            assert_eq!(read(9, name, 4), None, "{name}");
        }
        assert_eq!(Relation::parse("[]"), None);
    }
}
