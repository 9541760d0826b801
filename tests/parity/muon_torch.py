"""Three steps of torch.optim.Muon on matrices of three shapes: the weights Europium must have.

Make the golden again, from the root of the repository, with any Python that has torch 2.9 or later:

    python tests/parity/muon_torch.py > tests/golden/muon_torch.json

torch makes its matrices orthogonal in bf16; "f64" is the same code with f64 in its place, which
can be compared more closely. Numbers are worked out from names and positions as tests/it/parity.rs
does it.
"""

import json
from types import SimpleNamespace

import torch
from torch.optim import _muon

torch.set_num_threads(1)
MASK = (1 << 64) - 1
SHAPES = [(16, 16), (6, 20), (20, 6)]
STEPS = 3


def number(name, i):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    z = (h + (i + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def tensor(name, rows, cols, dtype):
    unit = torch.tensor([(number(name, i) >> 40) / (1 << 24) for i in range(rows * cols)], dtype=dtype)
    return ((unit - 0.5) * 0.25).reshape(rows, cols)


def train(rows, cols, dtype):
    p = tensor("params", rows, cols, dtype).requires_grad_()
    muon = torch.optim.Muon([p], lr=1e-2, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for step in range(STEPS):
        p.grad = tensor(f"grads {step}", rows, cols, dtype)
        muon.step()
    return [float(f"{x:.7f}") for x in p.detach().flatten().tolist()]


cases = [{"rows": rows, "cols": cols, "bf16": train(rows, cols, torch.float32)} for rows, cols in SHAPES]
_muon.torch = SimpleNamespace(**vars(torch) | {"bfloat16": torch.float64})
for case in cases:
    case["f64"] = train(case["rows"], case["cols"], torch.float64)
print(json.dumps({"made_by": f"tests/parity/muon_torch.py, torch {torch.__version__}", "cases": cases}))
