#!/usr/bin/env python3
"""Gopher quality, Gopher repetition and FineWeb filters beside datatrove's, on the same texts.

    pip install datatrove spacy
    python benches/peers/filters.py RECORDS.jsonl ... [--eu target/release/eu] [--rounds 5]

Each line of RECORDS has `text` and `lang` (any code `eu` knows). Speed is megabytes of text for
each second of processor time. Every program runs once in each round, by turns; the medians are
printed with the extremes. eu is timed as a whole process (its start, JSON in and out included); of
datatrove only the calls of its three filters are timed, one after the other on every text until
one drops it, with its own word splitter of each language (spaCy) and the thresholds of eu. Texts
in a language whose splitter needs a model that is not installed (Stanza) are left out for both. eu
counts no blank lines, so it keeps more of texts whose paragraphs are set apart; tests/parity/filters_datatrove.py compares the verdicts.
"""

import importlib.metadata
import json
import pathlib
import sys
import time

from timing import by_turns, left_out, options, print_machine, print_speeds, timed, version

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/parity"))
from filters_datatrove import explained, filters  # noqa: E402


def read_records(paths, n_megabytes):
    size = 0
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if size < n_megabytes * 1e6 and record["text"]:
                    size += len(record["text"].encode())
                    yield {key: record[key] for key in ("lang", "text")}


def eu(program):
    def run(records):
        """Records kept, and processor seconds of the whole process."""
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        command = [program, "prepare", "filter", "--quiet", "--threads", "1"]
        out, spent = timed(command, input=lines.encode())
        return out.count(b"\n"), spent

    return run


def datatrove(rules):
    from datatrove.data import Document

    chains = {lang: filters(*rule) for lang, rule in rules.items()}

    def passes(one, document):
        told = one.filter(document)
        return told is True or (isinstance(told, tuple) and told[0] is True)

    def run(records):
        documents = [Document(text=r["text"], id=str(i)) for i, r in enumerate(records)]
        began = time.process_time()
        kept = 0
        for record, document in zip(records, documents):
            kept += all(passes(one, document) for one in chains[record["lang"]])
        return kept, time.process_time() - began

    return run


def rules_of(langs, program, thresholds):
    """Code, thresholds and stop words of each language whose splitter is there."""
    from datatrove.utils.text import split_into_words

    with open(thresholds, encoding="utf-8") as file:
        stop_words = {row["lang"]: row["stopwords"] for row in json.load(file)}
    docs = [{"lang": lang, "text": "a b"} for lang in langs]
    found = {}
    for lang, (code, checks) in zip(langs, explained(program, docs), strict=True):
        try:
            split_into_words("a b", code)
            found[lang] = code, checks, stop_words[code]
        except Exception as error:
            left_out(code, repr(str(error)[:60]))
    return found


def main():
    parser = options(__doc__, rounds=5)
    parser.add_argument("records", nargs="+")
    parser.add_argument("--thresholds", default="assets/thresholds.json", help="for stop words")
    parser.add_argument("--megabytes", type=float, default=2, help="of text for datatrove")
    parser.add_argument("--times", type=int, default=10, help="as much text for eu")
    args = parser.parse_args()

    records = list(read_records(args.records, args.megabytes))
    rules = rules_of(sorted({r["lang"] for r in records}), args.eu, args.thresholds)
    records = [r for r in records if r["lang"] in rules]
    size = sum(len(r["text"].encode()) for r in records) / 1e6
    ours, peer = version(args.eu), f"datatrove {importlib.metadata.version('datatrove')}"
    runs = {ours: (eu(args.eu), args.times), peer: (datatrove(rules), 1)}
    print_machine()
    print(f"{len(records)} texts, {size:.1f} MB, {len(rules)} languages, {args.rounds} rounds by turns")
    programs = {
        name: lambda run=run, times=times: run(records * times)
        for name, (run, times) in runs.items()
    }
    kept, spent = by_turns(args.rounds, programs)
    speeds = {name: [size * runs[name][1] / s for s in seconds] for name, seconds in spent.items()}
    notes = {name: f"keeps {n // runs[name][1]}" for name, n in kept.items()}
    print_speeds(speeds, ours, "MB/CPU-s", digits=3, notes=notes)


if __name__ == "__main__":
    main()
