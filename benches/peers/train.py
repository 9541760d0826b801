#!/usr/bin/env python3
"""Training steps of eu and of PyTorch on the processor, by turns: the table of speeds.

    pip install torch            # torch.compile also needs g++
    cargo build --release
    python benches/peers/train.py [--eu target/release/eu] [--rounds 5] [--json]

prints the whole table; it takes about three quarters of an hour on two cores, which should have
nothing else to do: threads of PyTorch that wait for each other keep their cores busy, and where
they must share them its two threads fall behind one. Interrupted, it prints what it has. Parts:
--cases S,M  --rows bf16,avx512,avx2  --threads 1,2  --only eu|torch.

Cases are shapes of a Llama with tied embeddings and random tokens:
  S  d 256, 6 layers, 4 heads, FF 704, vocabulary 8192, 8 x 256 tokens a step
  M  d 768, 12 layers, 12 heads, FF 2048, vocabulary 32768, 2 x 512 tokens a step
Rows are what both may use:
  bf16         eu on AMX; PyTorch in bf16 autocast, compiled and eager, the better of both counts
  avx512       eu in f32, EU_CPU=avx512; PyTorch eager in f32
  avx2         eu in f32, EU_CPU=avx2; PyTorch eager in f32, held to AVX2 by three variables:
               ATEN_CPU_CAPABILITY=avx2, ONEDNN_MAX_CPU_ISA=AVX2 and MKL_ENABLE_INSTRUCTIONS=AVX2
  avx2-mkl512  the same without the last variable, which leaves MKL's products (all of f32's) on
               AVX-512; not in the table unless named. What the variables do is measured and said.

Every measurement is a process of its own; eu and PyTorch take turns within a round, and so do the
numbers of threads. A process makes --steps steps (12 of S, 6 of M). The first two of PyTorch, where
it compiles and warms up, do not count; those of eu do. Of a process there are the best and the
median step; the table has the best of the bests and the median of the medians, as tokens per
second of processor time and of wall time. The ratio on one thread is that of processor time, since
machines are shared; on two threads that of wall time. The share of the peak is what 6 N + 6 L d T
floating-point operations a token (N parameters) are of --peak, TFLOP/s of one core.

PyTorch's compiler starts with an empty cache in the first round and finds its work of that round in
the others; both first steps are told. Memory is the peak resident set, of PyTorch the median over
the rounds. A target is met if the ratio of the bests meets it; `close` says that the one of the
medians does not.
"""

import argparse
import collections
import datetime
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import machine

Case = collections.namedtuple("Case", "d layers heads kv ff vocab seq batch steps")
CASES = {
    "S": Case(256, 6, 4, 4, 704, 8192, 256, 8, steps=12),
    "M": Case(768, 12, 12, 12, 2048, 32768, 512, 2, steps=6),
}

# eu's instruction set and precision, PyTorch's modes and environment, TFLOP/s of a core (measured
# on a Xeon with AMX), at least and aim of eu's speed as a multiple of PyTorch's
Row = collections.namedtuple("Row", "eu_cpu precision modes env peak at_least aim")
HELD = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
MKL_HELD = {"MKL_ENABLE_INSTRUCTIONS": "AVX2"}
ROWS = {
    "bf16": Row("amx", "bf16", ["bf16-compile", "bf16"], {}, 2.8, 1.5, 2.5),
    "avx512": Row("avx512", "f32", ["f32"], {}, 0.171, 1.2, 1.5),
    "avx2": Row("avx2", "f32", ["f32"], HELD | MKL_HELD, 0.093, 1.1, 1.3),
    "avx2-mkl512": Row("avx2", "f32", ["f32"], HELD, 0.093, 1.1, 1.3),
}
THREADS_AT_LEAST, THREADS_AIM = 1.7, 1.9  # two threads over one, wall
MEMORY_AT_MOST, MEMORY_AIM = 0.75, 0.5
SKIPPED = 2  # first steps of PyTorch that do not count

# Of one process: tokens per second by clock and statistic, peak bytes, seconds of the first step.
Run = collections.namedtuple("Run", "speeds rss first_step_s told")
CLOCKS = ("cpu", "wall")


