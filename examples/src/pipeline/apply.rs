//! How events become writes to the replica's tables, which come and go as the source's do.

use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::{ErrorCode, Transaction, params_from_iter};

use super::route::{Destination, Write};
use crate::Error;
use crate::feed::{Change, Relation, Relations, Row, Table};

/// The replica's columns of a source table of this shape: those of the source, after the rules of
/// [`super::transform_row`].
pub fn replica_columns(shape: Table) -> Vec<&'static str> {
    let names = shape.columns().iter().map(|column| match (shape, column.name) {
        (Table::Payments, "amount") => "amount_minor",
        (_, name) => name,
    });
    names.chain((shape == Table::OrderItems).then_some("total_cents")).collect()
}

/// The statements that make the replica's tables of a source table. A shop's table may be there already.
pub(super) fn table_ddl(relation: &Relation) -> String {
    let rest = replica_columns(relation.shape)[1..].join(", ");
    let unless = if relation.is_permanent() { "IF NOT EXISTS " } else { "" };
    let mut sql = String::new();
    for destination in Destination::all_of(relation) {
        let name = destination.name(relation);
        let _ = writeln!(sql, "CREATE TABLE {unless}{name} (id INTEGER PRIMARY KEY, {rest});");
    }
    sql
}

/// The statements of one destination.
#[derive(Debug)]
struct Statements {
    destination: Destination,
    insert: String,
    update: String,
    delete: String,
}

/// Applies events to the replica's tables.
#[derive(Debug)]
pub struct Applier {
    /// By the source table's id.
    statements: HashMap<u32, Vec<Statements>>,
}

impl Applier {
    /// Applies from a position at which there are these tables.
    pub fn new(relations: &Relations) -> Self {
        Self { statements: relations.iter().map(|relation| (relation.id, statements(relation))).collect() }
    }

    /// Applies one event. Strict: a row that is there although it should not be, or the reverse, is an error.
    ///
    /// # Errors
    /// [`Error::Conflict`], or what SQLite says.
    pub fn apply(&mut self, tx: &Transaction<'_>, change: &Change, write: &Write) -> Result<(), Error> {
        let conflict = |rows| {
            let table = change.relation.name.clone();
            Error::Conflict { lsn: change.lsn, table, op: change.op, key: change.key, rows }
        };
        let once = |result: rusqlite::Result<usize>| match result {
            Ok(1) => Ok(()),
            Ok(rows) => Err(conflict(rows)),
            // The row to insert is there already.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(conflict(0)),
            Err(error) => Err(error.into()),
        };
        let of = |destination| {
            let known = self.statements.get(&change.relation.id).map_or(&[][..], Vec::as_slice);
            // Three entries at most.
            known.iter().find(|statements| statements.destination == destination).ok_or_else(|| conflict(0))
        };
        let delete = |from| once(tx.prepare_cached(&of(from)?.delete)?.execute([change.key]));
        let put = |sql: &str, row: &Row| once(tx.prepare_cached(sql)?.execute(params_from_iter(row)));
        match write {
            Write::Insert(to, row) => put(&of(*to)?.insert, row),
            Write::Update(to, row) => put(&of(*to)?.update, row),
            Write::Delete(from) => delete(*from),
            Write::Move(from, to, row) => {
                delete(*from)?;
                put(&of(*to)?.insert, row)
            }
            Write::CreateTable => self.create(tx, change),
            Write::DropTable => self.drop(tx, change),
        }
    }

    fn create(&mut self, tx: &Transaction<'_>, change: &Change) -> Result<(), Error> {
        let relation = &*change.relation;
        tx.execute_batch(&table_ddl(relation))?;
        let row = (relation.id, &relation.name, relation.shape.index() as i64, change.lsn as i64);
        tx.prepare_cached("INSERT INTO relations VALUES (?1, ?2, ?3, ?4)")?.execute(row)?;
        self.statements.insert(relation.id, statements(relation));
        Ok(())
    }

    fn drop(&mut self, tx: &Transaction<'_>, change: &Change) -> Result<(), Error> {
        let relation = &*change.relation;
        for destination in Destination::all_of(relation) {
            tx.execute_batch(&format!("DROP TABLE {}", destination.name(relation)))?;
        }
        tx.prepare_cached("DELETE FROM relations WHERE id = ?1")?.execute([relation.id])?;
        self.statements.remove(&relation.id);
        Ok(())
    }
}

fn statements(relation: &Relation) -> Vec<Statements> {
    let columns = replica_columns(relation.shape);
    let marks: Vec<_> = (1..=columns.len()).map(|position| format!("?{position}")).collect();
    let sets: Vec<_> = columns.iter().zip(&marks).skip(1).map(|(column, mark)| format!("{column} = {mark}")).collect();
    let make = |destination: &Destination| {
        let name = destination.name(relation);
        Statements {
            destination: *destination,
            insert: format!("INSERT INTO {name} VALUES ({})", marks.join(", ")),
            update: format!("UPDATE {name} SET {} WHERE id = ?1", sets.join(", ")),
            delete: format!("DELETE FROM {name} WHERE id = ?1"),
        }
    };
    Destination::all_of(relation).iter().map(make).collect()
}
