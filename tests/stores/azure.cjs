// An Azure Blob server on a free loopback port: azure.cjs CONTAINER...
//
// Azurite, in memory. Prints one line of JSON when it answers: the address of the account, its name and its key. Ends when
// its standard input closes, so that it never outlives the test that started it. Found through NODE_PATH.

const { createHmac, randomBytes } = require("node:crypto");

const ACCOUNT = "millrace";
const KEY = randomBytes(64).toString("base64");

// Both before Azurite is loaded: it reads them then. It would otherwise report its use to its makers.
process.env.AZURITE_ACCOUNTS = `${ACCOUNT}:${KEY}`;
const OPTIONS = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
const containers = process.argv.splice(2);
process.argv.push("--blobHost", "127.0.0.1", "--blobPort", "0", ...OPTIONS);

const { BlobServerFactory } = require("azurite/dist/src/blob/BlobServerFactory.js");

// Makes a container, as the account's owner.
async function create(container, url) {
  const path = `/${ACCOUNT}/${container}`;
  const headers = { "x-ms-date": new Date().toUTCString(), "x-ms-version": "2023-11-03" };
  const named = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const signed = `PUT\n\n\n\n\n\n\n\n\n\n\n\n${named}/${ACCOUNT}${path}\nrestype:container`;
  const signature = createHmac("sha256", Buffer.from(KEY, "base64")).update(signed).digest("base64");
  headers.authorization = `SharedKey ${ACCOUNT}:${signature}`;
  const answer = await fetch(`${url}${path}?restype=container`, { method: "PUT", headers });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
}

async function main() {
  const server = await new BlobServerFactory().createServer();
  await server.start();
  const url = server.getHttpServerAddress();
  for (const container of containers) await create(container, url);
  process.stdout.write(`${JSON.stringify({ url: `${url}/${ACCOUNT}`, account: ACCOUNT, key: KEY })}\n`);
  process.stdin.resume().on("end", () => process.exit(0)).on("close", () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
