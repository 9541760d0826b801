"""What jsonschema says of texts under schemas: writes tests/golden/schemas_jsonschema.json.

    python tests/parity/schemas_jsonschema.py

Needs jsonschema, whose version is noted. The texts are made at random (with a fixed seed) out of what
each schema speaks of, so that many are valid and many are nearly so.
"""
import importlib.metadata
import itertools
import json
import pathlib
import random

import jsonschema

SCALARS = [None, True, False, 0, 1, -1, 5, 7, 12, 99, 100, 101, 150, 151, 1.5, -0.25, "", "a", "ab",
           "abc", "é", "ж12", "a b", "2026-02-28", "2026-02-30", "2026-13-01", "23:59:59Z",
           "24:00:00Z", "12:00:00+01:00", "2026-02-28T01:02:03Z", "x\"y", "x\\y", "line\nfeed", "A-7",
           "A-07", "zz-1", "123e4567-e89b-12d3-a456-426614174000"]

SHAPES = ["[1,null]", "[1,null,null]", "[1,null,2]", '{"a":null}', '{"a":{"a":null}}', '{"a":{}}',
          '{"a":5,"b":null}', '{"a":1,"b":5}', '{"a":1,"c":"x"}', '{"a":1,"b":"x"}', "[[],[[]]]",
          "[[],[1]]", '{"a":1,"ab":true}', '{"a":1,"ab":true,"b":[]}', '{"a":0,"ab":null}',
          '{"ab":true,"abc":null}', '{"a":1,"c":[{}]}', '[1,"a"]', '{"k":true}']

INTEGER = {"type": "integer"}
SCHEMAS = [
    {},
    {"type": "object"},
    {"type": "array"},
    {"type": ["string", "null"]},
    {"type": "number"},
    INTEGER,
    {"type": "integer", "minimum": -1, "maximum": 100},
    {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 100.5},
    {"type": "integer", "minimum": 7},
    {"type": "integer", "maximum": -1},
    {"type": "string", "minLength": 1, "maxLength": 2},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^[A-Z]-\\d$"},
    {"type": "string", "pattern": "b"},
    {"type": "string", "pattern": "^a|\\d$"},
    {"type": "string", "pattern": "^(?:x[\"\\\\]y|\\S+\\s\\S+)$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "time"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "uuid"},
    {"enum": [1, "a", None, [1, 2], {"k": True}]},
    {"const": "x\"y"},
    {"type": "array", "items": INTEGER, "minItems": 1, "maxItems": 3},
    {"type": "array", "items": {"type": "string"}, "minItems": 2},
    {"prefixItems": [INTEGER, {"type": "string"}], "items": False, "type": "array"},
    {"prefixItems": [INTEGER], "items": {"type": "null"}, "minItems": 2, "type": "array"},
    {"type": "object", "properties": {"a": INTEGER, "b": {"type": "string"}}},
    {"type": "object", "properties": {"a": INTEGER, "b": {"type": "string"}}, "required": ["b"]},
    {"type": "object", "properties": {"a": INTEGER, "ab": {"type": "boolean"}, "b": {}},
     "required": ["a", "ab"], "additionalProperties": False},
    {"type": "object", "properties": {"a": INTEGER, "ab": {"type": "boolean"}},
     "additionalProperties": {"type": "null"}},
    {"type": "object", "required": ["a", "c"]},
    {"type": "object", "additionalProperties": INTEGER},
    {"anyOf": [INTEGER, {"type": "string", "maxLength": 1}]},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}},
     "required": ["a"]},
    {"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}},
    {"allOf": [{"type": "integer", "minimum": 0}, {"maximum": 99}]},
    {"allOf": [{"$ref": "#/$defs/a"}, {"required": ["a"]}], "properties": {"b": {"type": "null"}},
     "$defs": {"a": {"type": "object", "properties": {"a": INTEGER}}}},
    {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"],
     "anyOf": [{"properties": {"b": INTEGER}, "required": ["b"]},
               {"properties": {"c": {"type": "string"}}, "required": ["c"]}]},
]


def values(depth):
    if depth == 0 or random.random() < 0.5:
        return random.choice(SCALARS)
    if random.random() < 0.5:
        return [values(depth - 1) for _ in range(random.randrange(4))]
    keys = [key for key in ["a", "ab", "b", "c"] if random.random() < 0.5]
    return {key: values(depth - 1) for key in keys}


def likely(schema, depth):
    """A value that is often valid."""
    if random.random() < 0.15 or not isinstance(schema, dict):
        return values(depth)
    if "enum" in schema:
        return random.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        named = schema.get("properties", {})
        keys = [key for key in named if random.random() < 0.8]
        keys += [key for key in schema.get("required", []) if key not in named]
        if random.random() < 0.3:
            keys.append(random.choice(["c", "abc", "z"]))
        rest = schema.get("additionalProperties", {})
        return {key: likely(named.get(key, rest), depth - 1) if depth else None for key in keys}
    if kind == "array":
        first = schema.get("prefixItems", [])
        n = random.randrange(4)
        rest = schema.get("items", {})
        return [likely((first + [rest] * 4)[i], depth - 1) if depth else None for i in range(n)]
    if kind == "integer":
        return random.choice([x for x in SCALARS if isinstance(x, int)])
    if kind == "string":
        return random.choice([x for x in SCALARS if isinstance(x, str)])
    return values(depth)


def main():
    random.seed(11)
    cases = []
    for schema in SCHEMAS:
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        texts = {}
        tried = itertools.chain(SCALARS, map(json.loads, SHAPES),
                                (likely(schema, 3) for _ in range(60)))
        for value in tried:
            separators = random.choice([(",", ":"), (", ", ": ")])
            text = json.dumps(value, ensure_ascii=random.random() < 0.5, separators=separators)
            if len(text) < 120:
                texts[text] = validator.is_valid(value)
        cases.append({"schema": json.dumps(schema), "valid": [t for t in texts if texts[t]],
                      "invalid": [t for t in texts if not texts[t]]})
    golden = {
        "made_by": "tests/parity/schemas_jsonschema.py",
        "jsonschema": importlib.metadata.version("jsonschema"),
        "cases": cases,
    }
    out = pathlib.Path(__file__).parent.parent / "golden" / "schemas_jsonschema.json"
    out.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    print(out, [(len(c["valid"]), len(c["invalid"])) for c in cases])


main()
