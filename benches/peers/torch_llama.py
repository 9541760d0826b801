"""One measurement of PyTorch for train.py, a process of its own: steps of a Llama, one JSON line.

    python benches/peers/torch_llama.py '{"d": 256, "layers": 6, "heads": 4, "kv": 4, "ff": 704,
        "vocab": 8192, "seq": 256, "batch": 8, "mode": "bf16-compile", "threads": 1, "steps": 12}'
    python benches/peers/torch_llama.py product    # GFLOP/s of a product in f32, one thread

Modes: f32, bf16 (autocast: weights and moments in f32), bf16-compile (the same, torch.compile).
The model is written to be fast in PyTorch: its fused attention, AdamW in one fused kernel. One
product for queries, keys and values and one for gate and up were tried: up to about 15 % slower, eager and
compiled. Weights and tokens are random; that eu computes the same losses is shown by tests/parity.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

EPS, THETA = 1e-5, 10000.0


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        d, ff = shape["d"], shape["ff"]
        self.heads, self.kv, self.hd = shape["heads"], shape["kv"], d // shape["heads"]
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.norms = nn.ModuleList([nn.RMSNorm(d, eps=EPS), nn.RMSNorm(d, eps=EPS)])
        self.q, self.out = linear(d, d), linear(d, d)
        self.k, self.v = linear(d, self.kv * self.hd), linear(d, self.kv * self.hd)
        self.gate, self.up, self.down = linear(d, ff), linear(d, ff), linear(ff, d)

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        h = self.norms[0](x)
        heads = lambda part: part(h).view(b, t, -1, self.hd).transpose(1, 2)  # [b, heads, t, hd]
        q, k, v = heads(self.q), heads(self.k), heads(self.v)

        def turn(x):  # halves turned against each other
            low, high = x.chunk(2, -1)
            c, s = cos.to(x.dtype), sin.to(x.dtype)
            return torch.cat([low * c - high * s, high * c + low * s], -1)

        gqa = self.kv != self.heads
        o = F.scaled_dot_product_attention(turn(q), turn(k), v, is_causal=True, enable_gqa=gqa)
        x = x + self.out(o.transpose(1, 2).reshape(b, t, d))
        h = self.norms[1](x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self, shape):
        super().__init__()
        d, hd = shape["d"], shape["d"] // shape["heads"]
        self.embedding = nn.Embedding(shape["vocab"], d)
        self.layers = nn.ModuleList([Layer(shape) for _ in range(shape["layers"])])
        self.norm = nn.RMSNorm(d, eps=EPS)
        turns = THETA ** -(torch.arange(0, hd, 2) / hd)
        angles = torch.outer(torch.arange(shape["seq"]), turns)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, inputs, targets):
        x = self.embedding(inputs)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        logits = F.linear(self.norm(x), self.embedding.weight)  # tied
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def product():
    """GFLOP/s of 1024 x 1024 x 1024 in f32: tells which instructions MKL uses."""
    torch.set_num_threads(1)
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = float("inf")
    for _ in range(12):
        began = time.process_time()
        a @ b
        best = min(best, time.process_time() - began)
    return {"gflops": 2 * 1024**3 / best / 1e9}


def steps(case):
    torch.manual_seed(1)
    torch.set_num_threads(case["threads"])
    model = Llama(case)
    adamw = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    loss_of = torch.compile(model) if case["mode"] == "bf16-compile" else model
    autocast = case["mode"] != "f32"
    cpu_s, wall_s, losses = [], [], []
    for _ in range(case["steps"]):
        tokens = torch.randint(case["vocab"], (case["batch"], case["seq"] + 1))
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
        cpu, wall = time.process_time(), time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = loss_of(inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        cpu_s.append(time.process_time() - cpu)
        wall_s.append(time.perf_counter() - wall)
        losses.append(loss.item())
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "losses": losses,
        "n_params": sum(p.numel() for p in model.parameters()),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "version": torch.__version__,
    }


if __name__ == "__main__":
    asked = sys.argv[1]
    print(json.dumps(product() if asked == "product" else steps(json.loads(asked))))
