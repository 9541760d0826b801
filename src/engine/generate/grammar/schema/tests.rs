//! Texts that schemas accept and refuse.

use super::super::Grammar;
use super::super::tests::check;

pub(in super::super) fn schema(text: &str) -> Grammar {
    Grammar::of_json_schema(text, "schema").unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub(in super::super) const PERSON: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Person", "type": "object",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 8},
    "age": {"type": "integer", "minimum": 0, "maximum": 150},
    "tags": {"type": "array", "items": {"enum": ["a", "b\"c"]}, "maxItems": 2},
    "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}
  },
  "required": ["name", "age"]
}"##;

#[test]
fn a_schema_accepts_what_it_says() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "{}",
            &[
                "{}",
                "[]",
                "null",
                "-1.5e3",
                "\"\\u00e9\\ud83d\\ude00\"",
                "{\"a\": [1, {\"b\":[]}]}",
            ],
            &[
                "",
                "nul",
                "01",
                "1.",
                "\"\\ud83d\"",
                "\"\\q\"",
                "\"\n\"",
                "[1,]",
                "{\"a\"}",
                "1 2",
            ],
        ),
        (
            PERSON,
            &[
                r#"{"name": "Zoë", "age": 7}"#,
                r#"{"name":"A","age":150,"tags":["a", "b\"c"]}"#,
                "{\n  \"name\": \"A\",\n  \"age\": 0,\n  \"next\": {\"name\":\"B\",\"age\":1}\n}",
                r#"{"name": "A", "age": 1, "next": null}"#,
            ],
            &[
                "{}",
                r#"{"name": "", "age": 7}"#,
                r#"{"name": "123456789", "age": 7}"#,
                r#"{"name": "A", "age": 151}"#,
                r#"{"name": "A", "age": 07}"#,
                r#"{"name": "A"}"#,
                r#"{"age": 1, "name": "A"}"#,
                r#"{"name": "A", "age": 1,}"#,
                r#"{"name": "A", "age": 1, "tags": ["a","a","a"]}"#,
                r#"{"name": "A", "age": 1, "more": 1}"#,
            ],
        ),
        (
            r#"{"properties": {"a": {"type":"boolean"}, "ab": {"const": 1}}, "additionalProperties": {"type": "null"}}"#,
            &[
                "{}",
                r#"{"a":true}"#,
                r#"{"ab":1,"abc":null}"#,
                r#"{"b":null,"c\n":null}"#,
                r#"{"":null}"#,
            ],
            &[
                r#"{"a":null}"#,
                r#"{"ab":null}"#,
                r#"{"x":1}"#,
                r#"{"a":true,"ab":null}"#,
                r#"{"\u0061":null}"#,
                r#"{"\n":null}"#,
            ],
        ),
        (
            r#"{"type":"object","additionalProperties":{"type":"integer"}}"#,
            &["{}", r#"{"a":1,"b":-2}"#],
            &[r#"{"a":1.5}"#],
        ),
        (
            r#"{"required": ["x"]}"#,
            &[r#"{"x":[]}"#, r#"{"x":1}"#],
            &["{}"],
        ),
        (
            r#"{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}"#,
            &["[1,2]", "[1, 2,\n3]"],
            &["[1]", "[]", "[1,2,3,4]", "[1 2]"],
        ),
        (r#"{"type":"array","maxItems":0}"#, &["[]"], &["[1]"]),
        (
            r#"{"prefixItems":[{"type":"null"},{"const":"x"}]}"#,
            &["[null,\"x\"]"],
            &["[]", "[null,\"x\",1]"],
        ),
        (
            r#"{"prefixItems":[{"type":"null"}],"items":{"type":"boolean"},"maxItems":2}"#,
            &["[null]", "[null,true]"],
            &["[null,true,true]"],
        ),
        (
            r#"{"enum":["a",1,null,[1,2]]}"#,
            &["\"a\"", "1", "null", "[1,2]"],
            &["2", "\"b\""],
        ),
        (r#"{"enum":["a",1],"type":"integer"}"#, &["1"], &["\"a\""]),
        (
            r#"{"type":["string","null"],"maxLength":1}"#,
            &["null", "\"x\"", "\"\\n\""],
            &["1", "\"xy\""],
        ),
        (
            r#"{"type":"number"}"#,
            &["0", "-1", "2.50", "1e10", "-0.1E-7"],
            &["+1", ".5", "1e", "00"],
        ),
        (
            r#"{"type":"integer"}"#,
            &["0", "-1", "1234567890"],
            &["-0", "1.0", "01"],
        ),
        (
            r#"{"type":"integer","minimum":-12,"exclusiveMaximum":4}"#,
            &["-12", "-9", "-1", "0", "3"],
            &["-13", "4", "-20", "-0", "10"],
        ),
        (
            r#"{"type":"integer","minimum":97}"#,
            &["97", "100", "123456"],
            &["96", "9", "0", "-97"],
        ),
        (
            r#"{"type":"integer","exclusiveMinimum":1.5,"maximum":1234.5}"#,
            &["2", "9", "10", "999", "1000", "1199", "1234"],
            &["1", "1235", "1300", "2000", "0"],
        ),
        (
            r#"{"type":"integer","maximum":-5}"#,
            &["-5", "-6", "-10", "-99"],
            &["-4", "0", "5", "-1"],
        ),
        (
            r#"{"format":"date"}"#,
            &["\"2026-02-28\"", "\"1999-12-31\""],
            &["\"2026-02-30\"", "\"2026-13-01\"", "\"26-01-01\""],
        ),
        (
            r#"{"type":"string","format":"date-time"}"#,
            &[
                "\"2026-02-28T23:59:59Z\"",
                "\"2026-02-28T00:00:00.5+02:00\"",
            ],
            &["\"2026-02-28\"", "\"2026-02-28T24:00:00Z\""],
        ),
        (
            r#"{"type":"string","format":"uuid"}"#,
            &["\"123e4567-e89b-12d3-a456-426614174000\""],
            &["\"123e4567\""],
        ),
        (
            r#"{"pattern":"^[a-z]{2,3}-\\d+$"}"#,
            &["\"ab-1\"", "\"abc-99\""],
            &["\"a-1\"", "\"ab-\"", "\"xxab-1\""],
        ),
        (
            r#"{"pattern":"ab|^c"}"#,
            &["\"xxabyy\"", "\"ab\"", "\"cab\"", "\"c!\""],
            &["\"xc\"", "\"ba\""],
        ),
        (
            r#"{"pattern":"^(?:\"|\\\\|\\n|[é-ë])$"}"#,
            &["\"\\\"\"", "\"\\\\\"", "\"\\n\"", "\"ê\""],
            &["\"n\"", "\"\"\""],
        ),
        (
            r#"{"pattern":"^\\w+?\\.\\S$"}"#,
            &["\"a_1.x\"", "\"a.é\""],
            &["\"a. \"", "\"é.x\""],
        ),
        (
            r#"{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}}}]}"#,
            &[r#"{"a":1}"#, r#"{"a":1,"b":null}"#],
            &["{}", r#"{"b":null}"#],
        ),
        (
            r##"{"$ref":"#/$defs/x","minimum":3,"$defs":{"x":{"type":"integer","maximum":5}}}"##,
            &["3", "5"],
            &["2", "6"],
        ),
        (
            r##"{"$ref":"#/$defs/t","$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"}}}}"##,
            &["[]", "[[],[[]]]"],
            &["[1]", "[[]"],
        ),
        (
            r#"{"type":"object","properties":{"k":{"type":"string"}},"required":["k"],
             "oneOf":[{"properties":{"n":{"const":1}}},{"properties":{"n":{"const":2}}}]}"#,
            &[r#"{"k":"","n":2}"#, r#"{"k":""}"#],
            &[r#"{"n":1}"#, r#"{"k":"","n":3}"#],
        ),
        ("true", &["1"], &[""]),
    ];
    for (text, accepted, refused) in cases {
        check(&schema(text), text, accepted, refused);
    }
}

/// Texts, and whether jsonschema holds them to be valid.
#[derive(serde::Deserialize)]
struct Judged {
    schema: String,
    valid: Vec<String>,
    invalid: Vec<String>,
}

#[test]
fn nothing_that_jsonschema_holds_invalid_can_be_written() {
    let golden = include_str!("../../../../../tests/golden/schemas_jsonschema.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let cases: Vec<Judged> = serde_json::from_value(golden["cases"].clone()).unwrap();
    let (mut n_written, mut n_valid) = (0, 0);
    for case in cases {
        let grammar = schema(&case.schema);
        for text in &case.invalid {
            assert!(
                !grammar.matches(text).unwrap(),
                "{} and {text}",
                case.schema
            );
        }
        let written = case
            .valid
            .iter()
            .filter(|text| grammar.matches(text).unwrap());
        let written = written.count();
        assert!(written > 0, "{}: none of {:?}", case.schema, case.valid);
        n_written += written;
        n_valid += case.valid.len();
    }
    // The others have members in another order, or some that the schema does not speak of.
    assert!(
        n_written * 5 > n_valid * 4,
        "{n_written} of {n_valid} valid texts can be written"
    );
}

#[test]
fn what_a_schema_asks_for_and_is_not_understood_is_named() {
    let deep = format!("{}{}{}", "{\"items\":".repeat(110), "{}", "}".repeat(110));
    let cases = [
        (
            "{",
            "schema: not JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("[]", "schema: #: a schema is an object, `true` or `false`"),
        ("false", "schema: #: `false` allows nothing"),
        (r#"{"not":{}}"#, "schema: #: `not` is not understood"),
        (
            r#"{"properties":{"a":{"multipleOf":3}}}"#,
            "schema: #/properties/a: `multipleOf` is not understood",
        ),
        (
            r#"{"type":"number","minimum":0}"#,
            "schema: #: `minimum` is understood of integers only",
        ),
        (
            r#"{"type":"thing"}"#,
            "schema: #: type \"thing\" is not known",
        ),
        (
            r#"{"format":"email"}"#,
            "schema: #: `format` \"email\" is not understood",
        ),
        (
            r#"{"pattern":"(?=a)"}"#,
            "schema: #: `pattern` \"(?=a)\" is not understood at character 1",
        ),
        (
            r#"{"pattern":"a\\1"}"#,
            "schema: #: `pattern` \"a\\\\1\" is not understood at character 1",
        ),
        (
            r#"{"pattern":"a","maxLength":3}"#,
            "schema: #: a length is not understood beside `pattern` or `format`",
        ),
        (
            r#"{"minLength":4,"maxLength":3}"#,
            "schema: #: `maxLength` is less than `minLength`",
        ),
        (
            r#"{"minLength":-1}"#,
            "schema: #: `minLength` is no number from 0 to 100000",
        ),
        (
            r#"{"type":"integer","minimum":4,"maximum":3}"#,
            "schema: #: no integer is within these bounds",
        ),
        (
            r##"{"$ref":"#/$defs/x"}"##,
            "schema: #: `$ref` \"#/$defs/x\" is not in this schema",
        ),
        (
            r#"{"$ref":"https://x.eu/s.json"}"#,
            "schema: #: `$ref` \"https://x.eu/s.json\" is not in this schema",
        ),
        (
            r#"{"anyOf":[]}"#,
            "schema: #/anyOf: this is no list of schemas",
        ),
        (
            r#"{"allOf":[{"const":1},{"const":2}]}"#,
            "schema: #: `const` differs in parts that must hold together",
        ),
        (
            r##"{"allOf":[{"$ref":"#"}]}"##,
            "schema: #: references lead back to themselves",
        ),
        (
            r##"{"$ref":"#"}"##,
            "schema: rule `#` is left-recursive: it may come back to itself with nothing read",
        ),
        (r#"{"enum":[]}"#, "schema: #: no constant is left"),
    ];
    for (text, expected) in cases {
        let refused = Grammar::of_json_schema(text, "schema").err();
        let refused = refused.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(refused.to_string(), expected);
    }
    let refused = Grammar::of_json_schema(&deep, "s").unwrap_err().to_string();
    assert!(refused.ends_with("parts are nested too deep"), "{refused}");
    // Doubles forty times.
    let mut parts = String::from(r#"{"allOf":[{"$ref":"\#/$defs/0"}],"$defs":{"#).replace('\\', "");
    for i in 0..40 {
        let next = i + 1;
        parts += &format!(
            r##""{i}":{{"allOf":[{{"$ref":"#/$defs/{next}"}},{{"$ref":"#/$defs/{next}"}}]}},"##
        );
    }
    parts += "\"40\":{}}}";
    let refused = Grammar::of_json_schema(&parts, "s")
        .unwrap_err()
        .to_string();
    assert!(refused.ends_with("the schema is too large"), "{refused}");
}
