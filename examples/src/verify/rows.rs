//! The replica against the source, row by row.
//!
//! What the replica should hold follows from the source alone: each source row is checked, transformed and routed
//! again by the same rules. A row that the rules refuse has to be in the dead-letter table, for the same reason, and
//! not in the replica; every other row has to be in the replica, in the right table, and not among the dead letters.

use std::collections::HashMap;

use rusqlite::{Connection, Rows as SqlRows};

use crate::Error;
use crate::feed::{Datum, Relation, Relations, Row, schema};
use crate::pipeline::{Destination, Rejection, Replica, check_row, destination, replica_columns, transform_row};

/// Differences reported for each table; the rest is only counted.
const REPORTED: usize = 5;

/// What [`compare_rows`] found.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Source rows looked at.
    pub compared: u64,
    /// What does not agree.
    pub differences: Vec<String>,
}

/// Compares all tables: which there are, `captured` being those of the replica, and their rows.
///
/// # Errors
/// What SQLite says.
pub fn compare_rows(source: &Connection, replica: &Replica, captured: &Relations) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    let there = schema::catalogue(source)?;
    for relation in &there {
        let mut differences = Vec::new();
        if captured.get(relation.id) == Some(relation) {
            rows.compared += compare_table(source, replica, relation, &mut differences)?;
        } else {
            differences.push(format!("table {}: not in the replica", relation.name));
        }
        let more = differences.len().saturating_sub(REPORTED);
        rows.differences.extend(differences.into_iter().take(REPORTED));
        if more > 0 {
            rows.differences.push(format!("{}: {more} more rows differ", relation.name));
        }
    }
    for extra in captured.iter().filter(|relation| !there.contains(relation)) {
        rows.differences.push(format!("table {}: in the replica, not in the source", extra.name));
    }
    Ok(rows)
}

/// Walks source and replica in key order, like the merge of two sorted lists.
fn compare_table(
    source: &Connection,
    replica: &Replica,
    relation: &Relation,
    differences: &mut Vec<String>,
) -> Result<u64, Error> {
    let mut dead = dead_letters(replica, relation)?;
    let table = &relation.name;
    let mut source = source.prepare(&format!("SELECT * FROM {table} ORDER BY id"))?;
    let mut replica = replica.connection().prepare(&replica_sql(relation))?;
    let (source_width, replica_width) = (source.column_count(), replica.column_count());
    let (mut source, mut replica) = (source.query([])?, replica.query([])?);
    let mut compared = 0;
    let mut held = next(&mut replica, replica_width)?;
    while let Some(row) = next(&mut source, source_width)? {
        compared += 1;
        let key = key(&row);
        let name = format!("{table} {key}");
        while held.as_ref().is_some_and(|held| self::key(held) < key) {
            let extra = held.as_ref().map_or(key, self::key);
            differences.push(format!("{table} {extra}: in the replica, not in the source"));
            held = next(&mut replica, replica_width)?;
        }
        let here = held.take_if(|held| self::key(held) == key);
        if here.is_some() {
            held = next(&mut replica, replica_width)?;
        }
        match (expected(relation, row), here, dead.remove(&key)) {
            (Ok(wanted), Some(here), None) if wanted == here => {}
            (Err(why), None, Some(kind)) if why.kind.name() == kind => {}
            (Ok(wanted), Some(here), None) => {
                differences.push(format!("{name}: replica holds {here:?}, expected {wanted:?}"));
            }
            (Ok(_), _, Some(kind)) => differences.push(format!("{name}: dead-lettered as {kind}, but well formed")),
            (Ok(_), None, None) => differences.push(format!("{name}: neither in the replica nor dead-lettered")),
            (Err(why), here, kind) => differences.push(format!(
                "{name}: should be dead-lettered as {}, is {}{}",
                why.kind.name(),
                kind.as_deref().unwrap_or("not"),
                if here.is_some() { " and in the replica" } else { "" },
            )),
        }
    }
    while let Some(extra) = held {
        differences.push(format!("{table} {}: in the replica, not in the source", key(&extra)));
        held = next(&mut replica, replica_width)?;
    }
    differences.extend(dead.keys().map(|key| format!("{table} {key}: dead-lettered, not in the source")));
    Ok(compared)
}

/// The replica's row of a source row, with the name of its table after the key's columns.
fn expected(relation: &Relation, row: Row) -> Result<Row, Rejection> {
    check_row(relation.shape, &row)?;
    let mut row = transform_row(relation.shape, row)?;
    row.push(destination(relation, &row)?.name(relation).into());
    Ok(row)
}

