//! The decode stage: row images from JSON to typed rows.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};

use super::envelope::{ErrorKind, Rejection};
use super::transform::Decoded;
use crate::feed::{Change, Column, Datum, Kind, Op, Row, Table};

/// Parses both images of a change and checks them against the table's columns.
///
/// # Errors
/// A [`Rejection`] of the kinds of [`Stage::Decode`](super::Stage::Decode).
pub fn decode(change: &Change) -> Result<Decoded, Rejection> {
    let shape = change.relation.shape;
    match (change.op, change.old.as_deref(), change.new.as_deref()) {
        (Op::Insert, None, Some(new)) => Ok(Decoded { old: None, new: Some(row(shape, new)?) }),
        (Op::Delete, Some(old), None) => Ok(Decoded { old: Some(row(shape, old)?), new: None }),
        (Op::Update, Some(old), Some(new)) => {
            let (old, new) = (row(shape, old)?, row(shape, new)?);
            if old[0] != new[0] {
                return Err(Rejection::new(ErrorKind::MalformedImage, "the primary key changes"));
            }
            Ok(Decoded { old: Some(old), new: Some(new) })
        }
        // The tail has read the images of these: it could not go on without.
        (Op::Create | Op::Drop, ..) => Ok(Decoded { old: None, new: None }),
        _ => Err(Rejection::new(ErrorKind::MalformedImage, "the images do not suit the operation")),
    }
}

fn row(table: Table, image: &str) -> Result<Row, Rejection> {
    let columns = table.columns();
    let mut json = serde_json::Deserializer::from_str(image);
    let row = json
        .deserialize_map(RowVisitor { columns })
        .and_then(|row| json.end().map(|()| row))
        .map_err(|error| Rejection::new(ErrorKind::MalformedImage, error.to_string()))?;
    check_row(table, &row)?;
    Ok(row)
}

/// Checks that every column of a row holds what it is declared to hold.
///
/// # Errors
/// A [`Rejection`] of kind [`ErrorKind::TypeMismatch`] or [`ErrorKind::MalformedJson`].
pub fn check_row(table: Table, row: &Row) -> Result<(), Rejection> {
    table.columns().iter().zip(row).try_for_each(|(column, datum)| check(*column, datum))
}

fn check(column: Column, datum: &Datum) -> Result<(), Rejection> {
    match (column.kind, datum) {
        (Kind::Integer, Datum::Integer(_)) | (Kind::Text, Datum::Text(_)) => Ok(()),
        (Kind::Json, Datum::Text(text)) => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(Rejection::new(ErrorKind::MalformedJson, format!("{}: {error}", column.name))),
        },
        (kind, datum) => {
            Err(Rejection::new(ErrorKind::TypeMismatch, format!("{}: expected {kind:?}, found {datum:?}", column.name)))
        }
    }
}

/// Reads a row image whose columns stand in table order, as the triggers write them, straight into a row.
struct RowVisitor {
    columns: &'static [Column],
}

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row image")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row::with_capacity(self.columns.len());
        for column in self.columns {
            match map.next_key::<&str>()? {
                Some(name) if name == column.name => row.push(map.next_value::<JsonDatum>()?.0),
                Some(name) => return Err(A::Error::custom(format_args!("column {name} instead of {}", column.name))),
                None => return Err(A::Error::missing_field(column.name)),
            }
        }
        match map.next_key::<&str>()? {
            None => Ok(row),
            Some(name) => Err(A::Error::custom(format_args!("unexpected column {name}"))),
        }
    }
}

struct JsonDatum(Datum);

impl<'de> serde::Deserialize<'de> for JsonDatum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DatumVisitor).map(Self)
    }
}

struct DatumVisitor;

impl Visitor<'_> for DatumVisitor {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SQL value")
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Datum, E> {
        i64::try_from(value).map(Datum::Integer).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Real(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Datum, E> {
        Ok(Datum::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Relation;

    fn insert(table: Table, new: &str) -> Result<Decoded, Rejection> {
        let new = Some(new.into());
        let relation = Relation::shop(table);
        decode(&Change { lsn: 1, relation, op: Op::Insert, key: 1, captured_at_ms: 0, old: None, new })
    }

    fn kind(table: Table, new: &str) -> ErrorKind {
        insert(table, new).expect_err("the image is refused").kind
    }

    #[test]
    fn a_well_formed_image_becomes_a_row() {
        let decoded = insert(Table::Inventory, r#"{"id":7,"on_hand":-3,"reserved":9223372036854775807}"#);
        let row = decoded.expect("well formed").new.expect("an insert has a new image");
        assert_eq!(row, [7.into(), (-3).into(), i64::MAX.into()]);
    }

    #[test]
    fn text_is_unescaped() {
        let image =
            r#"{"id":1,"email":"a\"b\\c@example.org","full_name":"Zo\u00eb","country":"DE","loyalty_points":0}"#;
        let row = insert(Table::Customers, image).expect("well formed").new.expect("an insert has a new image");
        assert_eq!((row[1].as_text(), row[2].as_text()), (Some("a\"b\\c@example.org"), Some("Zoë")));
    }

    #[test]
    fn each_flaw_has_its_kind() {
        let order = |customer: &str| {
            format!(r#"{{"id":1,"customer_id":{customer},"region":"eu","status":"","placed_at_ms":0,"note":""}}"#)
        };
        assert!(insert(Table::Orders, &order("1")).is_ok());
        assert_eq!(kind(Table::Orders, &order("\"guest\"")), ErrorKind::TypeMismatch);
        assert_eq!(kind(Table::Orders, &order("null")), ErrorKind::TypeMismatch);
        assert_eq!(kind(Table::Orders, &order("1.5")), ErrorKind::TypeMismatch);
        let payload = r#"{"id":1,"order_id":1,"channel":"","payload":"{\"event\":"}"#;
        assert_eq!(kind(Table::Notifications, payload), ErrorKind::MalformedJson);
        for image in [
            r#"{"id":7,"on_hand":1}"#,
            r#"{"id":7,"on_hand":1,"reserved":2,"more":3}"#,
            r#"{"id":7,"reserved":1,"on_hand":2}"#,
            r#"{"id":7,"on_hand":1,"reserved":2}x"#,
            r#"{"id":7,"on_hand":[],"reserved":2}"#,
            "[7,1,2]",
            "",
        ] {
            assert_eq!(kind(Table::Inventory, image), ErrorKind::MalformedImage, "{image}");
        }
    }
}
