//! The source database: its tables, its change log and the triggers that fill the log.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::{Kind, Op, Relation, Relations, Table};
use crate::Error;

/// How long a connection waits for another one's write lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// More statements than any connection here uses, so that each is prepared once.
const STATEMENT_CACHE: usize = 128;

/// Opens the source database, creating it with its log and triggers on first use.
///
/// # Errors
/// What SQLite says, with the path.
pub fn open(path: &Path) -> Result<Connection, Error> {
    let conn = connect(path)?;
    // NORMAL syncs the write-ahead log at checkpoints only. Committed changes survive a kill of the process; after a
    // power cut the last of them may be missing, which the pipeline notices at start (its checkpoint is then ahead).
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.execute_batch(&ddl())?;
    Ok(conn)
}

/// Opens a database in write-ahead mode with the settings both databases share.
///
/// # Errors
/// What SQLite says, with the path.
pub fn connect(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open(path).map_err(|error| Error::open(path, error))?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Write-ahead mode lets the tail read while a writer writes.
    conn.pragma_update(None, "journal_mode", "WAL").map_err(|error| Error::open(path, error))?;
    Ok(conn)
}

/// All statements that make the source database; each is harmless when it exists already.
fn ddl() -> String {
    // AUTOINCREMENT: the sequence survives the pruning of the log, so an LSN is never used twice.
    let mut sql = String::from(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS change_log (
             lsn INTEGER PRIMARY KEY AUTOINCREMENT,
             table_id INTEGER NOT NULL,
             op INTEGER NOT NULL,
             row_key INTEGER NOT NULL,
             captured_at_ms INTEGER NOT NULL,
             old_row TEXT,
             new_row TEXT
         ) STRICT;
         CREATE TABLE IF NOT EXISTS relations (
             serial INTEGER PRIMARY KEY AUTOINCREMENT,
             id INTEGER NOT NULL UNIQUE,
             name TEXT NOT NULL UNIQUE,
             shape INTEGER NOT NULL
         ) STRICT;\n",
    );
    catalogue_ddl(&mut sql);
    for table in Table::ALL {
        relation_ddl(&mut sql, &Relation::shop(table));
    }
    sql.push_str("COMMIT;");
    sql
}

/// Creates a short-lived table with its triggers, and lists it in the catalogue, which logs one change.
///
/// # Errors
/// What SQLite says, for example if the id or the name is taken.
pub fn create_table(tx: &Transaction<'_>, relation: &Relation) -> Result<(), Error> {
    let mut sql = String::new();
    relation_ddl(&mut sql, relation);
    tx.execute_batch(&sql)?;
    let row = (relation.id, &relation.name, relation.shape.index() as i64);
    tx.prepare_cached("INSERT INTO relations (id, name, shape) VALUES (?1, ?2, ?3)")?.execute(row)?;
    Ok(())
}

/// Drops a short-lived table with its triggers and rows, and takes it off the catalogue, which logs one change.
///
/// # Errors
/// What SQLite says, for example if there is no such table.
pub fn drop_table(tx: &Transaction<'_>, relation: &Relation) -> Result<(), Error> {
    tx.execute_batch(&format!("DROP TABLE {}", relation.name))?;
    tx.prepare_cached("DELETE FROM relations WHERE id = ?1")?.execute([relation.id])?;
    Ok(())
}

/// The tables there are now, in the order in which they were created.
///
/// # Errors
/// What SQLite says.
pub fn catalogue(conn: &Connection) -> Result<Vec<Arc<Relation>>, Error> {
    let mut statement = conn.prepare("SELECT id, name, shape FROM relations ORDER BY serial")?;
    let mut rows = statement.query([])?;
    let mut relations: Vec<_> = Relations::shop().iter().map(Arc::clone).collect();
    while let Some(row) = rows.next()? {
        if let Some(shape) = Table::from_id(row.get(2)?) {
            relations.push(Arc::new(Relation { id: row.get(0)?, name: row.get(1)?, shape }));
        }
    }
    Ok(relations)
}

fn relation_ddl(sql: &mut String, relation: &Relation) {
    let columns = relation
        .shape
        .columns()
        .iter()
        .enumerate()
        .map(|(position, column)| match (position, column.kind) {
            (0, _) => format!("{} INTEGER PRIMARY KEY", column.name),
            (_, Kind::Integer) => format!("{} INTEGER", column.name),
            (_, Kind::Text | Kind::Json) => format!("{} TEXT", column.name),
        })
        .collect::<Vec<_>>()
        .join(", ");
    // A shop's table is there from the second run on; a short-lived one must not be.
    let unless = if relation.is_permanent() { "IF NOT EXISTS " } else { "" };
    let _ = writeln!(sql, "CREATE TABLE {unless}{} ({columns});", relation.name);
    let columns: Vec<_> = relation.shape.columns().iter().map(|column| column.name).collect();
    for op in Op::ROWS {
        trigger_ddl(sql, &relation.name, (op, op), &columns, &relation.id.to_string());
    }
}

/// A table comes with its row of the catalogue and goes with it.
fn catalogue_ddl(sql: &mut String) {
    for (op, logged, id) in [(Op::Insert, Op::Create, "NEW.id"), (Op::Delete, Op::Drop, "OLD.id")] {
        trigger_ddl(sql, "relations", (op, logged), &["id", "name", "shape"], id);
    }
}

