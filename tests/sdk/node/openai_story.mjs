// The official OpenAI SDK against Millrace: only the base URL and the key differ from a call to OpenAI.
//
// Reads MILLRACE_URL (without /v1), MILLRACE_KEY, MILLRACE_CHAT_MODEL and MILLRACE_EMBEDDING_MODEL, and, where the
// answer is known beforehand, MILLRACE_EXPECTED_ANSWER. MILLRACE_UNCOUNTED_STREAMS is set when the upstream tells no
// usage at the end of a stream (llama-cpp-python does not). Prints one line per step; exits 1 with the reason at the
// first that goes wrong.

import OpenAI from "openai";

function check(condition, reason) {
  if (!condition) throw new Error(reason);
}

function setting(name) {
  const value = process.env[name];
  check(value, `${name} is not set`);
  return value;
}

async function main() {
  const baseURL = `${setting("MILLRACE_URL").replace(/\/$/, "")}/v1`;
  const [chatModel, embeddingModel] = [setting("MILLRACE_CHAT_MODEL"), setting("MILLRACE_EMBEDDING_MODEL")];
  const expected = process.env.MILLRACE_EXPECTED_ANSWER;
  const client = new OpenAI({ baseURL, apiKey: setting("MILLRACE_KEY"), maxRetries: 0, timeout: 60_000 });
  const messages = [{ role: "user", content: "Say hello." }];

  const models = (await client.models.list()).data.map((model) => model.id);
  for (const model of [chatModel, embeddingModel]) {
    check(models.includes(model), `the model ${model} is not among ${models}`);
  }
  console.log(`models: ${models.length} listed`);

  const answer = await client.chat.completions.create({ model: chatModel, messages, max_tokens: 64 });
  const text = answer.choices[0].message.content;
  check(text, "the answer is empty");
  check(!expected || text.trim() === expected, `the answer is ${text}, not ${expected}`);
  check(["stop", "length"].includes(answer.choices[0].finish_reason), `finish: ${answer.choices[0].finish_reason}`);
  check(answer.usage?.completion_tokens > 0, `usage: ${JSON.stringify(answer.usage)}`);
  console.log(`chat: '${text.trim()}', ${answer.usage.total_tokens} tokens`);

  const stream = await client.chat.completions.create({
    model: chatModel,
    messages,
    max_tokens: 64,
    stream: true,
    stream_options: { include_usage: true },
  });
  const parts = [];
  let finish, usage;
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) {
      parts.push(choice.delta.content ?? "");
      finish = choice.finish_reason ?? finish;
    }
  }
  const streamed = parts.join("");
  check(parts.filter(Boolean).length > 1, `the stream came in ${parts.length} piece: ${parts}`);
  check(!expected || streamed.trim() === expected, `the stream is ${streamed}, not ${expected}`);
  check(["stop", "length"].includes(finish), `the stream finished with ${finish}`);
  const uncounted = "MILLRACE_UNCOUNTED_STREAMS" in process.env;
  check(uncounted || usage?.completion_tokens > 0, `usage of the stream: ${JSON.stringify(usage)}`);
  console.log(`stream: ${parts.length} pieces, ${usage?.total_tokens ?? "uncounted"} tokens`);

  // The SDK asks for base64 unless told otherwise; this is what a user gets by default.
  const embeddings = await client.embeddings.create({ model: embeddingModel, input: ["one text", "another text"] });
  const vectors = embeddings.data.map((item) => item.embedding);
  check(vectors.length === 2, `${vectors.length} vectors for 2 texts`);
  check(vectors[0].length > 0 && vectors[0].length === vectors[1].length, "the vectors differ in length or are empty");
  check(vectors.flat().every(Number.isFinite), "a vector is not finite");
  check(JSON.stringify(vectors[0]) !== JSON.stringify(vectors[1]), "two texts have the same vector");
  console.log(`embeddings: 2 vectors of ${vectors[0].length}`);

  console.log(`unknown model: ${await refusal(OpenAI.NotFoundError, () =>
    client.chat.completions.create({ model: "no-such-model", messages }),
  )}`);
  console.log(`wrong key: ${await refusal(OpenAI.AuthenticationError, () =>
    client.withOptions({ apiKey: "mr_wrong" }).models.list(),
  )}`);
}

// The status of the refusal that `call` must meet.
async function refusal(type, call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof type) return error.status;
    throw error;
  }
  throw new Error(`the call was answered; a ${type.name} was due`);
}

main().catch((error) => {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
