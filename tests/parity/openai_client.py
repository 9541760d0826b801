"""Drives `eu chat MODEL --serve` with OpenAI's own client: what it raises is a failure.

    python tests/parity/openai_client.py http://127.0.0.1:PORT/v1 [TOKEN]

Needs the package openai (1.x or later). tests/it/serve.rs runs it where EU_PYTHON names a Python
that has it.
"""
import concurrent.futures
import json
import sys

import openai

QUESTION = [{"role": "system", "content": "Answer briefly."},
            {"role": "user", "content": "What is Europe?"}]


def models(client, model):
    listed = client.models.list().data
    assert [m.id for m in listed] == [model], listed
    assert client.models.retrieve(model).id == model
    raises(openai.NotFoundError, lambda: client.models.retrieve("another/model"))


def chat(client, model):
    """An answer; the same in pieces; the same again for the same seed."""
    ask = dict(model=model, messages=QUESTION, max_tokens=24, seed=7, temperature=0.9)
    whole = client.chat.completions.create(**ask)
    assert whole.object == "chat.completion" and whole.id.startswith("chatcmpl-")
    assert whole.model == model and len(whole.choices) == 1
    choice = whole.choices[0]
    assert choice.message.role == "assistant" and choice.finish_reason in ("stop", "length")
    usage = whole.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens <= 24
    text, reason, usage_told, roles = "", None, None, []
    for chunk in client.chat.completions.create(
            stream=True, stream_options={"include_usage": True}, **ask):
        assert chunk.object == "chat.completion.chunk"
        if chunk.usage:
            usage_told = chunk.usage
        for part in chunk.choices:
            roles += [part.delta.role] if part.delta.role else []
            text += part.delta.content or ""
            reason = part.finish_reason or reason
    assert text == choice.message.content, (text, choice.message.content)
    assert reason == choice.finish_reason and roles == ["assistant"]
    assert usage_told.completion_tokens == usage.completion_tokens
    # what was read for the first is not read again
    assert usage_told.prompt_tokens_details.cached_tokens > 0
    greedy = dict(ask, temperature=0, messages=[
        {"role": "user", "content": [{"type": "text", "text": "What is "},
                                     {"type": "text", "text": "Europe?"}]}])
    again = [client.chat.completions.create(**greedy).choices[0].message.content for _ in range(2)]
    assert again[0] == again[1]


def several(client, model):
    """n answers: their seeds are counted up, so that each can be had alone."""
    ask = dict(model=model, messages=QUESTION, max_tokens=12, temperature=1.0)
    three = client.chat.completions.create(n=3, seed=40, **ask).choices
    assert [c.index for c in three] == [0, 1, 2]
    alone = client.chat.completions.create(seed=42, **ask).choices[0]
    assert alone.message.content == three[2].message.content
    texts = ["", "", ""]
    for chunk in client.chat.completions.create(n=3, seed=40, stream=True, **ask):
        for part in chunk.choices:
            texts[part.index] += part.delta.content or ""
    assert texts == [c.message.content for c in three]


def logprobs(client, model):
    ask = dict(model=model, messages=QUESTION, max_tokens=8, temperature=0)
    whole = client.chat.completions.create(logprobs=True, top_logprobs=3, **ask)
    told = whole.choices[0].logprobs.content
    assert len(told) == whole.usage.completion_tokens
    for token in told:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        likeliest = token.top_logprobs[0]
        assert abs(likeliest.logprob - token.logprob) < 1e-5  # greedy
        assert [t.logprob for t in token.top_logprobs] == sorted(
            (t.logprob for t in token.top_logprobs), reverse=True)
    text = b"".join(bytes(t.bytes or []) for t in told).decode(errors="replace")
    assert text.startswith(whole.choices[0].message.content.rstrip("\ufffd"))
    streamed = []
    for chunk in client.chat.completions.create(logprobs=True, top_logprobs=3, stream=True, **ask):
        for part in chunk.choices:
            if part.logprobs:
                streamed += [t.logprob for t in part.logprobs.content]
    assert streamed == [t.logprob for t in told]
    old = client.completions.create(
        model=model, prompt="Europe is", max_tokens=5, logprobs=2, temperature=0)
    told = old.choices[0].logprobs
    assert len(told.tokens) == len(told.token_logprobs) == len(told.text_offset)
    assert len(told.tokens) == old.usage.completion_tokens
    assert all(0 < len(top) <= 2 for top in told.top_logprobs)
    assert told.text_offset[0] == 0


