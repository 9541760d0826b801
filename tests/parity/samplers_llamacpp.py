"""What llama.cpp's samplers keep, with which logits: writes tests/golden/samplers.json.

    python tests/parity/samplers_llamacpp.py BIN MODEL.gguf

BIN is the folder of libllama.so; of the model only the vocabulary is used (DRY asks for one):
SmolLM2-135M-Instruct in any form. Needs nothing beside the standard library.
"""
import ctypes
import json
import math
import pathlib
import random
import sys


class Candidate(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int32), ("logit", ctypes.c_float), ("p", ctypes.c_float)]


class Candidates(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(Candidate)), ("size", ctypes.c_size_t),
                ("selected", ctypes.c_int64), ("sorted", ctypes.c_bool)]


class Bias(ctypes.Structure):
    _fields_ = [("token", ctypes.c_int32), ("bias", ctypes.c_float)]


class Library:
    """libllama by its C interface."""

    def __init__(self, folder, model):
        self.lib = ctypes.CDLL(str(folder / "libllama.so"))
        self.lib.llama_log_set(self.silence(), None)
        self.lib.llama_backend_init()
        self.vocab = self.load(model)

    def silence(self):
        self.quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(
            lambda level, text, data: None)
        return self.quiet

    def load(self, model):
        # The size of llama_model_params in the version below; all of it is left as it comes.
        class Params(ctypes.Structure):
            _fields_ = [("all", ctypes.c_uint64 * 9)]
        defaults = self.lib.llama_model_default_params
        defaults.restype = Params
        load = self.lib.llama_model_load_from_file
        load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_char_p, Params]
        loaded = load(str(model).encode(), defaults())
        assert loaded, "the model cannot be loaded"
        get = self.lib.llama_model_get_vocab
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        return ctypes.c_void_p(get(loaded))

    def tokenize(self, text):
        out = (ctypes.c_int32 * 512)()
        raw = text.encode()
        n = self.lib.llama_tokenize(self.vocab, raw, len(raw), out, 512, False, False)
        assert n >= 0
        return list(out[:n])

    def piece(self, token):
        out = ctypes.create_string_buffer(128)
        n = self.lib.llama_token_to_piece(self.vocab, token, out, 128, 0, False)
        assert n >= 0
        return list(out.raw[:n])

    def sampler(self, name, *args):
        make = getattr(self.lib, f"llama_sampler_init_{name}")
        make.restype = ctypes.c_void_p
        return ctypes.c_void_p(make(*args))

    def apply(self, sampler, logits, history=(), n_times=1):
        """Candidates left, by id, and the places chosen where the sampler chooses."""
        for token in history:
            self.lib.llama_sampler_accept(sampler, ctypes.c_int32(token))
        rounds = []
        for _ in range(n_times):
            data = (Candidate * len(logits))(*[Candidate(i, x, 0.0) for i, x in enumerate(logits)])
            array = Candidates(data, len(logits), -1, False)
            self.lib.llama_sampler_apply(sampler, ctypes.byref(array))
            left = [(array.data[i].id, array.data[i].logit) for i in range(array.size)]
            chosen = left[array.selected][0] if array.selected >= 0 else None
            kept = sorted((i, x) for i, x in left if x != -math.inf)
            changed = any(x != logits[i] for i, x in kept)
            rounds.append({"ids": [i for i, _ in kept], "chosen": chosen,
                           "logits": [short(x) for _, x in kept] if changed else []})
        self.lib.llama_sampler_free(sampler)
        return rounds


def float32(x):
    return short(ctypes.c_float(x).value)


def short(x):
    """As few digits as tell one f32 from the next."""
    return float(f"{x:.9g}")


