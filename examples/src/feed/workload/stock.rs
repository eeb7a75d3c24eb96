//! The catalogue that has to be there before the first order.

use rusqlite::Connection;

use super::WriteGate;
use crate::Error;

/// How many products the shop sells.
pub(super) const PRODUCTS: i64 = 100;

/// Inserts the products that are missing with their stock, in one transaction, and returns the head of the log after it.
///
/// # Errors
/// What SQLite says.
pub fn stock(conn: &mut Connection, gate: &WriteGate) -> Result<u64, Error> {
    let mut entry = gate.enter();
    let mut rows = 0;
    let tx = conn.transaction()?;
    for id in 1..=PRODUCTS {
        if rows + 2 > entry.room() {
            break;
        }
        let (sku, title) = (format!("SKU-{id:04}"), format!("Product number {id}"));
        rows += tx.prepare_cached("INSERT OR IGNORE INTO products VALUES (?1, ?2, ?3, ?4)")?.execute((
            id,
            sku,
            title,
            199 + id * 50,
        ))? as u64;
        rows += tx.prepare_cached("INSERT OR IGNORE INTO inventory VALUES (?1, 1000, 0)")?.execute([id])? as u64;
    }
    tx.commit()?;
    Ok(entry.committed(rows))
}
