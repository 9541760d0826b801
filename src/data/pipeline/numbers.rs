//! Identity, tax, company and account numbers given one by one: which of them check.

use serde_json::{Map, Value};

use crate::data::pii::ids;
use crate::data::record::Record;

/// The line of a record whose text is a number: the fields it came with, and `valid`. Null where
/// no scheme of that name is known; without a `scheme` all of the country are tried, and
/// `schemes` names those under which it checks.
pub(super) fn checked(record: Record) -> String {
    let number = record.text;
    let mut fields = Map::new();
    for (key, value) in record.fields {
        match key.as_str() {
            "text" => fields.insert("number".into(), number.as_str().into()),
            _ => fields.insert(key, value),
        };
    }
    let said = |key: &str| fields.get(key).and_then(Value::as_str);
    let country = said("country").unwrap_or_default().to_ascii_lowercase();
    let valid = match said("scheme") {
        Some(scheme) => ids::validate(&country, scheme, &number),
        None => {
            let own = ids::schemes().filter(|scheme| scheme.country == country);
            let iban = ids::validate(&country, "iban", &number);
            let known = own.clone().next().is_some() || iban.is_some();
            let of_iban = iban == Some(true);
            let names = own
                .filter(|scheme| scheme.normal(&number).is_some())
                .map(|scheme| scheme.name)
                .chain(of_iban.then_some("iban"));
            let names: Vec<&str> = names.collect();
            let valid = known.then_some(!names.is_empty());
            fields.insert("schemes".into(), names.into());
            valid
        }
    };
    fields.insert("valid".into(), valid.into());
    format!("{}\n", Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::record::Source;

    fn told(line: &str) -> Value {
        let fields = serde_json::from_str::<Map<String, Value>>(line).unwrap();
        let source = Source {
            path: "numbers.jsonl".into(),
            line: 1,
            offset: 0,
            size: 0,
        };
        let record = Record::from_fields(fields, "number", source).unwrap();
        serde_json::from_str(&checked(record)).unwrap()
    }

    #[test]
    fn numbers_are_checked_by_their_scheme_or_by_all_of_their_country() {
        let line = r#"{"country":"DK","scheme":"cvr","number":"DK 13585628","note":[1]}"#;
        let mut expected: Value = serde_json::from_str(line).unwrap();
        expected["valid"] = true.into();
        assert_eq!(told(line), expected);
        for (line, valid) in [
            (
                r#"{"country":"dk","scheme":"cvr","number":"13585629"}"#,
                Some(false),
            ),
            (
                r#"{"country":"dk","scheme":"none","number":"13585628"}"#,
                None,
            ),
            (r#"{"scheme":"cvr","number":"13585628"}"#, None),
            (
                r#"{"country":"de","scheme":"iban","number":"DE89370400440532013000"}"#,
                Some(true),
            ),
            (r#"{"country":"xx","number":"1"}"#, None),
        ] {
            assert_eq!(told(line)["valid"], Value::from(valid), "{line}");
        }
        let told = told(r#"{"country":"hr","number":"HR33392005961"}"#);
        assert_eq!(
            (&told["valid"], &told["schemes"][0]),
            (&true.into(), &"oib".into())
        );
    }
}
