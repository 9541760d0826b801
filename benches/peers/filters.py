#!/usr/bin/env python3
"""Gopher quality, Gopher repetition and FineWeb filters beside datatrove's, on the same texts.

    pip install datatrove spacy
    python benches/peers/filters.py RECORDS.jsonl ... [--eu target/release/eu] [--rounds 5]

Each line of RECORDS has `text` and `lang` (any code `eu` knows). Speed is megabytes of text for
each second of processor time. Every program runs once in each round, by turns; the medians are
printed with the extremes. eu is timed as a whole process (its start, JSON in and out included); of
datatrove only the calls of its three filters are timed, one after the other on every text until
one drops it, with its own word splitter of each language (spaCy) and the thresholds of eu. Texts
in a language whose splitter needs a model that is not installed (Stanza) are left out for both. eu counts no blank lines, so it keeps more of texts
whose paragraphs are set apart; tests/parity/filters_datatrove.py compares the verdicts.
"""

import argparse
import collections
import importlib.metadata
import json
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

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


def eu(program, options):
    def run(records):
        """Records kept, and processor seconds of the whole process."""
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [program, "prepare", "filter", "--quiet", *options]
        done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.stdout.count(b"\n"), spent

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
            print(f"{code} left out: {str(error)[:60]!r}", file=sys.stderr)
    return found


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next(l.split(":", 1)[1].strip() for l in lines if l.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", nargs="+")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--thresholds", default="assets/thresholds.json", help="for stop words")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=2, help="of text for datatrove")
    parser.add_argument("--times", type=int, default=10, help="as much text for eu")
    args = parser.parse_args()

    records = list(read_records(args.records, args.megabytes))
    rules = rules_of(sorted({r["lang"] for r in records}), args.eu, args.thresholds)
    records = [r for r in records if r["lang"] in rules]
    size = sum(len(r["text"].encode()) for r in records) / 1e6
    version = subprocess.run([args.eu, "--version"], capture_output=True, text=True).stdout.strip()
    ours, peer = version or "eu", f"datatrove {importlib.metadata.version('datatrove')}"
    options = ["--threads", "1"]
    programs = {
        ours: (eu(args.eu, options), records * args.times),
        peer: (datatrove(rules), records),
    }
    print(f"machine: {machine()}; Python {platform.python_version()}")
    print(f"{len(records)} texts, {size:.1f} MB, {len(rules)} languages, {args.rounds} rounds by turns")
    speeds, kept = collections.defaultdict(list), {}
    for _ in range(args.rounds):
        for name, (run, texts) in programs.items():
            n, spent = run(texts)
            kept[name] = n * len(records) // len(texts)
            speeds[name].append(size * len(texts) / len(records) / spent)
    for name, speed in speeds.items():
        middle = statistics.median(speed)
        ratio = statistics.median(speeds[ours]) / middle
        told = "" if name == ours else f"  eu is {ratio:.0f} times as fast"
        spread = f"({min(speed):.3f} to {max(speed):.3f})"
        print(f"  {name:20} {middle:8.3f} MB/CPU-s {spread}, keeps {kept[name]}{told}")


if __name__ == "__main__":
    main()
