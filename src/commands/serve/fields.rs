//! Members of a JSON object, read by name: what is wrong with one says which. `null` is as good
//! as absent, since clients send it for what they leave open.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::refusal::{Refusal, Result};

/// An object and what it is called in complaints, if it is a member itself.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    of: &'a Map<String, Value>,
    within: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// The members of a request.
    ///
    /// # Errors
    /// When it is no object.
    pub(super) fn of(value: &'a Value) -> Result<Self> {
        match value {
            Value::Object(of) => Ok(Fields { of, within: None }),
            other => Err(Refusal::bad(format!(
                "the request is {}, not an object",
                kind(other)
            ))),
        }
    }

    /// The member of this name, where there is one.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.of.get(name).filter(|value| !value.is_null())
    }

    /// The name of a member as the client knows it: `stream_options.include_usage`.
    fn path(&self, name: &str) -> String {
        match self.within {
            Some(within) => format!("{within}.{name}"),
            None => name.into(),
        }
    }

    /// A complaint about a member.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Refusal {
        let path = self.path(name);
        Refusal::bad(format!("{path} {what}")).param(path)
    }

    fn is_no(&self, name: &str, wanted: &str, value: &Value) -> Refusal {
        self.wrong(name, &format!("is {}, not {wanted}", kind(value)))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str();
        text.map(Some)
            .ok_or_else(|| self.is_no(name, "a string", value))
    }

    /// True or false; false where it is left open.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.is_no(name, "a boolean", other)),
        }
    }

    /// A number within bounds.
    pub(super) fn number(&self, name: &str, within: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value
            .as_f64()
            .ok_or_else(|| self.is_no(name, "a number", value))?;
        if !within.contains(&number) {
            let (least, most) = (within.start(), within.end());
            let what = format!("is {number}, not from {least} to {most}");
            return Err(self.wrong(name, &what));
        }
        Ok(Some(number))
    }

    /// A whole number within bounds.
    pub(super) fn count(&self, name: &str, within: RangeInclusive<u64>) -> Result<Option<usize>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if !value.is_number() {
            return Err(self.is_no(name, "a whole number", value));
        }
        let (least, most) = (within.start(), within.end());
        let count = value.as_u64().filter(|n| within.contains(n));
        match count.and_then(|n| usize::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => {
                let what = match *most {
                    u64::MAX => format!("is {value}, not a whole number from {least}"),
                    most => format!("is {value}, not a whole number from {least} to {most}"),
                };
                Err(self.wrong(name, &what))
            }
        }
    }

    /// An object.
    pub(super) fn object(&self, name: &'a str) -> Result<Option<Fields<'a>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(of)) => Ok(Some(Fields {
                of,
                within: Some(name),
            })),
            Some(other) => Err(self.is_no(name, "an object", other)),
        }
    }

    /// A list.
    pub(super) fn list(&self, name: &str) -> Result<Option<&'a [Value]>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.is_no(name, "an array", other)),
        }
    }

    /// A text, or a list of some.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
            Some(Value::Array(list)) => {
                let text = |value: &Value| match value {
                    Value::String(text) => Ok(text.clone()),
                    other => Err(self.wrong(name, &format!("has {} in its array", kind(other)))),
                };
                list.iter().map(text).collect::<Result<_>>().map(Some)
            }
            Some(other) => Err(self.is_no(name, "a string or an array of strings", other)),
        }
    }

    /// The object itself.
    pub(super) fn map(&self) -> &'a Map<String, Value> {
        self.of
    }
}

/// What a value is, for complaints.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_named() {
        let value = json!({
            "n": 1.5, "t": "x", "deep": {"flag": 1}, "list": ["a", 2], "null": null, "far": 3.0
        });
        let fields = Fields::of(&value).unwrap();
        let deep = fields.object("deep").unwrap().unwrap();
        let told = |refusal: Refusal| {
            let body = refusal.body();
            let text = |name: &str| body["error"][name].as_str().unwrap().to_string();
            (text("param"), text("message"))
        };
        for (refusal, param, message) in [
            (
                fields.count("n", 0..=9).unwrap_err(),
                "n",
                "n is 1.5, not a whole number from 0 to 9",
            ),
            (
                fields.number("far", 0.0..=2.0).unwrap_err(),
                "far",
                "far is 3, not from 0 to 2",
            ),
            (
                fields.number("t", 0.0..=2.0).unwrap_err(),
                "t",
                "t is a string, not a number",
            ),
            (
                deep.flag("flag").unwrap_err(),
                "deep.flag",
                "deep.flag is a number, not a boolean",
            ),
            (
                fields.texts("list").unwrap_err(),
                "list",
                "list has a number in its array",
            ),
        ] {
            assert_eq!(told(refusal), (param.into(), message.into()));
        }
        assert_eq!(fields.count("null", 0..=9), Ok(None));
        assert_eq!(fields.texts("t"), Ok(Some(vec!["x".into()])));
        assert!(Fields::of(&json!([1])).is_err());
    }
}
