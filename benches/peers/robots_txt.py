#!/usr/bin/env python3
"""Verdicts on robots.txt beside protego (Scrapy's), robotspy, gpyrobotstxt (a port of Google's
parser) and urllib.robotparser, on generated and given files.

    pip install protego robotspy gpyrobotstxt
    python benches/peers/robots_txt.py [FILE.robots.txt ...] [--eu target/release/eu] [--cases 20000]

Each case is a file, an agent and a path. eu is asked once for all of them:

    eu prepare lawful --hosts HOSTS.jsonl --agents AGENT --checks robots < RECORDS.jsonl

where HOSTS has a line {"host", "robots"} for each file and RECORDS a line {"u", "text"} for each
case; the field `allowed` of each record printed is read. Printed is the share of cases in which
eu and a peer agree, and of the cases in which they differ how many fall under each known reason,
with one example; `other` is what is left. A peer that is not installed is left out and said to be.
"""

import collections
import importlib.metadata
import json
import random
import re
import subprocess
import sys
import tempfile
import urllib.robotparser

from timing import left_out, options, version

AGENTS = ["GPTBot", "CCBot", "AI2Bot", "ia_archiver", "Google-Extended", "Somebot"]
NAMES = ["/", "/a", "/a/b", "/private", "/private/", "/p%61ge", "/page", "/a%2Fb", "/\u00fc",
         "/%C3%BC", "/x?q=1", "/x?u=http://y/z", "/x?u=http%3A%2F%2Fy", "/file.html", "/f.php",
         "/a$b", "/s*r", "/%2a", "/A", "/a b", "/a~b", "/a%7Eb", "", "/index.php?x"]  # fmt: skip


def pattern(rng):
    text = rng.choice(NAMES)
    if rng.random() < 0.3:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + "*" + text[at:]
    if rng.random() < 0.2:
        text += "$"
    if rng.random() < 0.03:
        text = text.lstrip("/")
    return text


def robots(rng):
    """A file as people write them, mistakes included."""
    lines = []
    for _ in range(rng.randint(0, 4)):
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            agent = rng.choice(AGENTS + ["*", "*", "*"])
            agent = rng.choice([agent, agent, agent.lower(), agent + "/1.0" * (agent != "*")])
            lines.append(rng.choice(["User-agent: ", "user-agent:", "USER-AGENT : "]) + agent)
            if rng.random() < 0.1:
                lines.append(rng.choice(["", "Crawl-delay: 2", "Sitemap: /s.xml", "# note"]))
        for _ in range(rng.randint(0, 4)):
            rule = rng.choice(["Disallow: ", "Disallow:", "disallow : ", "Allow: ", "allow:"])
            lines.append(rule + pattern(rng) + rng.choice(["", "", "", " # why", "  "]))
            if rng.random() < 0.08:
                lines.append(rng.choice(["", "Crawl-delay: 1", "Host: x", "Noindex: /q", "<p>"]))
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    return rng.choice(["", "", "", "\ufeff"]) + end.join(lines) + end


