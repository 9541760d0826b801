#!/usr/bin/env python3
"""A GGUF file in fewer bits beside llama.cpp's llama-quantize, both as whole processes.

    pip install gguf
    python benches/peers/quantize.py MODEL.gguf --llama-quantize PATH [--eu target/release/eu]
        [--types q8_0,q4_0,q4_k_m,q6_k] [--imatrix FILE] [--rounds 5]

MODEL.gguf should have its weights in F16, BF16 or F32. Both run on one thread, once in each round, by
turns; speed is megabytes of MODEL.gguf for each second of processor time, medians are printed with the
extremes. `eu` also hashes the file it reads and the one it writes, which llama-quantize does not. After
the last round the tensors of both files are compared byte by byte.
"""

import pathlib
import subprocess
import tempfile

from gguf import GGUFReader
from timing import by_turns, options, print_machine, print_speeds, timed, version

EU, PEER = "eu", "llama-quantize"


def tensors(path):
    return {t.name: (t.tensor_type.name, t.data) for t in GGUFReader(path).tensors}


def compare(ours, theirs):
    """How many tensors have the same type and bytes."""
    ours, theirs = tensors(ours), tensors(theirs)
    assert ours.keys() == theirs.keys()
    same = [n for n in ours if ours[n][0] == theirs[n][0] and (ours[n][1] == theirs[n][1]).all()]
    return len(same), len(ours)


def main():
    parser = options(__doc__, rounds=5)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--llama-quantize", required=True, help="the peer's program")
    parser.add_argument("--types", default="q8_0,q4_0,q4_k_m,q6_k", help="default: %(default)s")
    parser.add_argument("--imatrix", help="importance matrix for both")
    args = parser.parse_args()
    size = args.model.stat().st_size / 1e6
    print_machine()
    print(f"{version(args.eu)}; {args.model.name}, {size:.0f} MB, one thread")
    importance = ["--imatrix", args.imatrix] if args.imatrix else []
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = f"{folder}/eu.gguf", f"{folder}/llama.gguf"
        for kind in args.types.split(","):
            eu = [args.eu, "quantize", str(args.model), "--type", kind, "-o", ours, "--force"]
            eu += ["--threads", "1", "-q", *importance]
            peer = [args.llama_quantize, *importance, str(args.model), theirs, kind.upper(), "1"]
            quiet = {"stderr": subprocess.DEVNULL}
            _, spent = by_turns(
                args.rounds,
                {EU: lambda: timed(eu, **quiet), PEER: lambda: timed(peer, **quiet)},
            )
            same, n = compare(ours, theirs)
            print(f"{kind}: {same} of {n} tensors are the same bytes")
            speeds = {name: [size / seconds for seconds in spent[name]] for name in spent}
            print_speeds(speeds, EU, "MB/s", digits=0)


if __name__ == "__main__":
    main()
