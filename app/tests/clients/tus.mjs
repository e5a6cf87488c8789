// tus-js-client, as its users use it: a file, an address, and retries when the connection breaks.
//
// node tus.mjs NODE_MODULES ENDPOINT TOKEN PHOTO

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, endpoint, token, photo] = process.argv.slice(2);
const tus = createRequire(join(modules, "x.js"))("tus-js-client");

let retries = 0;
const answer = await new Promise((resolve, reject) => {
  const upload = new tus.Upload(createReadStream(photo), {
    endpoint,
    headers: { Authorization: `Bearer ${token}` },
    metadata: { filename: "IMG_0001.JPG", filetype: "image/jpeg", description: "Möwe über dem Meer", focus: "0.25,-0.5" },
    retryDelays: Array(200).fill(100),
    onAfterResponse: (request) => {
      if (request.getMethod() === "HEAD") retries += 1;
    },
    onError: reject,
    onSuccess: (payload) => resolve(payload.lastResponse),
  });
  upload.start();
});
const media = answer.getHeader("Heliograph-Media-Id");
assert.match(media, /^[0-9]+$/);
console.log(`resumed ${retries}`);
console.log(`media ${media}`);
