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

which prints each record with the field `contaminated`; what it spends on one record of one letter
(start, reading the set) is taken off. Of datatrove only the filter's calls are timed.
"""

import gzip
import importlib.metadata
import json
import random
import subprocess
import tempfile

from timing import by_turns, called, left_out, options, print_machine, print_speeds, timed, version

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
        out, spent = timed(command, input=records.encode())
        return [json.loads(line)["contaminated"] for line in out.splitlines()], spent

    _, idle = run(["x"])
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

    def marked(text):
        return judge.filter(Document(text=text, id="0")) is not True

    return lambda docs: called(marked, docs)


def main():
    parser = options(__doc__, rounds=3)
    parser.add_argument("set")
    parser.add_argument("documents", nargs="+")
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

    ours = version(args.eu)
    programs = {ours: lambda: eu(args.eu, args.set, docs)}
    try:
        judge = datatrove(items)
        programs[f"datatrove {importlib.metadata.version('datatrove')}"] = lambda: judge(docs)
    except ImportError as missing:
        left_out("datatrove", missing)
    print_machine()
    print(f"{len(items)} items; {len(docs)} documents, {size:.1f} MB; {args.rounds} rounds by turns")
    marked, spent = by_turns(args.rounds, programs)
    for name, marks in marked.items():
        told = []
        for rate in RATES:
            of_rate = [m for m, r in zip(marks, rates, strict=True) if r == rate]
            told.append(f"{rate:.0%} {sum(of_rate) / len(of_rate):.3f}")
        false = sum(m for m, r in zip(marks, rates, strict=True) if r is None)
        print(f"  {name:18} recall at words changed: {'  '.join(told)}  false: {false}")
    speeds = {name: [size / s for s in seconds] for name, seconds in spent.items()}
    print_speeds(speeds, ours, "MB/CPU-s")


if __name__ == "__main__":
    main()