def cases(n, files):
    rng = random.Random(9309)
    found = []
    for i in range(n):
        text = files[i // 4 % len(files)] if files and i % 4 == 0 else robots(rng)
        found.append((text, rng.choice(AGENTS), rng.choice([p for p in NAMES if p])))
    return found


def eu(program, all_cases):
    answers = [None] * len(all_cases)
    for agent in AGENTS:
        own = [i for i, case in enumerate(all_cases) if case[1] == agent]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as hosts:
            for i in own:
                hosts.write(json.dumps({"host": f"h{i}.example", "robots": all_cases[i][0]}) + "\n")
            hosts.flush()
            records = "".join(
                json.dumps({"u": f"http://h{i}.example{all_cases[i][2]}", "text": "x"}) + "\n"
                for i in own
            )
            command = [program, "prepare", "lawful", "--hosts", hosts.name]
            command += ["--agents", agent, "--checks", "robots", "--quiet"]
            done = subprocess.run(command, input=records.encode(), stdout=subprocess.PIPE, check=True)
        for i, line in zip(own, done.stdout.splitlines(), strict=True):
            answers[i] = json.loads(line)["allowed"]
    return answers


def peers():
    found = {}

    def add(package, judge):
        found[f"{package} {importlib.metadata.version(package)}"] = judge

    try:
        import protego

        add("protego", lambda t, a, p: protego.Protego.parse(t).can_fetch("http://h.example" + p, a))
    except ImportError:
        left_out("protego")
    try:
        import robots as robotspy

        def spy(text, agent, path):
            lines = "\n".join(text.splitlines())
            parser = robotspy.RobotsParser.from_string(lines)
            return parser.can_fetch(agent, "http://h.example" + path)

        add("robotspy", spy)
    except ImportError:
        left_out("robotspy")
    try:
        from gpyrobotstxt.robots_cc import RobotsMatcher

        def google(text, agent, path):
            url = "http://h.example" + path
            return RobotsMatcher().allowed_by_robots(text.encode(), [agent], url)

        add("gpyrobotstxt", google)
    except ImportError:
        left_out("gpyrobotstxt")

    def stdlib(text, agent, path):
        parser = urllib.robotparser.RobotFileParser()
        parser.parse(text.splitlines())
        return parser.can_fetch(agent, "http://h.example" + path)

    found["urllib.robotparser " + ".".join(map(str, sys.version_info[:3]))] = stdlib
    return found


def reason(text, agent, path):
    """Why a verdict may differ, the likeliest first."""
    lines = [line.split("#")[0].strip() for line in re.split(r"\r\n|\n|\r", text.lstrip("\ufeff"))]
    values = [l.split(":", 1)[1].strip() for l in lines if re.match(r"(?i)(dis)?allow\s*:", l)]
    if "\ufeff" in text:
        return "a byte order mark"
    if any(v and v[0] not in "/*$" for v in values):
        return "a rule without its slash"
    if agent == "AI2Bot" and re.search(r"(?i)user-agent\s*:\s*AI2Bot", text):
        return "an agent with a digit in its name"
    if re.search(r"(?i)^user-agent\s*:\s*\w+/", text, re.M):
        return "an agent with a version"
    if any("%" in v or not v.isascii() for v in values) or "%" in path or not path.isascii():
        return "percent-encoding"
    if any("*" in v or "$" in v for v in values) or "*" in path or "$" in path:
        return "stars and ends"
    if any("?" in v for v in values) or "?" in path:
        return "a query"
    if any(" " in v for v in values) or " " in path:
        return "a space in a path"
    if re.search(r"(?i)user-agent[^\n\r]*[\n\r]+\s*(crawl-delay|sitemap|#|$)", text):
        return "a line between agents"
    return "other"


def main():
    parser = options(__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--show", default="", help="print the cases of this reason")
    args = parser.parse_args()
    files = [open(f, encoding="utf-8", errors="replace").read() for f in args.files]
    all_cases = cases(args.cases, files)
    ours = eu(args.eu, all_cases)
    told = version(args.eu)
    print(f"{len(all_cases)} cases, {len(files)} given files; {told} allows {sum(ours)}")
    for name, judge in peers().items():
        differ, example, failed = collections.Counter(), {}, 0
        for case, answer in zip(all_cases, ours, strict=True):
            try:
                theirs = bool(judge(*case))
            except Exception:  # a peer that fails gives no verdict
                failed += 1
                continue
            if theirs != answer:
                why = reason(*case)
                differ[why] += 1
                known = example.get(why)
                if known is None or len(case[0]) < len(known[0][0]):
                    example[why] = (case, answer)
        n = max(1, len(all_cases) - failed)
        print(f"\n{name}: agrees on {100 * (n - differ.total()) / n:.2f} % of {n}; failed on {failed}")
        for why, count in differ.most_common():
            (text, agent, path), answer = example[why]
            print(f"  {count:6} {why}: {text!r} as {agent} for {path}: eu says {answer}")


if __name__ == "__main__":
    main()
