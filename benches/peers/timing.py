"""What the comparisons beside this file share: options, time of processes, turns, how it is told.

Speed is counted for each second of processor time, since machines are shared. Every program runs
once in each round, so that what slows the machine down meets all of them.
"""

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path


def options(doc, rounds=None):
    """A parser with the script's own words for its help, `--eu` and, where it times, `--rounds`."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eu", default="target/release/eu", help="the program (%(default)s)")
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds, help="default: %(default)s")
    return parser


def machine():
    """Name of the processor, system and architecture."""
    name = platform.processor() or platform.machine()
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(l.split(":", 1)[1].strip() for l in told if l.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {platform.system()} {platform.machine()}"


def print_machine():
    print(f"machine: {machine()}; Python {platform.python_version()}")


def version(program):
    """`eu 0.1.0`."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def left_out(name, why="not installed"):
    print(f"{name} is left out: {why}", file=sys.stderr)


def timed(command, **how):
    """What a process prints, as bytes, and the processor seconds it took."""
    how.setdefault("stdout", subprocess.PIPE)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, **how)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def called(call, items):
    """What a call gives for each item, and the processor seconds of all calls."""
    began = time.process_time()
    found = [call(item) for item in items]
    return found, time.process_time() - began


def by_turns(rounds, programs):
    """Runs every program once in each round. {name: run}, where a run gives what it found and the
    seconds it took -> {name: what the last run found}, {name: seconds of each round}."""
    found, spent = {}, {name: [] for name in programs}
    for _ in range(rounds):
        for name, run in programs.items():
            found[name], seconds = run()
            spent[name].append(seconds)
    return found, spent


def print_speeds(speeds, ours, unit, digits=2, notes=None):
    """A line for each program: median and extremes of its rounds, a note, and how many times as
    fast `ours` is."""
    for name, speed in speeds.items():
        middle = statistics.median(speed)
        spread = f"({min(speed):.{digits}f} to {max(speed):.{digits}f})"
        note = f", {notes[name]}" if notes and name in notes else ""
        ratio = statistics.median(speeds[ours]) / middle
        told = "" if name == ours else f"  eu is {ratio:.{0 if ratio > 20 else 1}f} times as fast"
        print(f"  {name:28} {middle:8.{digits}f} {unit} {spread}{note}{told}")
