//! The transform stage: what the replica holds instead of what the source held.
//!
//! Every rule is a pure function of the source row, so that verification can apply it to the source again.

use super::envelope::{ErrorKind, Rejection};
use crate::feed::{Change, Datum, Row, Table};

/// A change with typed rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The row before the change.
    pub old: Option<Row>,
    /// The row after the change.
    pub new: Option<Row>,
}

/// Transforms the new row of a change. The old one stays as it was: only its key and its region are used from here on.
///
/// # Errors
/// As [`transform_row`].
pub fn transform(change: &Change, decoded: Decoded) -> Result<Decoded, Rejection> {
    let Decoded { old, new } = decoded;
    Ok(Decoded { old, new: new.map(|row| transform_row(change.relation.shape, row)).transpose()? })
}

/// The row of a table of this shape as the replica holds it: emails masked, amounts in minor units, order lines with their total.
///
/// # Errors
/// A [`Rejection`] of the kinds of [`Stage::Transform`](super::Stage::Transform).
pub fn transform_row(shape: Table, mut row: Row) -> Result<Row, Rejection> {
    match shape {
        Table::Customers => {
            if let Some(email) = row[1].as_text() {
                row[1] = mask(email).into();
            }
        }
        Table::Payments => {
            let (amount, currency) = (row[2].as_text().unwrap_or(""), row[3].as_text().unwrap_or(""));
            row[2] = minor_units(amount, currency)?.into();
        }
        Table::OrderItems => {
            let total = row[3].as_integer().zip(row[4].as_integer()).and_then(|(n, unit)| n.checked_mul(unit));
            row.push(total.map_or(Datum::Null, Datum::Integer));
        }
        Table::Addresses
        | Table::Products
        | Table::Inventory
        | Table::Orders
        | Table::Shipments
        | Table::Notifications => {}
    }
    Ok(row)
}

/// Keeps the first character and the domain: enough to count customers by provider, too little to write to one.
fn mask(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().map_or(String::new(), String::from);
            format!("{first}***@{domain}")
        }
        None => String::from("***"),
    }
}

/// The amount in the smallest unit of its currency (ISO 4217 gives the yen none and the dinar three decimals).
fn minor_units(amount: &str, currency: &str) -> Result<i64, Rejection> {
    let decimals = match currency {
        "EUR" | "USD" => 2,
        "JPY" => 0,
        "KWD" => 3,
        _ => return Err(Rejection::new(ErrorKind::UnknownCurrency, format!("currency {currency:?}"))),
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = !whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() == decimals;
    well_formed
        .then(|| format!("{whole}{fraction}").parse().ok())
        .flatten()
        .ok_or_else(|| Rejection::new(ErrorKind::BadAmount, format!("amount {amount:?} in {currency}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_masked() {
        assert_eq!(mask("ada.7@example.org"), "a***@example.org");
        assert_eq!(mask("ö@example.org"), "ö***@example.org");
        assert_eq!(mask("@example.org"), "***@example.org");
        assert_eq!(mask("nobody"), "***");
    }

    #[test]
    fn amounts_come_out_in_minor_units() {
        assert_eq!(minor_units("19.90", "EUR"), Ok(1990));
        assert_eq!(minor_units("1990", "JPY"), Ok(1990));
        assert_eq!(minor_units("1.990", "KWD"), Ok(1990));
        for amount in ["12,5O", "12.5", "12.500", "", ".50", "-1.00", "99999999999999999999.00", "1٣.00"] {
            assert_eq!(minor_units(amount, "EUR").expect_err(amount).kind, ErrorKind::BadAmount);
        }
        assert_eq!(minor_units("1.00", "ZZZ").expect_err("no such currency").kind, ErrorKind::UnknownCurrency);
    }

    #[test]
    fn order_lines_get_their_total() {
        let line = vec![1.into(), 2.into(), 3.into(), 4.into(), 250.into()];
        let row = transform_row(Table::OrderItems, line).expect("always well formed");
        assert_eq!(row.last(), Some(&Datum::Integer(1000)));
    }
}