def completions(client, model):
    ask = dict(model=model, max_tokens=6, temperature=0)
    one = client.completions.create(prompt="All human beings", **ask)
    assert one.object == "text_completion" and one.id.startswith("cmpl-")
    two = client.completions.create(prompt=["All human beings", "Alle Menschen"], **ask)
    assert [c.index for c in two.choices] == [0, 1]
    assert two.choices[0].text == one.choices[0].text
    tokens = client.completions.create(prompt=[5, 6, 7], **ask)
    assert tokens.usage.prompt_tokens == 3
    text = "".join(chunk.choices[0].text for chunk in
                   client.completions.create(prompt="All human beings", stream=True, **ask))
    assert text == one.choices[0].text


def stop(client, model):
    ask = dict(model=model, messages=QUESTION, max_tokens=32, temperature=0)
    full = client.chat.completions.create(**ask).choices[0].message.content
    middle = len(full) // 2
    word = full[middle:middle + 2]
    assert word and "\ufffd" not in word, full
    for given in (word, [word, "never to be met"]):
        cut = client.chat.completions.create(stop=given, **ask).choices[0]
        assert cut.finish_reason == "stop"
        assert cut.message.content == full[:full.index(word)], (cut.message.content, full)
    biased = client.chat.completions.create(
        logit_bias={"5": 100}, presence_penalty=0.5, frequency_penalty=0.5, top_p=0.9, **ask)
    assert biased.choices[0].message.content != full


def form(client, model):
    schema = {"type": "object", "properties": {
        "name": {"enum": ["Wien", "Praha", "Tallinn"]}, "large": {"type": "boolean"},
        "year": {"type": "integer", "minimum": 1000, "maximum": 1999}},
        "required": ["name", "large", "year"], "additionalProperties": False}
    told = client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=200, seed=1,
        response_format={"type": "json_schema",
                         "json_schema": {"name": "city", "strict": True, "schema": schema}})
    city = json.loads(told.choices[0].message.content)
    assert city["name"] in ("Wien", "Praha", "Tallinn") and isinstance(city["large"], bool)
    assert 1000 <= city["year"] <= 1999 and told.choices[0].finish_reason == "stop"
    told = client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=30, seed=1,
        response_format={"type": "json_object"})
    assert told.choices[0].message.content.lstrip().startswith("{")
    told = client.chat.completions.create(
        model=model, messages=QUESTION, extra_body={"grammar": 'root ::= "yes" | "no"'})
    assert told.choices[0].message.content in ("yes", "no")


def errors(client, model):
    ask = dict(model=model, messages=QUESTION, max_tokens=4)
    for wrong, param in [
        (dict(temperature=-1), "temperature"),
        (dict(tools=[{"type": "function", "function": {"name": "f"}}]), "tools"),
        (dict(messages=[]), "messages"),
        (dict(messages=[{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:,"}}]}]), "messages[0].content[0]"),
        (dict(messages=[{"role": "user", "content": "word " * 100_000}]), "messages"),
        (dict(response_format={"type": "json_schema", "json_schema": {
            "name": "x", "schema": {"type": "nothing"}}}), None),
    ]:
        error = raises(openai.BadRequestError,
                       lambda: client.chat.completions.create(**dict(ask, **wrong)))
        assert param is None or error.param == param, (error.param, error)
        assert error.type == "invalid_request_error" and error.body["message"]
    error = raises(openai.NotFoundError,
                   lambda: client.chat.completions.create(**dict(ask, model="gpt-0")))
    assert error.code == "model_not_found"


def together(client, model):
    """Answers side by side are those that each would be alone."""
    def one(i):
        return client.chat.completions.create(
            model=model, max_tokens=16, seed=i, temperature=1.0,
            messages=[{"role": "user", "content": f"Question {i}"}]).choices[0].message.content
    alone = [one(i) for i in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == alone


def leave(client, model):
    """A stream that is left does not keep the others waiting."""
    stream = client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=100_000, stream=True)
    next(iter(stream))
    stream.close()
    chat_once = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=1)
    assert chat_once.usage.completion_tokens <= 1


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def main():
    url, token = sys.argv[1], (sys.argv[2:] + ["none"])[0]
    client = openai.OpenAI(base_url=url, api_key=token, max_retries=0, timeout=120)
    if token != "none":
        stranger = openai.OpenAI(base_url=url, api_key="x" * 32, max_retries=0)
        raises(openai.AuthenticationError, lambda: stranger.models.list())
    model = client.models.list().data[0].id
    for check in [models, chat, several, logprobs, completions, stop, form, errors, together,
                  leave]:
        check(client, model)
        print(f"{check.__name__}: as it should be", flush=True)
    print(f"openai {openai.__version__}: all of it")


if __name__ == "__main__":
    main()
