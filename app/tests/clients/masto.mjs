// masto.js, as its users use it: one person posts a photo, another finds it at home.
//
// node masto.mjs NODE_MODULES BASE_URL AUTHOR_TOKEN READER_TOKEN PHOTO

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, url, authorToken, readerToken, photo] = process.argv.slice(2);
const about = JSON.parse(await readFile(join(modules, "masto/package.json"), "utf8"));
const entry = about.exports?.["."]?.import ?? about.module ?? about.main;
const file = typeof entry === "string" ? entry : entry.default;
const { createRestAPIClient } = await import(pathToFileURL(join(modules, "masto", file)));

const author = createRestAPIClient({ url, accessToken: authorToken });
const reader = createRestAPIClient({ url, accessToken: readerToken });

async function eventually(look) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited in vain");
}

const instance = await author.v2.instance.fetch();
assert.ok(instance.configuration.mediaAttachments.supportedMimeTypes.includes("image/jpeg"));
const me = await author.v1.accounts.verifyCredentials();
const relationship = await reader.v1.accounts.$select(me.id).follow();
assert.equal(relationship.following, true);

// Polls until the photo is processed.
const media = await author.v2.media.create({
  file: new Blob([await readFile(photo)], { type: "image/jpeg" }),
  description: "A photo",
});
assert.ok(media.url, "the photo has no address");
const post = await author.v1.statuses.create(
  { status: "From masto.js", mediaIds: [media.id], visibility: "public" },
  { headers: new Headers({ "Idempotency-Key": "once" }) },
);
const seen = await eventually(async () => {
  const home = await reader.v1.timelines.home.list({ limit: 20 });
  return home.find((status) => status.id === post.id);
});
assert.equal(seen.mediaAttachments[0].description, "A photo");
assert.equal(seen.account.id, me.id);

const answer = await reader.v1.statuses.create({ status: "Lovely", inReplyToId: post.id });
const context = await author.v1.statuses.$select(post.id).context.fetch();
assert.deepEqual(context.descendants.map((status) => status.id), [answer.id]);

for (let number = 0; number < 5; number += 1) await author.v1.statuses.create({ status: `number ${number}` });
const walked = [];
for await (const page of author.v1.accounts.$select(me.id).statuses.list({ limit: 2 })) walked.push(...page);
assert.equal(walked.length, 6);

await author.v1.statuses.$select(post.id).remove();
await assert.rejects(reader.v1.statuses.$select(post.id).fetch(), /no such post/i);
console.log("all done with masto.js");