def main(folder, model):
    library = Library(folder, model)
    f, size, seed = ctypes.c_float, ctypes.c_size_t, ctypes.c_uint32
    random.seed(5)
    inputs = {
        "flat": [float32(random.gauss(0, 1)) for _ in range(60)],
        "peaked": [float32(random.gauss(0, 4)) for _ in range(60)],
        "wide": [float32(random.gauss(-3, 2.5)) for _ in range(1100)],
    }
    cases = []

    def case(stage, settings, name, rounds, **more):
        cases.append({"stage": stage, "settings": settings, "input": name, **more,
                      "rounds": rounds})

    for name, logits in inputs.items():
        for k in [1, 7, 40]:
            case("top_k", {"top_k": k}, name,
                 library.apply(library.sampler("top_k", k), logits))
        for p in [0.1, 0.5, 0.95, 0.999]:
            case("top_p", {"top_p": p}, name,
                 library.apply(library.sampler("top_p", f(p), size(1)), logits))
            case("typical", {"typical_p": p}, name,
                 library.apply(library.sampler("typical", f(p), size(1)), logits))
        for p in [0.01, 0.05, 0.5, 1.0]:
            case("min_p", {"min_p": p}, name,
                 library.apply(library.sampler("min_p", f(p), size(1)), logits))
        for n in [0.5, 1.0, 2.0]:
            case("top_n_sigma", {"top_n_sigma": n}, name,
                 library.apply(library.sampler("top_n_sigma", f(n)), logits))
        for threshold in [0.01, 0.03, 0.1, 0.3]:
            # With certainty, so that no random number matters.
            case("xtc", {"xtc_probability": 1.0, "xtc_threshold": threshold}, name,
                 library.apply(library.sampler("xtc", f(1.0), f(threshold), size(1), seed(1)),
                               logits))
        for t in [0.5, 1.7]:
            case("temperature", {"temperature": t}, name,
                 library.apply(library.sampler("temp_ext", f(t), f(0.0), f(1.0)), logits))
        for t, spread, exponent in [(0.8, 0.5, 1.0), (1.0, 2.0, 0.5), (1.2, 0.3, 2.0)]:
            case("temperature",
                 {"temperature": t, "dynatemp_range": spread, "dynatemp_exponent": exponent}, name,
                 library.apply(library.sampler("temp_ext", f(t), f(spread), f(exponent)), logits))
        for bias in [[(3, 2.5), (7, -math.inf)], [(0, -1.25)]]:
            array = (Bias * len(bias))(*[Bias(i, x) for i, x in bias])
            case("logit_bias", {"logit_bias": [f"{i}{x:+}" for i, x in bias]}, name,
                 library.apply(library.sampler("logit_bias", len(logits), len(bias), array), logits))
        history = [random.randrange(12) for _ in range(40)]
        for window, repeat, frequency, presence in [
                (64, 1.3, 0.0, 0.0), (8, 1.0, 0.7, 0.0), (16, 1.0, 0.0, 0.9), (16, 1.1, 0.2, 0.3)]:
            case("penalties", {"repeat_last_n": window, "repeat_penalty": repeat,
                               "frequency_penalty": frequency, "presence_penalty": presence}, name,
                 library.apply(library.sampler("penalties", len(logits), window, f(repeat),
                                               f(frequency), f(presence)), logits, history),
                 history=history)
        # The generator differs from ours: a test puts the choice in and looks at the bounds.
        case("mirostat", {"mirostat": 1, "mirostat_tau": 3.0, "mirostat_eta": 0.3}, name,
             library.apply(library.sampler("mirostat", len(logits), seed(3), f(3.0), f(0.3), 100),
                           logits, n_times=8))
        case("mirostat", {"mirostat": 2, "mirostat_tau": 3.0, "mirostat_eta": 0.3}, name,
             library.apply(library.sampler("mirostat_v2", seed(3), f(3.0), f(0.3)),
                           logits, n_times=8))

    texts = [
        "The cat sat on the mat. The cat sat on the mat. The cat sat on",
        "one two three four one two three four one two three",
        "first line\nsecond line\nfirst line\nsecond",
        "a, b, c, d, a, b, c, d, a, b, c",
        "Das ist das Haus, das ist der Hund, das ist das",
    ]
    pieces = {}
    for text in texts:
        history = library.tokenize(text)
        pieces.update({token: library.piece(token) for token in history})
        # Only tokens of the text can be touched: the others are left out of the logits.
        ids = sorted(set(history))
        wide = [-1.0] * (max(ids) + 1)
        for base, multiplier, allowed, window, breakers in [
                (1.75, 0.8, 2, 64, ["\n", ":", "\"", "*"]), (1.75, 0.8, 1, 64, []),
                (2.0, 1.5, 2, 12, []), (1.2, 1.0, 3, 64, ["mat.", "ist d"]),
                (1.0, 1.0, 2, 64, [","])]:
            raw = [b.encode() for b in breakers]
            array = (ctypes.c_char_p * len(raw))(*raw)
            sampler = library.sampler("dry", library.vocab, f(multiplier), f(base), allowed,
                                      window, array, size(len(raw)))
            (left,) = library.apply(sampler, wide, history)
            touched = [(i, x) for i, x in zip(left["ids"], left["logits"]) if x != -1.0]
            assert all(i in ids for i, _ in touched)
            case("dry", {"dry_multiplier": multiplier, "dry_base": base,
                         "dry_allowed_length": allowed, "dry_last_n": window,
                         "dry_breakers": breakers}, "minus one",
                 [{"ids": [i for i, _ in touched], "logits": [x for _, x in touched],
                   "chosen": None}],
                 history=history)
    golden = {
        "made_by": "tests/parity/samplers_llamacpp.py",
        "llama_cpp": "0.3.36 of llama-cpp-python",
        "inputs": inputs,
        "pieces": [[token, piece] for token, piece in sorted(pieces.items())],
        "cases": cases,
    }
    out = pathlib.Path(__file__).parent.parent / "golden" / "samplers.json"
    out.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(out, out.stat().st_size, "bytes", len(cases), "cases")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
