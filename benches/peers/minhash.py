#!/usr/bin/env python3
"""MinHash signatures beside datatrove's, of the same shape and on the same texts, by turns.

    pip install datatrove "xxhash<3.6" nltk tokenizers spacy
    python benches/peers/minhash.py RECORDS.jsonl ... [--eu target/release/eu] [--rounds 3]

Each line of RECORDS.jsonl is a record with its text in `text`. Both make signatures of 14 bands of
8 rows over shingles of 5 words and write them to files: datatrove with MinhashDedupSignature, eu
with `prepare dedup --sketch FOLDER`, which also hashes the whole text and its bytes. datatrove
runs twice: as it is, with the word tokenizer it gives to English and most other languages, and
with a plain split at white space in its place, the least it could do.

Speed is megabytes of text for each second of processor time. eu is timed as a whole process, its
start and the reading of its input included; of datatrove only the signing is timed, on documents
that are in memory already. Every program runs once in each round; the best rounds are compared,
for a busy machine only ever slows a program down.
"""

import importlib.metadata
import json
import logging
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from timing import by_turns, left_out, options, print_machine, timed, version


def read(paths, n_megabytes):
    texts, size = [], 0
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                texts.append(json.loads(line)["text"])
                size += len(texts[-1].encode())
                if size > n_megabytes * 1e6:
                    return texts
    return texts


def eu(program):
    def run(texts):
        with tempfile.TemporaryDirectory() as folder:
            records = Path(folder, "records.jsonl")
            with open(records, "w", encoding="utf-8") as out:
                for i, text in enumerate(texts):
                    out.write(json.dumps({"id": str(i), "text": text}, ensure_ascii=False) + "\n")
            command = [program, "prepare", "dedup", "--sketch", str(Path(folder, "sketches"))]
            command += ["--quiet", "--threads", "1", str(records)]
            return timed(command, stdout=subprocess.DEVNULL)

    return run


def datatrove(is_plain):
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.word_tokenizers import WordTokenizer
    from loguru import logger

    logger.remove()
    logging.disable(logging.CRITICAL)

    class Spaces(WordTokenizer):
        def word_tokenize(self, text):
            return text.split()

        def sent_tokenize(self, text):
            return text.splitlines()

        def span_tokenize(self, text):
            return []

    config = MinhashConfig(
        n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64)
    )

    def run(texts):
        documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
        with tempfile.TemporaryDirectory() as folder:
            language = Spaces() if is_plain else "eng"
            step = MinhashDedupSignature(output_folder=folder, config=config, language=language)
            before = time.process_time()
            step.run(iter(documents), rank=0, world_size=1)
            return None, time.process_time() - before

    return run


def main():
    parser = options(__doc__, rounds=3)
    parser.add_argument("records", nargs="+")
    parser.add_argument("--megabytes", type=float, default=100, help="of text for eu")
    parser.add_argument("--peer-megabytes", type=float, default=1, help="of text for the peer")
    args = parser.parse_args()

    ours = version(args.eu)
    once = read(args.records, args.megabytes)
    size = sum(len(text.encode()) for text in once)
    texts = once * max(1, round(args.megabytes * 1e6 / size))
    # Of all files a little: every n-th text, so that both see the same languages.
    some = once[:: max(1, round(size / (args.peer_megabytes * 1e6)))]
    programs = {ours: (eu(args.eu), texts)}
    for is_plain in (False, True):
        try:
            name = f"datatrove {importlib.metadata.version('datatrove')}"
            name += ", plain split" if is_plain else ""
            programs[name] = (datatrove(is_plain), some)
        except ImportError as missing:
            left_out("datatrove", missing)

    print_machine()
    turns = {name: lambda run=run, own=own: run(own) for name, (run, own) in programs.items()}
    _, spent = by_turns(args.rounds, turns)
    speeds = {}
    for name, (_, own) in programs.items():
        size = sum(len(text.encode()) for text in own) / 1e6
        speeds[name] = [size / seconds for seconds in spent[name]]
    for name, speed in speeds.items():
        ratio = max(speeds[ours]) / max(speed)
        told = "" if name == ours else f"  eu is {ratio:.0f} times as fast"
        middle = statistics.median(speed)
        print(f"  {name:30} {max(speed):8.2f} MB/CPU-s (median {middle:.2f}){told}")


if __name__ == "__main__":
    main()
