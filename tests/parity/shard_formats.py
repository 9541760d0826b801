#!/usr/bin/env python3
"""Makes tests/golden/shard_formats.json: token files by datatrove, numpy and csv themselves.

    pip install datatrove tokenizers numpy humanize
    python tests/parity/shard_formats.py > tests/golden/shard_formats.json

`.ds`, `.ds.index` and `.ds.metadata` are written by datatrove's TokenizedFile; `.npy` is a numpy
memmap as dolma makes it (no header) and `csv` the text of its `.csv.gz`. Each is read back with
numpy before it is printed.
"""

import csv
import importlib.metadata
import io
import json
import os
import tempfile

import humanize
import numpy as np
from datatrove.pipeline.tokens.tokenizer import TokenizedFile

CASES = [
    (65_536, [[1, 65_535, 0], [7, 0], [0]], ["a", 'b "x", y', "c\nd"]),
    (70_000, [[69_999, 1, 0], [0], [2, 3, 4, 5, 0]], ["", "1", "ž"]),
    (300, [[5, 0]], ["one"]),
]
COUNTS = [0, 1, 9, 10, 99, 100, 999, 1000, 12_345, 999_499, 1_234_567, 45_600_000_000, 10**13]


def main():
    cases = []
    for n_vocab, docs, ids in CASES:
        size = 2 if n_vocab <= 65_536 else 4
        dtype = np.dtype("<u2" if size == 2 else "<u4")
        tokens = [token for doc in docs for token in doc]
        ends = np.cumsum([len(doc) for doc in docs])
        with tempfile.TemporaryDirectory() as folder:
            out = TokenizedFile(
                folder, "x.ds", tokenizer_name_or_path="gpt2", save_final_metadata=True,
                token_size=size,
            )  # fmt: skip
            for doc in docs:
                out.write(doc, None)
            out.close()
            made = {
                name: open(os.path.join(folder, f"x.{name}"), "rb").read()
                for name in ("ds", "ds.index", "ds.metadata")
            }
            npy = os.path.join(folder, "x.npy")
            array = np.memmap(npy, dtype=dtype, mode="w+", shape=(len(tokens),))
            array[:] = tokens
            array.flush()
            made["npy"] = open(npy, "rb").read()
        assert np.frombuffer(made["ds"], dtype).tolist() == tokens
        assert np.frombuffer(made["ds.index"], "<u8").tolist() == ends.tolist()
        rows = io.StringIO()
        writer = csv.writer(rows)
        for i, (end, doc) in enumerate(zip(ends, docs)):
            writer.writerow([end - len(doc), end, ids[i], "a, b.jsonl.gz", i + 1])
        case = {"n_vocab": n_vocab, "docs": docs, "ids": ids, "csv": rows.getvalue()}
        cases.append(case | {name: data.hex() for name, data in made.items()})
    versions = {p: importlib.metadata.version(p) for p in ("datatrove", "numpy", "humanize")}
    metric = [[n, humanize.metric(n, unit="T")] for n in COUNTS]
    print(json.dumps({"made_with": versions, "metric": metric, "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
