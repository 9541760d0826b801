#!/usr/bin/env python3
"""From text to verdict in one pass beside datatrove's chain: filters, MinHash, personal data.

    pip install datatrove "xxhash<3.6" nltk tokenizers spacy
    python benches/peers/chain.py CORPUS [--eu target/release/eu] [--rounds 3]

CORPUS is a folder of `<language>/<name>.jsonl.zst` (or `.jsonl`), records with `text`. eu takes all
of it with `prepare --steps identify,filter,redact,dedup --threads 1`: it reads, identifies the
language, judges, masks personal data, makes 14 bands of 8 rows of signatures, compares what may be
copies and writes what stayed and what was dropped. It is timed as a whole process. datatrove takes a
sample, spread over all files, through its Gopher repetition, Gopher quality, FineWeb and personal data
steps and its MinHash signing, every step on every text, with its own word splitter of each language
and the thresholds of eu; only the calls are timed. It identifies no language, compares no signatures
and writes no records, which is in its favour. Texts of languages whose splitter needs a model that is
not installed are left out of the sample.

Speed is megabytes of text for each second of processor time. Both run once in each round, by turns;
medians are printed with the extremes.
"""

import collections
import importlib.metadata
import io
import json
import logging
import pathlib
import subprocess
import tempfile
import time

import filters
from timing import by_turns, options, print_machine, print_speeds, timed, version


def lines_of(path):
    if path.suffix == ".zst":
        done = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True)
        return io.StringIO(done.stdout.decode(), newline="\n")
    return open(path, encoding="utf-8", newline="\n")


def read(folder, n_bytes_a_file):
    """Bytes of all text, and of each file the first records, up to a share of the sample."""
    size, sample = 0, []
    for path in sorted([*folder.glob("*/*.jsonl"), *folder.glob("*/*.jsonl.zst")]):
        taken = 0
        with lines_of(path) as lines:
            for line in lines:
                text = json.loads(line)["text"]
                size += len(text.encode())
                if text and taken < n_bytes_a_file:
                    taken += len(text.encode())
                    sample.append({"lang": path.parent.name, "text": text})
    return size / 1e6, sample


def eu(program, folder):
    def run():
        with tempfile.TemporaryDirectory() as made:
            command = [program, "prepare", str(folder), "-o", f"{made}/data", "--threads", "1"]
            command += ["--steps", "identify,filter,redact,dedup", "--quiet"]
            return timed(command, stderr=subprocess.DEVNULL)

    return run


def datatrove(rules, records):
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.utils.hashing import HashConfig
    from loguru import logger

    logger.remove()
    logging.disable(logging.CRITICAL)
    chains = {lang: filters.filters(*rule) for lang, rule in rules.items()}
    mask = PIIFormatter()
    shape = MinhashConfig(
        n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64)
    )
    by_lang = collections.defaultdict(list)
    for record in records:
        by_lang[record["lang"]].append(record["text"])

    def run():
        spent = 0
        for lang, texts in by_lang.items():
            with tempfile.TemporaryDirectory() as folder:
                sign = MinhashDedupSignature(output_folder=folder, config=shape, language=rules[lang][0])
                documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
                before = time.process_time()
                for document in documents:
                    for one in chains[lang]:
                        one.filter(document)
                    document.text = mask.format(document.text)
                sign.run(iter(documents), rank=0, world_size=1)
                spent += time.process_time() - before
        return None, spent

    return run


def main():
    parser = options(__doc__, rounds=3)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--thresholds", default="assets/thresholds.json", help="for stop words")
    parser.add_argument("--sample", type=int, default=8, help="kB of each file for the peer")
    args = parser.parse_args()

    size, sample = read(args.corpus, args.sample * 1000)
    rules = filters.rules_of(sorted({r["lang"] for r in sample}), args.eu, args.thresholds)
    sample = [r for r in sample if r["lang"] in rules]
    small = sum(len(r["text"].encode()) for r in sample) / 1e6
    ours, peer = version(args.eu), f"datatrove {importlib.metadata.version('datatrove')}"
    print_machine()
    print(f"{ours}: {size:.1f} MB of text; {peer}: {small:.1f} MB in {len(rules)} languages")
    _, spent = by_turns(
        args.rounds, {ours: eu(args.eu, args.corpus), peer: datatrove(rules, sample)}
    )
    sizes = {ours: size, peer: small}
    speeds = {name: [sizes[name] / s for s in seconds] for name, seconds in spent.items()}
    print_speeds(speeds, ours, "MB/CPU-s", digits=3)


if __name__ == "__main__":
    main()