def params(case):
    hd = case.d // case.heads
    layer = 2 * case.d * (case.d + case.kv * hd) + 3 * case.d * case.ff + 2 * case.d
    return case.layers * layer + case.vocab * case.d + case.d


def flops(case):
    """Floating-point operations a token, forward and backward."""
    return 6 * params(case) + 6 * case.layers * case.d * case.seq


def answer(command, env):
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}):\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def with_eu(program, case, row, threads, n_steps):
    words = f"""train --bench --d-model {case.d} --layers {case.layers} --heads {case.heads}
        --kv-heads {case.kv} --ff {case.ff} --vocab {case.vocab} --seq {case.seq}
        --batch {case.batch} --steps {n_steps} --precision {row.precision} --threads {threads}
        --json"""
    made = answer([program, *words.split()], {"EU_CPU": row.eu_cpu})
    speeds = {
        ("cpu", "best"): made["tokens_per_cpu_s"],
        ("cpu", "median"): made["tokens_per_cpu_s_median"],
        ("wall", "best"): made["tokens_per_s"],
        ("wall", "median"): made["tokens_per_s_median"],
    }
    return Run(speeds, made["peak_rss_bytes"], made["first_step_s"], made)


def torch(asked, env):
    return answer([sys.executable, str(Path(__file__).with_name("torch_llama.py")), asked], env)


def with_torch(mode, case, row, threads, n_steps, cache):
    asked = case._asdict() | {"mode": mode, "threads": threads, "steps": n_steps}
    cached = {"TORCHINDUCTOR_CACHE_DIR": cache}
    made = torch(json.dumps(asked), row.env | cached | {"OMP_NUM_THREADS": str(threads)})
    assert made["n_params"] == params(case), "the models differ"
    speeds = {}
    for clock in CLOCKS:
        seconds = made[f"{clock}_s"][SKIPPED:]
        speeds[clock, "best"] = case.batch * case.seq / min(seconds)
        speeds[clock, "median"] = case.batch * case.seq / statistics.median(seconds)
    return Run(speeds, made["peak_rss_bytes"], made["wall_s"][0], made)


def measure(args, name, row_name, cache, runs):
    """Fills `runs` by (program, threads), where a program is `eu` or a mode of PyTorch."""
    case, row = CASES[name], ROWS[row_name]
    n_steps = args.steps or case.steps
    programs = {"eu": ["eu"], "torch": row.modes}.get(args.only, ["eu", *row.modes])
    failed = set()
    for number in range(args.rounds):
        for threads in args.threads:
            for program in programs:
                if program in failed:
                    continue
                try:
                    if program == "eu":
                        run = with_eu(args.eu, case, row, threads, n_steps)
                    else:
                        made = f"{cache}/{name}-{threads}"  # what the compiler keeps
                        run = with_torch(program, case, row, threads, n_steps, made)
                except RuntimeError as error:
                    if program == "eu" or len(row.modes) == 1:
                        raise
                    failed.add(program)  # no compiler, say: the other mode stands for PyTorch
                    print(f"{program} is left out: {error}", file=sys.stderr)
                    continue
                runs[program, threads].append(run)
                speeds = ", ".join(f"{run.speeds[c, 'best']:.0f}/{c}-s" for c in CLOCKS)
                where = f"{name} {row_name} {threads}T round {number + 1}"
                print(f"  {where} {program}: {speeds}", file=sys.stderr)


def over_rounds(runs):
    """Best of the bests and median of the medians, by clock and statistic."""
    told = {}
    for clock in CLOCKS:
        told[clock, "best"] = max(run.speeds[clock, "best"] for run in runs)
        told[clock, "median"] = statistics.median(run.speeds[clock, "median"] for run in runs)
    return told


def verdict(best, median, at_least, aim):
    """In words; ratios that shall be low come inverted."""
    if best < at_least:
        return "missed"
    words = "aim met" if best >= aim else "met"
    return words if median >= at_least else f"{words}, close"


