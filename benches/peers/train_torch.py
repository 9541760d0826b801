#!/usr/bin/env python3
"""Training the same model in PyTorch and in eu on the processor, by turns: tokens per CPU second.

    pip install torch
    cargo build --release
    python benches/peers/train_torch.py DATA [--eu target/release/eu] [--rounds 3] [--threads 1]

DATA is a folder made by `eu prepare`; only its vocabulary size and its language shards matter here.
Both train a Llama of the default shape of `eu train` (f32, AdamW, clipping, the same batch). PyTorch
runs eagerly, with its fused attention and fused AdamW, on random tokens; that both compute the same
losses is shown by tests/parity/train_torch.py, not here.

eu is timed as a whole process, twice, with few and with more steps: the difference of processor
seconds over the difference of tokens leaves out its start, scoring and saving. PyTorch is timed
around its steps, after two that warm up. Medians over the rounds, with the extremes.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time

import torch
from langid import machine
from torch import nn
from torch.nn import functional as F

D, LAYERS, HEADS, KV, FF, T, B = 256, 6, 4, 2, 704, 256, 8
FEW, MORE = 4, 16


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.hd = D // HEADS
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.norms = nn.ParameterList([torch.ones(D), torch.ones(D)])
        self.qkv = linear(D, (HEADS + 2 * KV) * self.hd)
        self.out, self.down = linear(HEADS * self.hd, D), linear(FF, D)
        self.gate_up = linear(D, 2 * FF)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        heads = self.qkv(F.rms_norm(x, (D,), self.norms[0], 1e-5)).view(b, t, -1, self.hd)
        q, k, v = heads.transpose(1, 2).split([HEADS, KV, KV], 1)  # [b, h, t, hd]

        def turn(x):
            low, high = x.chunk(2, -1)
            return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)

        o = F.scaled_dot_product_attention(turn(q), turn(k), v, is_causal=True, enable_gqa=True)
        x = x + self.out(o.transpose(1, 2).reshape(b, t, -1))
        gate, up = self.gate_up(F.rms_norm(x, (D,), self.norms[1], 1e-5)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Llama(nn.Module):
    def __init__(self, n_vocab):
        super().__init__()
        self.embedding = nn.Embedding(n_vocab, D)
        self.layers = nn.ModuleList([Layer() for _ in range(LAYERS)])
        self.norm = nn.Parameter(torch.ones(D))
        angles = torch.outer(torch.arange(T), 10000.0 ** -(torch.arange(0, D // HEADS, 2) / (D // HEADS)))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def loss(self, tokens):
        x = self.embedding(tokens[:, :-1])
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        logits = F.linear(F.rms_norm(x, (D,), self.norm, 1e-5), self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def with_torch(n_vocab, threads):
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    model = Llama(n_vocab)
    adamw = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    for step in range(2 + MORE - FEW):
        if step == 2:
            began = time.process_time()
        loss = model.loss(torch.randint(n_vocab, (B, T + 1)))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
    n_params = sum(p.numel() for p in model.parameters())
    return (MORE - FEW) * B * T / (time.process_time() - began), n_params


def with_eu(program, data, threads):
    def spent(steps):
        with tempfile.TemporaryDirectory() as folder:
            words = f"""train {data} -o {folder}/run --steps {steps} --d-model {D} --n-layers {LAYERS}
                --n-heads {HEADS} --n-kv-heads {KV} --d-ff {FF} --context {T} --batch {B}
                --eval-tokens 1 --threads {threads} --json -q"""
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([program, *words.split()], stdout=subprocess.PIPE, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, json.loads(done.stdout.splitlines()[-1])

    few, more = spent(FEW), spent(MORE)
    return (MORE - FEW) * B * T / (more[0] - few[0]), more[1]["n_params"], more[1]["executor"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data")
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    with open(os.path.join(args.data, "tokenizer.json"), encoding="utf-8") as file:
        n_vocab = len(json.load(file)["model"]["vocab"])
    ours, theirs = [], []
    for _ in range(args.rounds):
        speed, n_params, executor = with_eu(args.eu, os.path.abspath(args.data), args.threads)
        ours.append(speed)
        speed, n_theirs = with_torch(n_vocab, args.threads)
        theirs.append(speed)
        assert n_params == n_theirs, f"{n_params} parameters, {n_theirs} in PyTorch"
    print(f"machine: {machine()}; {args.threads} threads")
    print(f"{n_params} parameters, vocabulary {n_vocab}, {B} x {T} tokens a step, f32")
    for name, speed in ((f"eu, {executor}", ours), (f"PyTorch {torch.__version__}", theirs)):
        spread = f"({min(speed):.0f} to {max(speed):.0f})"
        print(f"  {name:24} {statistics.median(speed):6.0f} tokens/CPU-s {spread}")
    print(f"  ratio {statistics.median(ours) / statistics.median(theirs):.2f}")


if __name__ == "__main__":
    main()
