#!/usr/bin/env python3
"""Recall and precision of personal data by kind, country and language, worst first.

    python benches/peers/pii.py injected.jsonl [--eu target/release/eu] [--numbers idnumbers.jsonl]

injected.jsonl has records with `text`, `lang` and `spans` of {type, sub, start, end} in characters.
They go through `eu prepare redact --mode annotate -`, which must keep their order and add to each
record `pii` ([[start, end], ...] in characters) and `pii_kinds` (a name for each pair). A span is
found when a pair of its kind covers four fifths of it; a pair is false when it meets no span.

With --numbers, each line's `number` is asked of python-stdnum (pip install python-stdnum) under
`oracle`, and of eu by the line's own `valid`: it prints where the file and the library differ, so
that a table of agreement made from the file can be trusted.
"""

import argparse
import collections
import importlib
import json
import subprocess

KINDS = {
    "EMAIL": ("email",),
    "PHONE": ("phone",),
    "IBAN": ("iban",),
    "IP": ("ip",),
    "CREDIT_CARD": ("card",),
    "NATIONAL_ID": ("national_id", "tax_id"),
}


def table(title, counts):
    print(f"\n{title:28} recall      n")
    for name, (found, n) in sorted(counts.items(), key=lambda row: (row[1][0] / row[1][1], row[0])):
        print(f"{name:28} {found / n:6.3f} {n:6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("gold")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--numbers")
    args = parser.parse_args()
    with open(args.gold, encoding="utf8") as file:
        lines = [line for line in file if line.strip()]
    gold = [json.loads(line) for line in lines]
    bare = [{key: row[key] for key in ("id", "lang", "text")} for row in gold]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in bare)
    command = [args.eu, "prepare", "redact", "--mode", "annotate", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(out) == len(gold), f"{len(out)} records for {len(gold)}"

    by_kind, by_country, by_lang = ({} for _ in range(3))
    false, said = collections.Counter(), collections.Counter()
    for row, got in zip(gold, out):
        pairs = list(zip(got.get("pii", []), got.get("pii_kinds", [])))
        for span in row["spans"]:
            if span["type"] not in KINDS:
                continue
            length = span["end"] - span["start"]
            found = any(
                min(end, span["end"]) - max(start, span["start"]) >= 0.8 * length
                and kind in KINDS[span["type"]]
                for (start, end), kind in pairs
            )
            country = (span["sub"] or "").split(":")[0]
            keys = [(by_kind, span["type"]), (by_lang, row["lang"])]
            keys += [(by_country, f"{span['type']} {country}")] if country else []
            for counts, key in keys:
                entry = counts.setdefault(key, [0, 0])
                entry[0] += found
                entry[1] += 1
        for (start, end), kind in pairs:
            said[kind] += 1
            met = any(start < span["end"] and span["start"] < end for span in row["spans"])
            false[kind] += not met
    table("language", by_lang)
    table("kind and country", by_country)
    table("kind", by_kind)
    print(f"\n{'kind':28} precision   n")
    for kind, n in said.most_common():
        print(f"{kind:28} {1 - false[kind] / n:6.3f} {n:6}")

    if args.numbers:
        with open(args.numbers, encoding="utf8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        differ = [
            row
            for row in rows
            if importlib.import_module(row["oracle"]).is_valid(row["number"]) != row["valid"]
        ]
        print(f"\npython-stdnum differs from the file on {len(differ)} of {len(rows)} numbers")


if __name__ == "__main__":
    main()