def summary(name, row_name, runs, args):
    """Rows of the table, as dicts of plain values."""
    case, row = CASES[name], ROWS[row_name]
    found = []
    for threads in args.threads:
        clock = "cpu" if threads == 1 else "wall"
        sides = {p: over_rounds(r) for (p, t), r in runs.items() if t == threads}
        entry = {"case": name, "row": row_name, "threads": threads, "ratio_of": clock}
        for program, speeds in sides.items():
            each = runs[program, threads]
            share = speeds["cpu", "best"] * flops(case) / 1e12 / (args.peak or row.peak)
            entry[program] = {f"tokens_per_{c}_s_{s}": round(v, 1) for (c, s), v in speeds.items()}
            entry[program] |= {
                "peak_share": round(share, 4),
                "peak_rss_bytes": statistics.median(run.rss for run in each),
                "first_step_s": [round(run.first_step_s, 2) for run in each],
            }
        if "eu" in sides:
            told = runs["eu", threads][0].told
            entry["eu"] |= {k: told.get(k) for k in ("executor", "loss_first", "loss_last")}
            shares = [run.told.get("gemm_peak_share") or 0 for run in runs["eu", threads]]
            entry["eu"]["gemm_peak_share"] = max(shares)
        peers = [p for p in row.modes if p in sides]
        if "eu" in sides and peers:
            ratios = {}
            for statistic in ("best", "median"):
                theirs = max(sides[p][clock, statistic] for p in peers)
                ratios[statistic] = sides["eu"][clock, statistic] / theirs
            entry["peer"] = max(peers, key=lambda p: sides[p][clock, "best"])
            entry["ratio_best"], entry["ratio_median"] = ratios["best"], ratios["median"]
            entry["speed"] = verdict(ratios["best"], ratios["median"], row.at_least, row.aim)
            memory = entry["eu"]["peak_rss_bytes"] / min(entry[p]["peak_rss_bytes"] for p in peers)
            entry["memory_ratio"] = memory
            entry["memory"] = verdict(1 / memory, 1 / memory, 1 / MEMORY_AT_MOST, 1 / MEMORY_AIM)
        found.append(entry)
    if ("eu", 1) in runs and ("eu", 2) in runs:
        one, two = (over_rounds(runs["eu", threads]) for threads in (1, 2))
        best, median = (two["wall", s] / one["wall", s] for s in ("best", "median"))
        words = verdict(best, median, THREADS_AT_LEAST, THREADS_AIM)
        entry = {"case": name, "row": row_name, "threads": "2 over 1", "ratio_of": "wall"}
        found.append(entry | {"ratio_best": best, "ratio_median": median, "speed": words})
    return found


def show(found):
    print(
        f"{'case':4} {'row':11} {'threads':8} {'program':13} {'tokens per CPU second':>21} "
        f"{'per wall second':>17} {'peak':>6} {'memory':>8}  first step"
    )
    for entry in found:
        for program in ["eu", *ROWS[entry["row"]].modes]:
            if program not in entry:
                continue
            side = entry[program]
            pair = lambda c: "{:.0f} ({:.0f})".format(
                side[f"tokens_per_{c}_s_best"], side[f"tokens_per_{c}_s_median"]
            )
            firsts = side["first_step_s"]
            notes = [f"{firsts[0]:.1f} s"]
            if "compile" in program:
                notes[0] += f", later {min(firsts):.1f} s"
            if program == "eu":
                notes.append(str(side["executor"]))
                notes.append(f"GEMM {side['gemm_peak_share']:.0%} of the peak")
            print(
                f"{entry['case']:4} {entry['row']:11} {entry['threads']!s:8} {program:13} "
                f"{pair('cpu'):>21} {pair('wall'):>17} {side['peak_share']:6.1%} "
                f"{side['peak_rss_bytes'] / 1e9:5.2f} GB  {'; '.join(notes)}"
            )
    print(f"\n{'case':4} {'row':11} {'threads':8} {'ratio (medians)':16} at least    aim")
    for entry in found:
        if "ratio_best" not in entry:
            continue
        row, two = ROWS[entry["row"]], entry["threads"] == "2 over 1"
        low, aim = (THREADS_AT_LEAST, THREADS_AIM) if two else (row.at_least, row.aim)
        against = "one thread" if two else entry["peer"]
        print(
            f"{entry['case']:4} {entry['row']:11} {entry['threads']!s:8} "
            f"{entry['ratio_best']:5.2f} ({entry['ratio_median']:.2f})     {low:8.2f} {aim:6.2f}"
            f"  {entry['speed']}: {entry['ratio_of']} time, against {against}"
        )
        if "memory" in entry:
            print(
                f"{'':25} {entry['memory_ratio']:5.2f}            {MEMORY_AT_MOST:8.2f}"
                f" {MEMORY_AIM:6.2f}  {entry['memory']}: peak memory, at most"
            )


