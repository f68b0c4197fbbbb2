// Verifies a webhook with the official standardwebhooks library.
//
// Reads {"secret": "whsec_...", "headers": {...}, "body": "..."} from standard input. Exits 0 when the signature
// holds, 1 with the reason when it does not.

import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
try {
  new Webhook(secret).verify(body, headers);
  console.log("verified");
} catch (error) {
  console.error(`not verified: ${error.message}`);
  process.exitCode = 1;
}
