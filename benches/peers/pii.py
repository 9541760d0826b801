#!/usr/bin/env python3
"""Recall and precision of personal data by kind, country and language, worst first; identifiers
beside python-stdnum.

    python benches/peers/pii.py injected.jsonl [--eu target/release/eu]
    python benches/peers/pii.py --numbers idnumbers.jsonl        (pip install python-stdnum)

injected.jsonl has records with `text`, `lang` and `spans` of {type, sub, start, end} in characters.
They go through `eu prepare redact --mode annotate -`, which must keep their order and add to each
record `pii` ([[start, end], ...] in characters) and `pii_kinds` (a name for each pair). A span is
found when a pair of its kind covers four fifths of it; a pair is false when it meets no span.

idnumbers.jsonl has lines of {country, scheme, oracle, number, valid}. They go through `eu prepare
numbers`, whose answer is put beside that of python-stdnum's module `oracle`, and beside `valid`
where python-stdnum is not installed: printed is the share of numbers on which both agree, and by
country and scheme those on which they do not.
"""

import collections
import importlib
import importlib.metadata
import json
import subprocess

from timing import left_out, options, version

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


def lines_of(path):
    with open(path, encoding="utf8") as file:
        return [json.loads(line) for line in file if line.strip()]


def through(command, rows):
    """What a stage of eu makes of records, in their order."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(out) == len(rows), f"{len(out)} records for {len(rows)}"
    return out


def spans(program, path):
    gold = lines_of(path)
    bare = [{key: row[key] for key in ("id", "lang", "text")} for row in gold]
    out = through([program, "prepare", "redact", "--mode", "annotate", "-"], bare)
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


def numbers(program, path):
    rows = lines_of(path)
    keys = ("country", "scheme", "number")
    bare = [{key: row[key] for key in keys} for row in rows]
    ours = [row["valid"] for row in through([program, "prepare", "numbers", "-"], bare)]
    theirs, beside = [row["valid"] for row in rows], "the file"
    try:
        beside = f"python-stdnum {importlib.metadata.version('python-stdnum')}"
        theirs = [importlib.import_module(r["oracle"]).is_valid(r["number"]) for r in rows]
        differ = sum(a != row["valid"] for a, row in zip(theirs, rows, strict=True))
        print(f"{beside} differs from the file on {differ} of {len(rows)} numbers")
    except ImportError as missing:
        left_out("python-stdnum", missing)
        beside = "the file"
    schemes = collections.defaultdict(list)
    for row, own, other in zip(rows, ours, theirs, strict=True):
        schemes[row["country"], row["scheme"]].append((row["number"], own, other))
    for (country, scheme), told in sorted(schemes.items()):
        differ = [one for one in told if one[1] != one[2]]
        for number, own, other in differ[:3]:
            print(f"  {country}.{scheme} {number!r}: eu says {own}, {beside} {other}")
        if len(differ) > 3:
            print(f"  {country}.{scheme}: {len(differ)} of {len(told)} differ")
    agree = sum(a == b for a, b in zip(ours, theirs, strict=True))
    share = 100 * agree / max(1, len(rows))
    print(f"{version(program)} and {beside} agree on {agree} of {len(rows)} numbers "
          f"of {len(schemes)} schemes: {share:.2f} %")


def main():
    parser = options(__doc__)
    parser.add_argument("gold", nargs="?", help="injected.jsonl")
    parser.add_argument("--numbers", help="idnumbers.jsonl")
    args = parser.parse_args()
    if not args.gold and not args.numbers:
        parser.error("name injected.jsonl, or --numbers and idnumbers.jsonl")
    if args.gold:
        spans(args.eu, args.gold)
    if args.numbers:
        numbers(args.eu, args.numbers)


if __name__ == "__main__":
    main()
