#!/usr/bin/env python3
"""Two hundred steps of a small Llama in PyTorch on real text: the loss curves to compare with.

Make the golden again, from the root of the repository, with any Python that has torch and numpy,
and `zstd` on the path:

    python tests/parity/curve.py > tests/golden/curve_torch.json

The model is trained three times from the same weights on the same batches, one thread: in f32, in
bf16 autocast (weights, moments and losses in f32, as `--precision bf16` of eu) and in f64. How far
each is from f64 is printed to stderr: what eu may differ from PyTorch is judged by what PyTorch
differs from itself. src/engine/train/curve.rs takes the same steps in eu:

    cargo test --lib curve -- --nocapture

prints how far its curves are from these and fails beyond the tolerance stated there.

Weights and windows of text are worked out from names and positions as curve.rs does it; a token is
a byte of the embedded corpus after three special ones.
"""

import json
import math
import subprocess
import sys

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)
V, D, LAYERS, HEADS, KV, FF = 259, 64, 2, 4, 2, 176
HD = D // HEADS
B, T, STEPS = 8, 64, 200
THETA, EPS = 10000.0, 1e-5
PEAK, FLOOR, WARMUP, DECAY = 3e-3, 0.1, 10, 40
LAST = 10  # steps at the end whose mean is the final loss
CORPUS = "assets/corpus/udhr.jsonl.zst"


def numbers(name, n):
    """The first `n` numbers of `name`: FNV-1a of the name, then splitmix64 (64-bit, wrapping)."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def tensor(name, *shape):
    """Multiples of 2^-26 between -1/8 and 1/8, around 1 for norms: exact in f32."""
    unit = (numbers(name, math.prod(shape)) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    values = (unit - 0.5) * 0.25 + (1.0 if "norm" in name else 0.0)
    return torch.from_numpy(values).reshape(shape)


def weights(dtype):
    shapes = {"model.embed_tokens.weight": (V, D), "model.norm.weight": (D,)}
    for i in range(LAYERS):
        for part, shape in [
            ("input_layernorm", (D,)),
            ("self_attn.q_proj", (HEADS * HD, D)),
            ("self_attn.k_proj", (KV * HD, D)),
            ("self_attn.v_proj", (KV * HD, D)),
            ("self_attn.o_proj", (D, HEADS * HD)),
            ("post_attention_layernorm", (D,)),
            ("mlp.gate_proj", (FF, D)),
            ("mlp.up_proj", (FF, D)),
            ("mlp.down_proj", (D, FF)),
        ]:
            shapes[f"model.layers.{i}.{part}.weight"] = shape
    return {k: tensor(k, *s).to(dtype).requires_grad_() for k, s in shapes.items()}


def batches():
    """STEPS batches [B, T + 1]: windows anywhere in the corpus."""
    lines = subprocess.run(["zstd", "-dc", CORPUS], stdout=subprocess.PIPE, check=True).stdout
    text = "".join(json.loads(line)["text"] for line in lines.splitlines()).encode()
    tokens = torch.from_numpy(np.frombuffer(text, np.uint8).astype(np.int64)) + 3
    first = numbers("windows", STEPS * B) % np.uint64(len(text) - T)
    windows = torch.from_numpy(first.astype(np.int64))[:, None] + torch.arange(T + 1)
    return tokens[windows].view(STEPS, B, T + 1)


def loss_of(w, tokens):
    dtype = w["model.norm.weight"].dtype
    positions = torch.arange(T, dtype=dtype)
    angles = torch.outer(positions, THETA ** (-torch.arange(0, HD, 2, dtype=dtype) / HD))
    cos, sin = angles.cos(), angles.sin()

    def rotate(x):  # [B, heads, T, HD], halves turned against each other
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

    norm = lambda x, part: F.rms_norm(x, (D,), w[part], EPS)
    x = w["model.embed_tokens.weight"][tokens[:, :-1]]
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        linear = lambda x, part: F.linear(x, w[f"{at}{part}.weight"])
        heads = lambda x, part, n: linear(x, part).view(B, T, n, HD).transpose(1, 2)
        h = norm(x, f"{at}input_layernorm.weight")
        q = rotate(heads(h, "self_attn.q_proj", HEADS))
        k = rotate(heads(h, "self_attn.k_proj", KV))
        v = heads(h, "self_attn.v_proj", KV)
        # autocast leaves what is turned in f32, and the fused attention wants one type
        q, k = q.to(v.dtype), k.to(v.dtype)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + linear(mixed.transpose(1, 2).reshape(B, T, D), "self_attn.o_proj")
        h = norm(x, f"{at}post_attention_layernorm.weight")
        gated = F.silu(linear(h, "mlp.gate_proj")) * linear(h, "mlp.up_proj")
        x = x + linear(gated, "mlp.down_proj")
    logits = F.linear(norm(x, "model.norm.weight"), w["model.embed_tokens.weight"])
    logits = logits.float() if logits.dtype == torch.bfloat16 else logits
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    if step < STEPS - DECAY:
        return PEAK
    return PEAK * (FLOOR + (1 - FLOOR) * (STEPS - step) / DECAY)


def train(data, dtype, autocast=False):
    w = weights(dtype)
    matrices = [p for p in w.values() if p.dim() > 1]
    norms = [p for p in w.values() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for step, tokens in enumerate(data):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = loss_of(w, tokens)
        adamw.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(w.values(), 1.0)
        for group in adamw.param_groups:
            group["lr"] = rate(step)
        adamw.step()
        losses.append(loss.item())
    return np.array(losses)


def difference(losses, others):
    relative = np.abs(losses / others - 1)
    final = losses[-LAST:].mean() / others[-LAST:].mean() - 1
    return f"max {relative.max():.3%}, mean {relative.mean():.3%}, final loss {final:+.3%}"


def main():
    data = batches()
    exact = train(data, torch.float64)
    curves = {"f32": train(data, torch.float32), "bf16": train(data, torch.float32, autocast=True)}
    for name, losses in curves.items():
        print(f"PyTorch {name} from PyTorch f64: {difference(losses, exact)}", file=sys.stderr)
    final = exact[-LAST:].mean()
    print(f"loss {exact[0]:.3f} at first, {final:.3f} at the end", file=sys.stderr)
    made_by = f"tests/parity/curve.py, torch {torch.__version__}"
    rounded = {name: [round(x, 6) for x in losses] for name, losses in curves.items()}
    print("{")
    print(f' "made_by": {json.dumps(made_by)},')
    print(",\n".join(f' "{name}": {json.dumps(losses)}' for name, losses in rounded.items()))
    print("}")


if __name__ == "__main__":
    main()
