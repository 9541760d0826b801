"""Ids of llama.cpp for real vocabularies and for every way it cuts words.

    python tests/parity/vocab_llamacpp.py LIBLLAMA.so SIB200_FOLDER MODEL.gguf...

Writes tests/golden/vocab_models.json: ids of texts by the vocabularies of the models, which are
read without their weights; and tests/golden/pre_tokenizers.json: ids by one small vocabulary,
whose merges know no words, for every name of `tokenizer.ggml.pre`. Needs gguf and numpy. The texts
are lines of SIB-200 (CC BY-SA 4.0), a dozen words of each of its languages, and some made here.
"""
import ctypes
import hashlib
import json
import pathlib
import sys
import tempfile

import gguf

NAMES = """default minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2
jina-v5-nano deepseek-llm deepseek-coder deepseek-v3 spark2_5 youtu falcon mpt starcoder gpt-2 phi-2
jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jais-2 jina-v1-en
jina-v2-code roberta-bpe refact command-r qwen2 deepseek-r1-qwen kormo f2llmv2 qwen35 stablelm2 olmo
dbrx smaug-bpe poro-chat chatglm-bpe glm4 glm5 viking jais tekken smollm codeshell bloom
gpt3-finnish exaone exaone4 exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie
granite-embed-multi-97m superbpe trillion granite-docling bailingmoe bailingmoe2 llada-moe
seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm ufakzeka grok-2 laguna minimax-m2 solar-open
mellum2 kimi-k2""".split()

MADE = [
    "",
    " ",
    "a",
    "\n",
    "\n\n\n\n\n",
    "\n" * 70,
    "  two  spaces   three    four     five",
    " " * 40 + "x" + " " * 17,
    "\t\ttabs\t and\r\nreturns\r\r\n \n  \n\n x \n",
    "Don't we're I'LL they'd L'été d'Ů 'tis 's 'S 'ſ x'rex",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 -7 1e-5 0x1F 2024-01-31T23:59 Ⅳ ² ½ ٣٤٥ 12ab34",
    "for (int i = 0; i < n; ++i) { x[i] += \"a\\n\"; } // done\n\tif x != None:\n\t\treturn f'{y:>8}'\n",
    "<b>bold</b><table><tr><td>1</td></tr></table> &amp; <!-- c --> </div>\n<h1>T</h1> <i>",
    "!? ... --- *** ### $5 €5 £ 50% a+b=c <=> ^_^ ~x~ `q` |p| @you #tag /path/to C:\\x",
    "«Où?» „Ja“ ‚nein‘ “x” ¿Qué? ¡Sí! – — … • № § ° ™ 𝔘𝔫𝔦 ﬁ Ǆ",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1ea\U0001f1fa \U0001f44d\U0001f3fd \u2764\ufe0f",
    "e\u0301 n\u0303 o\u0308 a\u0323\u0302 \u0d9a\u0dca\u200d\u0dbb नमस्ते สวัสดี שלום مرحبا 你好,世界。 こんにちは 안녕 テスト",
    "straßeÜber camelCaseHTTPServer ΑΒΓαβγ ИванПетров ÅÄÖåäö iPhone McDonald ΌΧΙ ქართული",
    "a\u00a0b\u2009c\u3000d\u0085e\u200bf\u2028g\ufeffh\u00adi\x0bj\x0ck",
    "\x00\x01\x1b[31m\x7f \ufffd\ufffe \ue000 \U000e0041 \U0010fffd",
    "<s> </s> <unk> <pad> <bos> <eos> <|endoftext|> <|im_start|>user\nhi<|im_end|>\n <start_of_turn>",
    "<0x0A> <0xE2> \u2581 \u2581\u2581x [multimodal] <unused1>< eos>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "IMGIMGAB Z <sentinel:12> (a)[b]{c} a.b,c;d x\n/y //\n z/\n",
]
# Bytes that are no UTF-8 reach a vocabulary as U+FFFD, as Rust's from_utf8_lossy has it.
for broken in [b"a\xffb", b"\xe2\x82", b"\xc3\x28 \xf0\x9f\x98", b"\x80\x80x"]:
    MADE.append(broken.decode(errors="replace"))


class Override(ctypes.Structure):
    _fields_ = [
        ("tag", ctypes.c_int),
        ("key", ctypes.c_char * 128),
        ("value", ctypes.c_char * 128),
    ]


class Params(ctypes.Structure):
    """struct llama_model_params of include/llama.h, llama-cpp-python 0.3.36."""

    _fields_ = [
        ("devices", ctypes.c_void_p),
        ("buft_overrides", ctypes.c_void_p),
        ("n_gpu_layers", ctypes.c_int32),
        ("split_mode", ctypes.c_int),
        ("load_mode", ctypes.c_int),
        ("lazy_mode", ctypes.c_int),
        ("main_gpu", ctypes.c_int32),
        ("tensor_split", ctypes.c_void_p),
        ("progress", ctypes.c_void_p),
        ("progress_data", ctypes.c_void_p),
        ("kv_overrides", ctypes.POINTER(Override)),
        ("vocab_only", ctypes.c_bool),
        ("rest", ctypes.c_bool * 5),
    ]


LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
QUIET = LOG(lambda *_: None)


class Vocabulary:
    def __init__(self, library, path):
        self.library = library
        params = library.llama_model_default_params()
        params.vocab_only = True
        self.model = library.llama_model_load_from_file(str(path).encode(), params)
        if not self.model:
            raise SystemExit(f"{path}: not loaded")
        self.vocab = library.llama_model_get_vocab(self.model)

    def ids(self, text, ends=False, special=False):
        data = text.encode()
        room = (ctypes.c_int32 * (2 * len(data) + 16))()
        n = self.library.llama_tokenize(
            self.vocab, data, len(data), room, len(room), ends, special
        )
        assert n >= 0, text
        return room[:n]

    def facts(self):
        n = self.library.llama_vocab_n_tokens(self.vocab)
        end = [i for i in range(n) if self.library.llama_vocab_is_eog(self.vocab, i)]
        pieces = hashlib.sha256()
        room = ctypes.create_string_buffer(1 << 14)
        for i in range(n):
            length = self.library.llama_token_to_piece(self.vocab, i, room, len(room), 0, False)
            pieces.update(room.raw[:length] + b"\0")
        return {"n_tokens": n, "end_of_generation": end, "pieces_sha256": pieces.hexdigest()}


def languages(folder):
    """A dozen words of each language, and with what follows, so that lines end somewhere."""
    texts = []
    for path in sorted(pathlib.Path(folder).glob("*/train.tsv")):
        line = path.read_text().splitlines()[7].split("\t")[-1]
        texts.append(" ".join(line.split()[:12]))
    assert len(texts) > 30, folder
    return texts


def learn(texts, n):
    """Merges over whole texts, so that only the way words are cut can stop them."""
    chars = gguf_bytes()
    rows = [[chars[b] for b in text.encode()] for text in texts]
    merges = []
    while len(merges) < n:
        counts = {}
        for row in rows:
            for pair in zip(row, row[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        best = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(best)
        for at, row in enumerate(rows):
            made, i = [], 0
            while i < len(row):
                if tuple(row[i : i + 2]) == best:
                    made.append(row[i] + row[i + 1])
                    i += 2
                else:
                    made.append(row[i])
                    i += 1
            rows[at] = made
    return merges


def gguf_bytes():
    """The character that stands for each byte (GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars, next_one = {}, 256
    for byte in range(256):
        if byte in printable:
            chars[byte] = chr(byte)
        else:
            chars[byte] = chr(next_one)
            next_one += 1
    return chars


def write(path, pre, tokens, merges):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def save(name, golden):
    target = pathlib.Path(__file__).parents[1] / "golden" / name
    golden = {"made_by": "tests/parity/vocab_llamacpp.py", **golden}
    rows = []
    for key, value in golden.items():
        if isinstance(value, list):
            items = ",\n".join(json.dumps(v, ensure_ascii=False) for v in value)
            rows.append(f"{json.dumps(key)}: [\n{items}\n]")
        else:
            rows.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    target.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def main(library, sib, models):
    library = ctypes.CDLL(library)
    library.llama_model_default_params.restype = Params
    library.llama_model_load_from_file.restype = ctypes.c_void_p
    library.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Params]
    library.llama_model_get_vocab.restype = ctypes.c_void_p
    library.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
    library.llama_vocab_n_tokens.argtypes = [ctypes.c_void_p]
    library.llama_vocab_is_eog.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    library.llama_vocab_is_eog.restype = ctypes.c_bool
    library.llama_token_to_piece.argtypes = [
        ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_bool,
    ]
    library.llama_tokenize.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32,
        ctypes.c_bool, ctypes.c_bool,
    ]
    library.llama_log_set.argtypes = [LOG, ctypes.c_void_p]
    library.llama_log_set(QUIET, None)
    texts = MADE + languages(sib)
    rows = []
    for path in models:
        vocabulary = Vocabulary(library, path)
        rows.append(
            {
                "file": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                **vocabulary.facts(),
                "plain": [vocabulary.ids(text) for text in texts],
                "ends": [vocabulary.ids(text, ends=True) for text in texts],
                "special": [vocabulary.ids(text, special=True) for text in texts],
            }
        )
    save("vocab_models.json", {"texts": texts, "models": rows})

    short = [t for t in MADE if t] + languages(sib)[::6]
    merges = learn(short, 900)
    chars = gguf_bytes()
    tokens = [chars[b] for b in range(256)]
    tokens += sorted({a + b for a, b in merges}, key=[a + b for a, b in merges].index)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            path = pathlib.Path(folder) / "v.gguf"
            write(path, name, tokens, merges)
            vocabulary = Vocabulary(library, path)
            ids = [vocabulary.ids(text) for text in short]
            for row in rows:
                if row["ids"] == ids:
                    row["names"].append(name)
                    break
            else:
                rows.append({"names": [name], "ids": ids})
    merges = [list(pair) for pair in merges]
    save("pre_tokenizers.json", {"texts": short, "tokens": tokens, "merges": merges, "rows": rows})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [pathlib.Path(p) for p in sys.argv[3:]])
