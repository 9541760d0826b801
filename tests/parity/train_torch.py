"""Twenty steps of a small Llama in plain PyTorch, f32 on the CPU: the losses Europium must have.

Make the golden again, from the root of the repository, with any Python that has torch:

    python tests/parity/train_torch.py > tests/golden/train_torch.json

Weights and tokens are worked out from names and positions as tests/it/parity.rs does it.
"""

import json
import math

import torch
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)
MASK = (1 << 64) - 1
V, D, LAYERS, HEADS, KV, FF = 300, 48, 2, 4, 2, 80
HD = D // HEADS
B, T, STEPS, BATCHES = 4, 24, 20, 4
THETA, EPS = 10000.0, 1e-5
PEAK, FLOOR, WARMUP, DECAY = 1e-2, 0.1, 2, 5


def number(name, i):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    z = (h + (i + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def tensor(name, *shape):
    n = math.prod(shape)
    unit = torch.tensor([(number(name, i) >> 40) / (1 << 24) for i in range(n)], dtype=torch.float32)
    values = (unit - 0.5) * 0.25
    if "norm" in name:
        values = values + 1.0
    return values.reshape(shape).requires_grad_()


def weights(tied):
    named = {"model.embed_tokens.weight": (V, D)}
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
            named[f"model.layers.{i}.{part}.weight"] = shape
    named["model.norm.weight"] = (D,)
    if not tied:
        named["lm_head.weight"] = (V, D)
    return {name: tensor(name, *shape) for name, shape in named.items()}


def norm(x, w):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * w


def rotate(x):  # [B, heads, T, HD], halves turned against each other
    angles = torch.outer(torch.arange(T).float(), THETA ** (-torch.arange(0, HD, 2).float() / HD))
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def loss_of(w, inputs, targets):
    x = w["model.embed_tokens.weight"][inputs]
    for i in range(LAYERS):
        get = lambda part: w[f"model.layers.{i}.{part}.weight"]
        h = norm(x, get("input_layernorm"))
        heads = lambda part, n: (h @ get(part).T).view(-1, T, n, HD).transpose(1, 2)
        q = rotate(heads("self_attn.q_proj", HEADS))
        k = rotate(heads("self_attn.k_proj", KV)).repeat_interleave(HEADS // KV, dim=1)
        v = heads("self_attn.v_proj", KV).repeat_interleave(HEADS // KV, dim=1)
        scores = q @ k.transpose(-1, -2) / math.sqrt(HD)
        scores = scores.masked_fill(torch.ones(T, T).triu(1).bool(), float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, T, HEADS * HD)
        x = x + mixed @ get("self_attn.o_proj").T
        h = norm(x, get("post_attention_layernorm"))
        gated = F.silu(h @ get("mlp.gate_proj").T) * (h @ get("mlp.up_proj").T)
        x = x + gated @ get("mlp.down_proj").T
    head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    logits = norm(x, w["model.norm.weight"]) @ head.T
    return F.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))


def rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    if step < STEPS - DECAY:
        return PEAK
    return PEAK * (FLOOR + (1 - FLOOR) * (STEPS - step) / DECAY)


def train(tied):
    w = weights(tied)
    matrices = [p for p in w.values() if p.dim() > 1]
    norms = [p for p in w.values() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    losses, grad_norms = [], []
    for step in range(STEPS):
        first = (step % BATCHES) * B * (T + 1)
        tokens = [number("tokens", first + i) % V for i in range(B * (T + 1))]
        tokens = torch.tensor(tokens).view(B, T + 1)
        loss = loss_of(w, tokens[:, :-1], tokens[:, 1:])
        optimiser.zero_grad()
        loss.backward()
        grad_norms.append(torch.nn.utils.clip_grad_norm_(w.values(), 1.0).item())
        for group in optimiser.param_groups:
            group["lr"] = rate(step)
        optimiser.step()
        losses.append(loss.item())
    return {"losses": losses, "grad_norms": grad_norms}


made_by = f"tests/parity/train_torch.py, torch {torch.__version__}"
print(json.dumps({"made_by": made_by, "n_vocab": V, "tied": train(True), "untied": train(False)}, indent=1))
