"""What ggml encodes weights to in blocks of every format: writes tests/golden/encode_gguf.json.

    pip install numpy
    python tests/parity/encode_gguf.py PATH/TO/libggml-base.so

The library is one built of llama.cpp without instructions beyond those of every x86-64 processor
(the default for this part of it), so that nothing is fused. The weights are made of integers and of
single operations on f32, so that every program makes the same ones; hashes of bytes are kept, since
the bytes themselves would be a hundred times as long.
"""
import ctypes
import hashlib
import json
import pathlib
import sys

import numpy

F32 = numpy.float32
ROWS, WIDTH = 4, 768  # an odd number of blocks of 256, and 24 of 32
FORMATS = {
    "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24),
    "Q8_0": (8, 32, 34), "Q2_K": (10, 256, 84), "Q3_K": (11, 256, 110), "Q4_K": (12, 256, 144),
    "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210), "IQ4_NL": (20, 32, 18),
    "IQ4_XS": (23, 256, 136),
}


def noise(seed, n):
    """Numbers in [-1, 1) that are exact in f32 (Steele et al. 2014, splitmix64)."""
    with numpy.errstate(over="ignore"):
        steps = numpy.arange(1, n + 1, dtype=numpy.uint64)
        z = numpy.uint64(seed) + steps * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(F32) / F32(1 << 23) - F32(1)


def weights():
    """Rows of several kinds."""
    n = ROWS * WIDTH
    a, b, c, d = noise(20261122, 4 * n).reshape(n, 4).T
    normal = (a + b + c + d) * F32(0.02)
    index = numpy.arange(n)
    size = numpy.abs(normal)
    zero = normal * F32(0)  # of either sign
    return {
        "normal": normal,
        "heavy tails": normal * normal * normal * F32(300),
        "zeros": numpy.zeros(n, F32),
        "zeros of either sign": zero,
        "sparse": numpy.where(normal > F32(0.06), normal, zero),
        "small": normal * F32(2.0**-20),
        "tiny": normal * F32(2.0**-60),
        "outliers": numpy.where(index % 700 == 3, normal * F32(1000), normal),
        "constant": numpy.full(n, 0.3, F32),
        "negative constant": numpy.full(n, -0.3, F32),
        "negative": -size,
        "positive": size + F32(0.1),
        "coarse": numpy.floor(normal * F32(32)) / F32(32),
        "of many sizes": normal * F32(2) ** (index // 16 % 40 - 30).astype(F32),
    }


def importance():
    """Of each column; some have none."""
    x = noise(5, WIDTH)
    column = numpy.arange(WIDTH)
    return numpy.where((column % 97 == 5) | (column // 64 == 3), F32(0), x * x * x * x * F32(10))


def sha256(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def main(path):
    library = ctypes.CDLL(path)
    library.ggml_version.restype = ctypes.c_char_p
    encode = library.ggml_quantize_chunk
    encode.restype = ctypes.c_size_t
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    encode.argtypes = [ctypes.c_int, pointer, pointer, whole, whole, whole, pointer]
    kinds = {kind: numpy.ascontiguousarray(x, F32) for kind, x in weights().items()}
    costs = numpy.ascontiguousarray(importance(), F32)
    formats = {}
    for name, (id, block, block_bytes) in FORMATS.items():
        of_kinds = {}
        for kind, x in kinds.items():
            hashes = []
            for column in (None, costs.ctypes.data):
                out = numpy.zeros(x.size // block * block_bytes, numpy.uint8)
                n = encode(id, x.ctypes.data, out.ctypes.data, 0, ROWS, WIDTH, column)
                assert n == out.size
                hashes.append(sha256(out))
            of_kinds[kind] = {"plain": hashes[0], "weighed": hashes[1]}
        formats[name] = of_kinds
    golden = {
        "made_by": "tests/parity/encode_gguf.py",
        "ggml": library.ggml_version().decode(),
        "weights": {kind: sha256(x) for kind, x in kinds.items()},
        "importance": sha256(costs),
        "formats": formats,
    }
    target = pathlib.Path(__file__).parents[1] / "golden/encode_gguf.json"
    target.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
