"""What gguf-py makes of blocks of every format: writes tests/golden/blocks_gguf.json.

    pip install gguf
    python tests/parity/blocks_gguf.py

The bytes are random, but for numbers in half precision, which are made small and finite; values
are given as the bits of f32.
"""
import json
import pathlib
from importlib.metadata import version

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where the numbers in half precision stand in a block.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_XS": [0],
}
N_BLOCKS = 3

random = numpy.random.default_rng(20261122)
formats = {}
for name, halves in HALVES.items():
    kind = GGMLQuantizationType[name]
    weights, size = GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (N_BLOCKS, size), dtype=numpy.uint8)
    for at in halves:
        numbers = random.normal(0, 0.01, N_BLOCKS).astype(numpy.float16)
        blocks[:, at : at + 2] = numbers[:, None].view(numpy.uint8)
    values = dequantize(blocks.reshape(-1), kind).astype(numpy.float32)
    assert values.size == N_BLOCKS * weights
    formats[name] = {
        "bytes": blocks.tobytes().hex(),
        "values": values.tobytes().hex(),
    }
golden = {"gguf": version("gguf"), "formats": formats}
path = pathlib.Path(__file__).parent.parent / "golden" / "blocks_gguf.json"
path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
