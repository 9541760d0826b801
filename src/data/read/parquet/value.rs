//! Cells to JSON.

use parquet::record::{Field, Row};
use serde_json::{Map, Number, Value};

/// Groups in one another that are followed.
const MAX_DEPTH: usize = 64;

/// The columns of a row in their order.
pub(super) fn fields(row: &Row) -> Map<String, Value> {
    row.get_column_iter()
        .map(|(name, cell)| (name.clone(), value(cell, MAX_DEPTH)))
        .collect()
}

fn value(cell: &Field, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    match cell {
        Field::Null => Value::Null,
        Field::Bool(x) => (*x).into(),
        Field::Byte(x) => (*x).into(),
        Field::Short(x) => (*x).into(),
        Field::Int(x) | Field::TimeMillis(x) => (*x).into(),
        Field::Long(x) | Field::TimeMicros(x) => (*x).into(),
        Field::UByte(x) => (*x).into(),
        Field::UShort(x) => (*x).into(),
        Field::UInt(x) => (*x).into(),
        Field::ULong(x) => (*x).into(),
        Field::Float16(x) => number(f64::from(*x)),
        // As written, not as the nearest double: 0.9 and not 0.8999999761581421.
        Field::Float(x) => number(x.to_string().parse().unwrap_or(f64::from(*x))),
        Field::Double(x) => number(*x),
        Field::Str(x) => x.as_str().into(),
        Field::Bytes(x) => match std::str::from_utf8(x.data()) {
            Ok(text) => text.into(),
            Err(_) => crate::disk::hex(x.data()).into(),
        },
        Field::Date(days) => date(i64::from(*days)).into(),
        Field::TimestampMillis(ms) => timestamp(*ms, 1000).into(),
        Field::TimestampMicros(us) => timestamp(*us, 1_000_000).into(),
        Field::Decimal(_) => cell.to_string().into(),
        Field::Group(row) => Value::Object(
            row.get_column_iter()
                .map(|(name, cell)| (name.clone(), value(cell, depth - 1)))
                .collect(),
        ),
        Field::ListInternal(list) => {
            let elements = list.elements().iter();
            Value::Array(elements.map(|cell| value(cell, depth - 1)).collect())
        }
        Field::MapInternal(map) => Value::Object(
            map.entries()
                .iter()
                .map(|(key, cell)| {
                    let key = match value(key, depth - 1) {
                        Value::String(key) => key,
                        key => key.to_string(),
                    };
                    (key, value(cell, depth - 1))
                })
                .collect(),
        ),
    }
}

/// JSON has no infinities.
fn number(x: f64) -> Value {
    Number::from_f64(x).map_or(Value::Null, Value::Number)
}

/// Days since 1970 as `2024-05-18`, in the Gregorian calendar whatever the year.
fn date(days: i64) -> String {
    // Years begin in March here, so that the odd day is the last of its year; 400 of them are an era.
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A count since 1970 as `2024-05-18T05:51:00Z`, with the fraction it has.
fn timestamp(count: i64, per_second: i64) -> String {
    let (seconds, fraction) = (count.div_euclid(per_second), count.rem_euclid(per_second));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let width = per_second.ilog10() as usize;
    let fraction = match fraction {
        0 => String::new(),
        part => format!(".{part:0width$}"),
    };
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}{fraction}Z",
        date(days)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_seconds_are_dates() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (19_861, "2024-05-18"),
            (-719_468, "0000-03-01"),
        ] {
            assert_eq!(date(days), text);
        }
        assert_eq!(timestamp(1_716_011_460_000, 1000), "2024-05-18T05:51:00Z");
        assert_eq!(timestamp(-1, 1_000_000), "1969-12-31T23:59:59.999999Z");
        date(i64::MAX);
        timestamp(i64::MIN, 1000);
    }
}