def products():
    """GFLOP/s of PyTorch's f32 product, to see which variables hold it to AVX2."""
    rows = {"free": {}, "without MKL's variable": HELD, "held": HELD | MKL_HELD}
    alone = {"OMP_NUM_THREADS": "1"}
    return {name: round(torch("product", env | alone)["gflops"]) for name, env in rows.items()}


def tell(args, about, found):
    versions = ", ".join(filter(None, [about.get("eu"), about.get("torch")]))
    print(f"machine: {about['machine']}, {about['cores']} cores, load {about['load']} at the start")
    print(f"{versions}; {about['date']}; {args.rounds} rounds; best (median)")
    for name in args.cases:
        n_params, n_flops = params(CASES[name]), flops(CASES[name])
        print(f"{name}: {n_params / 1e6:.1f} M parameters, {n_flops / 1e6:.1f} MFLOP a token")
    if "f32_product_gflops" in about:
        told = ", ".join(f"{speed} {what}" for what, speed in about["f32_product_gflops"].items())
        print(f"PyTorch's f32 product, one thread, GFLOP/s: {told}")
    print(f"{about.get('incomplete', '')}")
    show(found)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    listed = lambda of: lambda words: [of(word) for word in words.split(",")]
    parser.add_argument("--eu", default="target/release/eu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=listed(str), default=["S", "M"])
    parser.add_argument("--rows", type=listed(str), default=["bf16", "avx512", "avx2"])
    parser.add_argument("--threads", type=listed(int), default=[1, 2])
    parser.add_argument("--steps", type=int, help="steps of a process; 12 of S, 6 of M")
    parser.add_argument("--peak", type=float, help="TFLOP/s of a core, in place of a Xeon's")
    parser.add_argument("--only", choices=["eu", "torch"], help="measure one side alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    for name, known in [("cases", CASES), ("rows", ROWS)]:
        if unknown := set(getattr(args, name)) - set(known):
            parser.error(f"--{name}: no {', '.join(unknown)}; there are {', '.join(known)}")
    if args.only != "eu" and args.steps is not None and args.steps <= SKIPPED:
        parser.error(f"--steps: more than {SKIPPED}, which do not count for PyTorch")

    about = {"machine": machine(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}
    about |= {"date": datetime.date.today().isoformat(), "rounds": args.rounds}
    if args.only != "torch":
        told = subprocess.run([args.eu, "--version"], capture_output=True, text=True, check=True)
        about["eu"] = told.stdout.strip()
    if args.only != "eu":
        about["f32_product_gflops"] = products()
    found = []
    with tempfile.TemporaryDirectory() as cache:
        for name, row in itertools.product(args.cases, args.rows):
            runs = collections.defaultdict(list)
            try:
                measure(args, name, row, cache, runs)
            except (KeyboardInterrupt, RuntimeError) as error:
                about["incomplete"] = f"stopped in {name} {row}: {str(error) or 'interrupted'}"
                print(about["incomplete"], file=sys.stderr)
            theirs = [r.told["version"] for (p, _), rs in runs.items() if p != "eu" for r in rs]
            about |= {"torch": f"PyTorch {theirs[0]}"} if theirs else {}
            found += summary(name, row, runs, args)
            if "incomplete" in about:
                break
    if args.json:
        print(json.dumps({"about": about, "table": found}))
    else:
        tell(args, about, found)
    return 1 if "incomplete" in about else 0


if __name__ == "__main__":
    sys.exit(main())
