#!/usr/bin/env python3
"""Decontamination beside datatrove's 12-grams, on the same documents, by turns.

    pip install datatrove spacy tokenizers xxhash==3.5.0
    python benches/peers/contamination.py XQUAD.en.json DOCUMENTS.jsonl.zst ... \\
        [--eu target/release/eu] [--rounds 3]

Items of the set (every text of at least 13 words) are planted into documents, as they are and with
a share of their words replaced, dropped or doubled; other documents stay as they are. Printed is
the share of documents with a plant that each program marks (recall), how many of those without
one (false), and megabytes of text for each second of processor time. eu is run as

    eu prepare decontaminate --against SET --mark --quiet < RECORDS.jsonl

which prints each record with the field `contaminated`; what it spends on no record at all (start,
reading the set) is taken off. Of datatrove only the filter's calls are timed.
"""

import argparse
import gzip
import importlib.metadata
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATES = [0.0, 0.02, 0.05, 0.1, 0.2]


def lines(path):
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.splitlines()
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return file.read().splitlines()


def texts_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_of(part)


def changed(rng, text, rate):
    words = []
    for word in text.split():
        kind = rng.randrange(3) if rng.random() < rate else 3
        words += [[], ["xyzzy"], [word, word], [word]][kind]
    return " ".join(words)


def eu(program, against, docs):
    def run(some):
        records = "".join(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in some)
        command = [program, "prepare", "decontaminate", "--against", against, "--mark", "--quiet"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, input=records.encode(), stdout=subprocess.PIPE, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return [json.loads(line)["contaminated"] for line in done.stdout.splitlines()], spent

    _, idle = run([])
    marks, spent = run(docs)
    return marks, max(1e-6, spent - idle)


def datatrove(items):
    from datatrove.data import Document
    from datatrove.pipeline.decont.n_grams import NGramsDecontFilter
    from datatrove.utils.text import ngrams, simplify_text

    folder = tempfile.mkdtemp()
    judge = NGramsDecontFilter(folder)
    hashes = set()
    for item in items:
        words = judge.tokenizer.word_tokenize(simplify_text(item, judge.config.norm_config))
        hashes.update(map(judge.hash_func, map(" ".join, ngrams(words, judge.config.n_grams))))
    judge._index_hashes = dict.fromkeys(hashes, "set")  # what its own index file is read into

    def run(docs):
        began = time.process_time()
        marks = [judge.filter(Document(text=text, id="0")) is not True for text in docs]
        return marks, time.process_time() - began

    return run


def machine():
    name = platform.processor() or platform.machine()
    try:
        found = (l for l in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in l)
        name = next(found).split(":", 1)[1].strip()
    except (OSError, StopIteration):
        pass
    return f"{name}, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set")
    parser.add_argument("documents", nargs="+")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plants", type=int, default=200, help="for each rate of change")
    args = parser.parse_args()

    rng = random.Random(13)
    items = [t for t in texts_of(json.loads(b"\n".join(lines(args.set)))) if len(t.split()) >= 13]
    hosts = [json.loads(line)["text"] for path in args.documents for line in lines(path)]
    docs, rates = [], []
    for rate in RATES:
        for _ in range(args.plants):
            host = rng.choice(hosts)[:5000]
            cut = rng.randrange(len(host) + 1)
            docs.append(f"{host[:cut]} {changed(rng, rng.choice(items), rate)} {host[cut:]}")
            rates.append(rate)
    docs += hosts
    rates += [None] * len(hosts)
    size = sum(len(doc.encode()) for doc in docs) / 1e6

    version = subprocess.run([args.eu, "--version"], capture_output=True, text=True, check=False)
    ours = version.stdout.strip() or "eu"
    programs = {ours: lambda docs: eu(args.eu, args.set, docs)}
    try:
        programs[f"datatrove {importlib.metadata.version('datatrove')}"] = datatrove(items)
    except ImportError as missing:
        print(f"datatrove is left out: {missing}", file=sys.stderr)
    print(f"machine: {machine()}; Python {platform.python_version()}")
    print(f"{len(items)} items; {len(docs)} documents, {size:.1f} MB; {args.rounds} rounds by turns")
    speeds = {name: [] for name in programs}
    for turn in range(args.rounds):
        for name, run in programs.items():
            marks, spent = run(docs)
            speeds[name].append(size / spent)
            if turn == 0:
                told = []
                for rate in RATES:
                    of_rate = [m for m, r in zip(marks, rates, strict=True) if r == rate]
                    told.append(f"{rate:.0%} {sum(of_rate) / len(of_rate):.3f}")
                false = sum(m for m, r in zip(marks, rates, strict=True) if r is None)
                print(f"  {name:18} recall at words changed: {'  '.join(told)}  false: {false}")
    for name, speed in speeds.items():
        middle = statistics.median(speed)
        ratio = statistics.median(speeds[ours]) / middle
        told = "" if name == ours else f"  eu is {ratio:.0f} times as fast"
        print(f"  {name:18} {middle:8.2f} MB/CPU-s ({min(speed):.2f} to {max(speed):.2f}){told}")


if __name__ == "__main__":
    main()