/// All rows of a table's destinations in key order, each with the name of the table it is in as the last column.
fn replica_sql(relation: &Relation) -> String {
    let columns = replica_columns(relation.shape).join(", ");
    let selects = Destination::all_of(relation)
        .iter()
        .map(|destination| format!("SELECT {columns}, '{0}' FROM {0}", destination.name(relation)));
    format!("{} ORDER BY id", selects.collect::<Vec<_>>().join(" UNION ALL "))
}

/// The dead-lettered keys of a table and the reasons. Not those of an earlier table of its name: the letters of a dropped
/// table stay, as the letters of deleted rows would.
fn dead_letters(replica: &Replica, relation: &Relation) -> Result<HashMap<i64, String>, Error> {
    let since = replica.created(relation)?.unwrap_or(0);
    let mut statement = replica
        .connection()
        .prepare("SELECT row_key, error_kind FROM dead_letters WHERE table_name = ?1 AND lsn > ?2")?;
    let rows = statement.query_map((&relation.name, since as i64), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn next(rows: &mut SqlRows<'_>, width: usize) -> Result<Option<Row>, Error> {
    let Some(row) = rows.next()? else { return Ok(None) };
    (0..width).map(|column| Ok(Datum::from_sql(row.get_ref(column)?))).collect::<Result<_, _>>().map(Some)
}

fn key(row: &Row) -> i64 {
    row[0].as_integer().unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two customers and a good and a bad payment on either side, then `spoil`, then the differences.
    fn after(spoil: &str) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let source = schema::open(&dir.path().join("source.db")).expect("a new database opens");
        let replica = Replica::open(&dir.path().join("replica.db")).expect("a new database opens");
        source
            .execute_batch(
                "INSERT INTO customers VALUES (1, 'ada@example.org', 'Ada', 'DE', 0), (3, 'g@x.org', 'G', 'US', 5);
                 INSERT INTO orders VALUES (1, 1, 'eu', 'placed', 0, ''), (2, 1, 'us', 'placed', 0, '');
                 INSERT INTO payments VALUES (1, 1, '1.50', 'EUR', ''), (2, 1, '1,50', 'EUR', '');",
            )
            .expect("the source takes these");
        replica
            .connection()
            .execute_batch(&format!(
                "INSERT INTO customers VALUES (1, 'a***@example.org', 'Ada', 'DE', 0), (3, 'g***@x.org', 'G', 'US', 5);
                 INSERT INTO orders_eu VALUES (1, 1, 'eu', 'placed', 0, '');
                 INSERT INTO orders_us VALUES (2, 1, 'us', 'placed', 0, '');
                 INSERT INTO payments VALUES (1, 1, 150, 'EUR', '');
                 INSERT INTO dead_letters VALUES (9, 'payments', 'insert', 2, 'transform', 'bad_amount', '', '', '', 0);
                 {spoil}"
            ))
            .expect("the replica takes these");
        let captured = replica.checkpoint().expect("the replica is readable").relations;
        let rows = compare_rows(&source, &replica, &captured).expect("both are readable");
        assert_eq!(rows.compared, 6);
        rows.differences
    }

    #[test]
    fn equal_databases_do_not_differ() {
        assert_eq!(after(""), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_named() {
        for (spoil, difference) in [
            ("DELETE FROM customers WHERE id = 3", "customers 3: neither in the replica nor dead-lettered"),
            ("INSERT INTO customers VALUES (2, '', '', '', 0)", "customers 2: in the replica, not in the source"),
            ("INSERT INTO customers VALUES (4, '', '', '', 0)", "customers 4: in the replica, not in the source"),
            ("UPDATE customers SET loyalty_points = 6 WHERE id = 3", "customers 3: replica holds "),
            (
                "DELETE FROM orders_us; INSERT INTO orders_eu VALUES (2, 1, 'us', 'placed', 0, '')",
                "orders 2: replica holds ",
            ),
            ("DELETE FROM dead_letters", "payments 2: should be dead-lettered as bad_amount, is not"),
            (
                "UPDATE dead_letters SET error_kind = 'no_route'",
                "payments 2: should be dead-lettered as bad_amount, is no_route",
            ),
            (
                "INSERT INTO payments VALUES (2, 1, 150, 'EUR', '')",
                "payments 2: should be dead-lettered as bad_amount, is bad_amount and in the replica",
            ),
            (
                "INSERT INTO dead_letters VALUES (8, 'payments', 'insert', 1, 'route', 'no_route', '', '', '', 0)",
                "payments 1: dead-lettered as no_route, but well formed",
            ),
            (
                "INSERT INTO dead_letters VALUES (8, 'payments', 'insert', 7, 'route', 'no_route', '', '', '', 0)",
                "payments 7: dead-lettered, not in the source",
            ),
        ] {
            let differences = after(spoil);
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert!(differences[0].starts_with(difference), "{}", differences[0]);
        }
    }
}