/// One trigger: the log row is written by whoever changes the row, in the same transaction. `op` is what fires it, and
/// what it logs.
fn trigger_ddl(sql: &mut String, table: &str, op: (Op, Op), columns: &[&str], table_id: &str) {
    let image = |row: &str| {
        let pairs = columns.iter().map(|column| format!("'{column}', {row}.{column}"));
        format!("json_object({})", pairs.collect::<Vec<_>>().join(", "))
    };
    let none = || String::from("NULL");
    let (op, logged) = op;
    let (key, old, new) = match op {
        Op::Insert | Op::Create => ("NEW.id", none(), image("NEW")),
        Op::Update => ("OLD.id", image("OLD"), image("NEW")),
        Op::Delete | Op::Drop => ("OLD.id", image("OLD"), none()),
    };
    let (op, op_code) = (op.name(), logged.index());
    let _ = writeln!(
        sql,
        "CREATE TRIGGER IF NOT EXISTS {table}_capture_{op} AFTER {op} ON {table} BEGIN
             INSERT INTO change_log (table_id, op, row_key, captured_at_ms, old_row, new_row)
             VALUES ({table_id}, {op_code}, {key}, CAST(unixepoch('subsec') * 1000 AS INTEGER), {old}, {new});
         END;"
    );
}

#[cfg(test)]
mod tests {
    use super::super::{Change, Tail, head, prune};
    use super::*;

    fn tailed(tail: &mut Tail) -> Vec<Change> {
        let mut changes = Vec::new();
        tail.read(100, |change| changes.push(change)).expect("the log is readable");
        changes
    }

    #[test]
    fn a_commit_logs_both_images_and_a_rollback_logs_nothing() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("source.db");
        let mut conn = open(&path).expect("a new database opens");
        let mut tail = Tail::open(&path, 0, Relations::shop()).expect("a tail opens");

        conn.execute("INSERT INTO inventory VALUES (7, 10, 0)", []).expect("insert");
        let undone = conn.transaction().expect("a transaction starts");
        undone.execute("INSERT INTO inventory VALUES (8, 1, 1)", []).expect("insert");
        undone.execute("UPDATE inventory SET on_hand = 99 WHERE id = 7", []).expect("update");
        undone.rollback().expect("rollback");
        conn.execute("UPDATE inventory SET reserved = 2 WHERE id = 7", []).expect("update");
        conn.execute("DELETE FROM inventory WHERE id = 7", []).expect("delete");

        let changes = tailed(&mut tail);
        let seen: Vec<_> = changes.iter().map(|c| (c.lsn, c.op, c.key, c.old.as_deref(), c.new.as_deref())).collect();
        let first = r#"{"id":7,"on_hand":10,"reserved":0}"#;
        let second = r#"{"id":7,"on_hand":10,"reserved":2}"#;
        assert_eq!(
            seen,
            [
                (1, Op::Insert, 7, None, Some(first)),
                (2, Op::Update, 7, Some(first), Some(second)),
                (3, Op::Delete, 7, Some(second), None),
            ]
        );
        assert!(changes.iter().all(|change| &*change.relation.name == "inventory" && change.captured_at_ms > 0));
        assert_eq!(head(&conn).expect("head"), 3);
    }

    #[test]
    fn a_table_that_comes_and_goes_is_in_the_log_with_its_rows() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("source.db");
        let mut conn = open(&path).expect("a new database opens");
        let mut tail = Tail::open(&path, 0, Relations::shop()).expect("a tail opens");
        let relation = |name: &str| Relation { id: 9, name: name.into(), shape: Table::Inventory };

        // The second table has the id of the first, and in the end neither is left.
        for name in ["staging_a", "staging_b"] {
            let tx = conn.transaction().expect("a transaction starts");
            create_table(&tx, &relation(name)).expect("nothing is in the way");
            tx.execute(&format!("INSERT INTO {name} VALUES (1, 2, 3)"), []).expect("insert");
            drop_table(&tx, &relation(name)).expect("it is there");
            tx.commit().expect("commit");
        }
        let undone = conn.transaction().expect("a transaction starts");
        create_table(&undone, &relation("staging_c")).expect("nothing is in the way");
        undone.rollback().expect("rollback");

        let changes = tailed(&mut tail);
        let seen: Vec<_> = changes.iter().map(|c| (c.op, &*c.relation.name, c.relation.shape)).collect();
        let of = |name| [Op::Create, Op::Insert, Op::Drop].map(|op| (op, name, Table::Inventory));
        assert_eq!(seen, [of("staging_a"), of("staging_b")].concat());
        assert_eq!(catalogue(&conn).expect("catalogue").len(), Table::ALL.len());
        assert_eq!(head(&conn).expect("head"), 6);
    }

    #[test]
    fn pruning_keeps_the_sequence_and_a_tail_behind_it_fails() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("source.db");
        let conn = open(&path).expect("a new database opens");
        for id in 0..10 {
            conn.execute("INSERT INTO inventory VALUES (?1, 1, 0)", [id]).expect("insert");
        }
        assert_eq!(prune(&conn, 6, 4).expect("prune"), 4);
        assert_eq!(prune(&conn, 6, 4).expect("prune"), 2);
        assert_eq!(prune(&conn, 6, 4).expect("prune"), 0);
        assert_eq!(head(&conn).expect("head"), 10);
        let mut tail = Tail::open(&path, 6, Relations::shop()).expect("a tail opens");
        assert_eq!(tailed(&mut tail).first().map(|change| change.lsn), Some(7));
        let mut behind = Tail::open(&path, 3, Relations::shop()).expect("a tail opens");
        let error = behind.read(100, |_| {}).expect_err("the log has a hole");
        assert!(matches!(error, Error::LogGap { expected: 4, found: 7 }), "{error}");
    }
}
