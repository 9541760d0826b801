#!/usr/bin/env python3
"""Reading and writing of quantised models beside llama.cpp, on the same files, by turns.

    pip download --no-binary :all: --no-deps llama-cpp-python && tar xf llama_cpp_python-*.tar.gz
    cmake -B build -DGGML_NATIVE=ON -DLLAMA_CURL=OFF llama_cpp_python-*/vendor/llama.cpp
    cmake --build build -t llama-bench llama-batched-bench llama-completion
    python benches/peers/chat.py MODEL.gguf ... --llama build/bin [--eu target/release/eu]
                                 [--threads 1,2] [--rounds 5] [--only decode,prefill,batch,start,memory]

On processors with AMX gcc 12 drops stores that llama.cpp's tiles need (the first prompt ends with
SIGILL): build it with a compiler that keeps them, or so that `_tile_loadconfig` is an `asm` with a
memory operand; this script says which instruction sets the peer found.

| case | eu | llama.cpp |
|---|---|---|
| decode, 128 tokens | eu chat --bench --prefill 0 --decode 128 | llama-bench -p 0 -n 128 |
| prefill, 512 tokens | eu chat --bench --prefill 512 --decode 0 | llama-bench -p 512 -n 0 |
| batch of 8, 128 read and 128 written | eu chat --bench --batch 8 | llama-batched-bench -npl 8 |
| start to first token | eu chat --raw -p TEXT --max-tokens 1 | llama-completion -p TEXT -n 1 |
| peak memory of a run of 512 + 128 | wait4 | wait4 |

Every program runs once in each round, the order turns; medians are printed with the extremes, and
the ratio of medians. Figures of the wall clock: a machine that others use shows in the extremes.
"""

import json
import os
import pathlib
import statistics
import subprocess
import time

from timing import options as parser_of
from timing import print_machine

PROMPT = "The capital of the European Union is"


def run(command, folder=None):
    """Output, seconds and peak bytes of a program, its children not counted."""
    environment = dict(os.environ)
    if folder:
        environment["LD_LIBRARY_PATH"] = str(folder)
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {command}")
    return output.decode(), seconds, usage.ru_maxrss * 1024


class Eu:
    def __init__(self, binary):
        self.binary = binary

    def bench(self, model, threads, prefill, decode, batch=1):
        sizes = ["--prefill", prefill, "--decode", decode, "--batch", batch, "--repeat", 1]
        command = [self.binary, "chat", model, "--bench", "--json", "--threads", threads, *sizes]
        output, _, peak = run(command)
        return json.loads(output), peak

    def decode(self, model, threads):
        return self.bench(model, threads, 0, 128)[0]["decode_tokens_per_s"]

    def prefill(self, model, threads):
        return self.bench(model, threads, 512, 0)[0]["prefill_tokens_per_s"]

    def batch(self, model, threads):
        return self.bench(model, threads, 128, 128, 8)[0]["total_tokens_per_s"]

    def start(self, model, threads):
        command = [self.binary, "chat", model, "--raw", "-p", PROMPT, "--max-tokens", 1]
        return 1e3 * run([*command, "--temperature", 0, "--threads", threads])[1]

    def memory(self, model, threads):
        return self.bench(model, threads, 512, 128)[1] / 2**20


class Llama:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def bench(self, model, threads, prefill, decode):
        command = [self.folder / "llama-bench", "-m", model, "-t", threads, "-p", prefill]
        command += ["-n", decode, "-r", 1, "-o", "json"]
        output, _, peak = run(command, self.folder)
        return [row["avg_ts"] for row in json.loads(output)], peak

    def decode(self, model, threads):
        return self.bench(model, threads, 0, 128)[0][0]

    def prefill(self, model, threads):
        return self.bench(model, threads, 512, 0)[0][0]

    def batch(self, model, threads):
        command = [self.folder / "llama-batched-bench", "-m", model, "-t", threads, "-tb", threads]
        command += ["-c", 8 * 256, "-npp", 128, "-ntg", 128, "-npl", 8, "--output-format", "jsonl"]
        output = run(command, self.folder)[0]
        rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return rows[-1]["speed"]

    def start(self, model, threads):
        command = [self.folder / "llama-completion", "-m", model, "-t", threads, "-p", PROMPT]
        command += ["-n", 1, "-no-cnv", "--temp", 0, "-c", 512]
        return 1e3 * run(command, self.folder)[1]

    def memory(self, model, threads):
        return self.bench(model, threads, 512, 128)[1] / 2**20


# name, unit, whether more is better, what is asked
CASES = {
    "decode": ("tokens/s", True, 1.0),
    "prefill": ("tokens/s", True, 1.5),
    "batch": ("tokens/s", True, 1.2),
    "start": ("ms", False, 0.7),
    "memory": ("MiB", False, 1.1),
}


def main():
    parser = parser_of(__doc__, rounds=5)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--llama", required=True, help="folder of llama.cpp's programs")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default=",".join(CASES))
    options = parser.parse_args()
    print_machine()
    eu, llama = Eu(options.eu), Llama(options.llama)
    print("| model | case | threads | eu | llama.cpp | ratio | asked |")
    print("|---|---|--:|---|---|--:|--:|")
    for model in options.models:
        for case in options.only.split(","):
            unit, more, asked = CASES[case]
            for threads in options.threads.split(","):
                figures = {eu: [], llama: []}
                for round_ in range(options.rounds):
                    order = [eu, llama] if round_ % 2 == 0 else [llama, eu]
                    for program in order:
                        figures[program].append(getattr(program, case)(model, threads))
                told = []
                for program in (eu, llama):
                    all_ = figures[program]
                    middle = statistics.median(all_)
                    told.append(f"{middle:.1f} ({min(all_):.1f} to {max(all_):.1f}) {unit}")
                ratio = statistics.median(figures[eu]) / statistics.median(figures[llama])
                bound = f"{'≥' if more else '≤'} {asked}"
                name = pathlib.Path(model).name
                print(f"| {name} | {case} | {threads} | {told[0]} | {told[1]} | {ratio:.2f} | {bound} |", flush=True)


if __name__ == "__main__":
    main()
