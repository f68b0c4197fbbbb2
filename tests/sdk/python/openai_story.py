"""The official OpenAI SDK against Millrace: only the base URL and the key differ from a call to OpenAI.

Reads MILLRACE_URL (without /v1), MILLRACE_KEY, MILLRACE_CHAT_MODEL and MILLRACE_EMBEDDING_MODEL, and, where the answer
is known beforehand, MILLRACE_EXPECTED_ANSWER. MILLRACE_UNCOUNTED_STREAMS is set when the upstream tells no usage at the
end of a stream (llama-cpp-python does not). Prints one line per step; exits 1 with the reason at the first that goes
wrong.
"""

import math
import os
import sys

import openai


def check(condition: bool, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)


def main() -> None:
    url, key = os.environ["MILLRACE_URL"].rstrip("/") + "/v1", os.environ["MILLRACE_KEY"]
    chat_model, embedding_model = os.environ["MILLRACE_CHAT_MODEL"], os.environ["MILLRACE_EMBEDDING_MODEL"]
    expected = os.environ.get("MILLRACE_EXPECTED_ANSWER")
    uncounted = "MILLRACE_UNCOUNTED_STREAMS" in os.environ
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=60)
    messages = [{"role": "user", "content": "Say hello."}]

    models = [model.id for model in client.models.list()]
    for model in (chat_model, embedding_model):
        check(model in models, f"the model {model} is not among {models}")
    print(f"models: {len(models)} listed", flush=True)

    answer = client.chat.completions.create(model=chat_model, messages=messages, max_tokens=64)
    text = answer.choices[0].message.content
    check(bool(text), "the answer is empty")
    check(expected is None or text.strip() == expected, f"the answer is {text!r}, not {expected!r}")
    check(answer.choices[0].finish_reason in ("stop", "length"), f"finish: {answer.choices[0].finish_reason}")
    check(answer.usage is not None and answer.usage.completion_tokens > 0, f"usage: {answer.usage}")
    print(f"chat: {text.strip()!r}, {answer.usage.total_tokens} tokens", flush=True)

    stream = client.chat.completions.create(
        model=chat_model, messages=messages, max_tokens=64, stream=True, stream_options={"include_usage": True}
    )
    parts, finish, usage = [], None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            parts.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    streamed = "".join(parts)
    check(len([part for part in parts if part]) > 1, f"the stream came in {len(parts)} piece: {parts}")
    check(expected is None or streamed.strip() == expected, f"the stream is {streamed!r}, not {expected!r}")
    check(finish in ("stop", "length"), f"the stream finished with {finish}")
    check(uncounted or (usage is not None and usage.completion_tokens > 0), f"usage of the stream: {usage}")
    print(f"stream: {len(parts)} pieces, {usage.total_tokens if usage else 'uncounted'} tokens", flush=True)

    embeddings = client.embeddings.create(model=embedding_model, input=["one text", "another text"])
    vectors = [item.embedding for item in embeddings.data]
    check(len(vectors) == 2, f"{len(vectors)} vectors for 2 texts")
    check(len(vectors[0]) == len(vectors[1]) > 0, "the vectors differ in length or are empty")
    check(all(math.isfinite(x) for vector in vectors for x in vector), "a vector is not finite")
    check(vectors[0] != vectors[1], "two texts have the same vector")
    print(f"embeddings: 2 vectors of {len(vectors[0])}", flush=True)

    try:
        client.chat.completions.create(model="no-such-model", messages=messages)
        check(False, "an unknown model was answered")
    except openai.NotFoundError as error:
        print(f"unknown model: {error.status_code}", flush=True)
    try:
        client.with_options(api_key="mr_wrong").models.list()
        check(False, "a wrong key was taken")
    except openai.AuthenticationError as error:
        print(f"wrong key: {error.status_code}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001: the reason is all that the suite wants
        sys.exit(f"{type(error).__name__}: {error}")
