// masto.js, as its users use it: one person posts a photo, another finds it at home.
//
// node masto.mjs NODE_MODULES BASE_URL AUTHOR_TOKEN READER_TOKEN PHOTO MODERATOR_TOKEN

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, url, authorToken, readerToken, photo, moderatorToken] = process.argv.slice(2);
const about = JSON.parse(await readFile(join(modules, "masto/package.json"), "utf8"));
const entry = about.exports?.["."]?.import ?? about.module ?? about.main;
const file = typeof entry === "string" ? entry : entry.default;
const { createRestAPIClient, createStreamingAPIClient } = await import(pathToFileURL(join(modules, "masto", file)));

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
const relationship = await reader.v1.accounts.$select(me.id).follow({ reblogs: false, notify: true });
assert.equal(relationship.following, true);
assert.equal(relationship.showingReblogs, false);
assert.equal(relationship.notifying, true);
const [known] = await reader.v1.accounts.relationships.fetch({ id: [me.id] });
assert.equal(known.following, true);
assert.equal((await author.v1.instance.fetch()).version, instance.version);
assert.equal((await author.v1.apps.verifyCredentials()).name.length > 0, true);
assert.equal((await author.v1.preferences.fetch())["posting:default:visibility"], "public");
for (const list of [author.v1.customEmojis.list(), author.v1.announcements.list(), author.v2.filters.list(), author.v1.lists.list()])
  assert.deepEqual(await list, []);
const profile = await author.v1.accounts.updateCredentials({
  displayName: "Author",
  note: "By masto.js",
  avatar: new Blob([await readFile(photo)], { type: "image/jpeg" }),
  fieldsAttributes: [{ name: "Web", value: "https://example.org" }],
  source: { privacy: "public", language: "en" },
});
assert.equal(profile.displayName, "Author");
assert.equal(profile.source.note, "By masto.js");
assert.equal(profile.fields[0].name, "Web");
assert.match(profile.avatar, /\/media\//);
assert.equal((await reader.v1.accounts.lookup({ acct: me.username })).id, me.id);
assert.equal((await reader.v1.accounts.search.list({ q: me.username }))[0].id, me.id);

// Polls until the photo is processed.
const media = await author.v2.media.create({
  file: new Blob([await readFile(photo)], { type: "image/jpeg" }),
  description: "A photo",
});
assert.ok(media.url, "the photo has no address");
const described = await author.v1.media.$select(media.id).update({ description: "A photo by the sea", focus: "0.25,-0.5" });
assert.equal(described.description, "A photo by the sea");
assert.equal(described.meta.focus.x, 0.25);
const share = () =>
  author.v1.statuses.create(
    { status: "From masto.js", mediaIds: [media.id], visibility: "public", spoilerText: "", language: "en" },
    { requestInit: { headers: { "Idempotency-Key": "once" } } },
  );
const post = await share();
// The key has to arrive: without it a photo that is in use already would be refused.
assert.equal((await share()).id, post.id);
const seen = await eventually(async () => {
  const home = await reader.v1.timelines.home.list({ limit: 20 });
  return home.find((status) => status.id === post.id);
});
assert.equal(seen.mediaAttachments[0].description, "A photo by the sea");
assert.equal(seen.account.id, me.id);

const friends = await reader.v1.lists.create({ title: "Friends", exclusive: false });
const onList = reader.v1.lists.$select(friends.id).accounts;
await onList.create({ accountIds: [me.id] });
assert.deepEqual((await onList.list()).map((one) => one.id), [me.id]);
assert.deepEqual((await reader.v1.accounts.$select(me.id).lists.list()).map((one) => one.title), ["Friends"]);
assert.deepEqual((await reader.v1.timelines.list.$select(friends.id).list()).map((one) => one.id), [post.id]);
assert.equal((await reader.v1.lists.$select(friends.id).update({ title: "Close friends" })).title, "Close friends");
await onList.remove({ accountIds: [me.id] });
assert.deepEqual(await onList.list(), []);
await reader.v1.lists.$select(friends.id).remove();
assert.deepEqual(await reader.v1.lists.list(), []);

const lights = await reader.v2.filters.create({
  title: "Lights",
  context: ["home", "thread"],
  filterAction: "warn",
  expiresIn: 600,
  keywordsAttributes: [{ keyword: "MASTO.js", wholeWord: true }],
});
assert.ok(lights.expiresAt);
const onLights = reader.v2.filters.$select(lights.id);
const [matched] = (await reader.v1.statuses.$select(post.id).fetch()).filtered;
assert.equal(matched.filter.title, "Lights");
assert.deepEqual(matched.keywordMatches, ["MASTO.js"]);
assert.deepEqual((await author.v1.statuses.$select(post.id).fetch()).filtered, []);
const word = await onLights.keywords.create({ keyword: "sea", wholeWord: false });
const changed = await reader.v2.filters.keywords.$select(word.id).update({ keyword: "sea", wholeWord: true });
assert.equal(changed.wholeWord, true);
assert.deepEqual((await onLights.keywords.list()).map((one) => one.keyword), ["MASTO.js", "sea"]);
await reader.v2.filters.keywords.$select(word.id).remove();
const named = await onLights.statuses.create({ statusId: post.id });
assert.deepEqual((await onLights.statuses.list()).map((one) => one.statusId), [post.id]);
await reader.v2.filters.statuses.$select(named.id).remove();
const lasting = await onLights.update({ title: "Light", expiresIn: null });
assert.equal(lasting.title, "Light");
assert.equal(lasting.expiresAt, null);
assert.deepEqual((await reader.v1.filters.list()).map((one) => one.phrase), ["MASTO.js"]);
await onLights.remove();
assert.deepEqual(await reader.v2.filters.list(), []);

const answer = await reader.v1.statuses.create({ status: "Lovely", inReplyToId: post.id });
const context = await author.v1.statuses.$select(post.id).context.fetch();
assert.deepEqual(context.descendants.map((status) => status.id), [answer.id]);
assert.deepEqual((await author.v1.statuses.list({ id: [post.id, answer.id] })).map((status) => status.id), [post.id, answer.id]);
const onlyMedia = await reader.v1.accounts.$select(me.id).statuses.list({ onlyMedia: true, excludeReplies: true, pinned: false });
assert.deepEqual(onlyMedia.map((status) => status.id), [post.id]);
assert.equal((await reader.v1.timelines.public.list({ local: true, onlyMedia: true }))[0].id, post.id);
assert.deepEqual((await author.v1.accounts.$select(me.id).followers.list()).length, 1);
assert.deepEqual((await author.v1.accounts.$select(me.id).following.list()).length, 0);

const read = reader.v1.statuses.$select(post.id);
const [announced] = await eventually(async () => {
  const statuses = await reader.v1.notifications.list({ types: ["status"] });
  return statuses.length > 0 && statuses;
});
assert.equal(announced.status.id, post.id);
const liked = await read.favourite();
assert.equal(liked.favourited, true);
assert.equal(liked.favouritesCount, 1);
assert.equal((await author.v1.statuses.$select(post.id).favouritedBy.list()).length, 1);
assert.deepEqual((await reader.v1.favourites.list()).map((status) => status.id), [post.id]);
await eventually(async () => (await author.v1.notifications.list({ types: ["favourite"] })).length === 1);
assert.equal((await read.unfavourite()).favouritesCount, 0);
assert.equal((await read.bookmark()).bookmarked, true);
assert.deepEqual((await reader.v1.bookmarks.list()).map((status) => status.id), [post.id]);
assert.equal((await read.unbookmark()).bookmarked, false);

const shared = await read.reblog({ visibility: "public" });
assert.equal(shared.reblog.id, post.id);
assert.equal(shared.reblog.reblogged, true);
assert.equal(shared.reblog.reblogsCount, 1);
assert.equal((await author.v1.statuses.$select(post.id).rebloggedBy.list()).length, 1);
await eventually(async () => (await author.v1.notifications.list({ types: ["reblog"] })).length === 1);
assert.equal((await read.unreblog()).reblogsCount, 0);

const told = await eventually(async () => {
  const all = await author.v1.notifications.list();
  const byType = Object.fromEntries(all.map((one) => [one.type, one]));
  return Object.keys(byType).sort().join() === "follow,mention" && byType;
});
assert.equal(told.mention.status.id, answer.id);
assert.equal(told.follow.account.id, (await reader.v1.accounts.verifyCredentials()).id);
assert.deepEqual((await author.v1.notifications.list({ types: ["follow"] })).map((one) => one.id), [told.follow.id]);
assert.deepEqual((await author.v1.notifications.list({ excludeTypes: ["follow"] })).map((one) => one.id), [told.mention.id]);
assert.equal((await author.v1.notifications.$select(told.follow.id).fetch()).type, "follow");
const page = await author.v2.notifications.list({ groupedTypes: ["favourite", "reblog", "follow"] });
assert.deepEqual(page.notificationGroups.map((group) => group.groupKey).sort(), [told.follow.groupKey, told.mention.groupKey].sort());
assert.equal(page.accounts.length, 1);
assert.deepEqual(page.statuses.map((status) => status.id), [answer.id]);
const follows = author.v2.notifications.$select(told.follow.groupKey);
assert.equal((await follows.fetch()).notificationGroups[0].notificationsCount, 1);
assert.deepEqual((await follows.accounts.fetch()).map((account) => account.id), [told.follow.account.id]);
assert.equal((await author.v2.notifications.unreadCount.fetch()).count, 2);
const [first] = Object.values(told).sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
const marked = await author.v1.markers.create({ notifications: { lastReadId: first.id } });
assert.equal(marked.notifications.lastReadId, first.id);
assert.equal((await author.v1.markers.fetch({ timeline: ["notifications"] })).notifications.version, 1);
await author.v2.notifications.$select(first.groupKey).dismiss();
assert.equal((await author.v1.notifications.list()).length, 1);
await author.v1.notifications.clear();
assert.deepEqual(await author.v1.notifications.list(), []);

const { policy } = author.v2.notifications;
assert.equal((await policy.fetch()).forPrivateMentions, "filter");
assert.equal((await policy.update({ forNotFollowing: "filter" })).forNotFollowing, "filter");
await read.favourite();
const [waiting] = await eventually(async () => {
  const requests = await author.v1.notifications.requests.list();
  return requests.length > 0 && requests;
});
assert.equal(waiting.lastStatus.id, post.id);
assert.deepEqual(await author.v1.notifications.list(), []);
assert.equal((await author.v2.notifications.list({ includeFiltered: true })).notificationGroups.length, 1);
await author.v1.notifications.requests.$select(waiting.id).accept();
assert.equal((await author.v1.notifications.requests.merged.fetch()).merged, true);
assert.equal((await author.v1.notifications.list())[0].type, "favourite");
assert.equal((await policy.update({ forNotFollowing: "accept" })).summary.pendingRequestsCount, 0);
await read.unfavourite();
await author.v1.notifications.clear();

// What masto.js takes from Node 22, for those before it.
globalThis.WebSocket ??= createRequire(join(modules, "x.js"))("ws");
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
const streaming = createStreamingAPIClient({
  streamingApiUrl: instance.configuration.urls.streaming,
  accessToken: readerToken,
});
const [heardAtHome, heardOfTag] = [streaming.user.subscribe(), streaming.hashtag.subscribe({ tag: "LiveSea" })];
const heard = [];
for (const subscription of [heardAtHome, heardOfTag])
  (async () => {
    for await (const event of subscription) heard.push(event);
  })();
// Until both have begun: which is told by nothing else.
await eventually(async () => {
  const live = await author.v1.statuses.create({ status: "Live #LiveSea" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await author.v1.statuses.$select(live.id).remove();
  const streams = heard.filter((event) => event.event === "update").map((event) => event.stream.join());
  return streams.includes("user") && streams.includes("hashtag,LiveSea");
});
const live = heard.find((event) => event.event === "update" && event.stream[0] === "user");
assert.equal(live.payload.account.id, me.id);
await eventually(async () => heard.some((event) => event.event === "delete" && event.payload === live.payload.id));
streaming.close();

for (let number = 0; number < 5; number += 1) await author.v1.statuses.create({ status: `number ${number}` });
const walked = [];
for await (const page of author.v1.accounts.$select(me.id).statuses.list({ limit: 2 })) walked.push(...page);
assert.equal(walked.length, 6);

const tagged = await author.v1.statuses.create({ status: "By the sea #MastoLight" });
assert.deepEqual((await reader.v1.timelines.tag.$select("mastolight").list()).map((status) => status.id), [tagged.id]);
assert.equal((await reader.v1.tags.$select("MastoLight").fetch()).history[0].uses, "1");
assert.equal((await reader.v1.tags.$select("MastoLight").follow()).following, true);
assert.ok((await reader.v1.timelines.home.list()).some((status) => status.id === tagged.id));
assert.deepEqual((await reader.v1.followedTags.list()).map((tag) => tag.name), ["mastolight"]);
assert.equal((await reader.v1.tags.$select("mastolight").unfollow()).following, false);
assert.equal((await reader.v2.search.list({ q: "mastol", type: "hashtags" })).hashtags[0].name, "mastolight");
assert.equal((await reader.v2.search.list({ q: me.username })).accounts[0].id, me.id);
assert.equal((await reader.v2.search.list({ q: tagged.url, resolve: true })).statuses[0].id, tagged.id);

const oldest = await author.v1.accounts.$select(me.id).statuses.list({ limit: 1, minId: "0" });
assert.equal(oldest[0].id, post.id);

const whispered = await reader.v1.statuses.create({ status: `@${me.username} between us`, visibility: "direct" });
const [talk] = await author.v1.conversations.list();
assert.equal(talk.lastStatus.id, whispered.id);
assert.equal(talk.unread, true);
assert.equal((await author.v1.conversations.$select(talk.id).read()).unread, false);
await author.v1.conversations.$select(talk.id).remove();
assert.deepEqual(await author.v1.conversations.list(), []);
const own = author.v1.statuses.$select(post.id);
const edited = await own.update({
  status: "From masto.js, edited",
  mediaIds: [media.id],
  mediaAttributes: [{ id: media.id, description: "A photo of the sea" }],
});
assert.ok(edited.editedAt);
assert.equal(edited.mediaAttachments[0].description, "A photo of the sea");
assert.equal((await own.source.fetch()).text, "From masto.js, edited");
const versions = await read.history.list();
assert.deepEqual(versions.map((version) => version.mediaAttachments[0].description), ["A photo by the sea", "A photo of the sea"]);
assert.match(versions[0].content, /From masto.js/);
assert.equal((await author.v1.statuses.$select(post.id).pin()).pinned, true);
assert.deepEqual((await reader.v1.accounts.$select(me.id).statuses.list({ pinned: true })).map((one) => one.id), [post.id]);
assert.equal((await author.v1.statuses.$select(post.id).unpin()).pinned, false);
const report = await reader.v1.reports.create({ accountId: me.id, statusIds: [post.id], comment: "By the sea", category: "spam" });
assert.equal(report.category, "spam");
assert.equal(report.targetAccount.id, me.id);
assert.equal(report.forwarded, false);
const moderator = createRestAPIClient({ url, accessToken: moderatorToken });
assert.deepEqual((await moderator.v1.admin.reports.list()).map((one) => one.id), [report.id]);
const looked = moderator.v1.admin.reports.$select(report.id);
assert.equal((await looked.fetch()).statuses[0].id, post.id);
assert.equal((await looked.assignToSelf()).assignedAccount.username, "iris");
assert.equal((await looked.unassign()).assignedAccount, null);
assert.equal((await looked.resolve()).actionTakenByAccount.username, "iris");
assert.equal((await moderator.v1.admin.reports.list({ resolved: true })).length, 1);
assert.equal((await looked.reopen()).actionTaken, false);
await assert.rejects(async () => await reader.v1.admin.reports.list(), /scope/i);
const deleted = await author.v1.statuses.$select(post.id).remove();
assert.equal(deleted.text, "From masto.js, edited");
await assert.rejects(reader.v1.statuses.$select(post.id).fetch(), /no such post/i);
const other = await reader.v1.accounts.verifyCredentials();
assert.equal((await author.v1.accounts.$select(other.id).removeFromFollowers()).followedBy, false);
const blocked = await author.v1.accounts.$select(other.id).block();
assert.equal(blocked.blocking, true);
assert.equal((await author.v1.blocks.list())[0].id, other.id);
await assert.rejects(reader.v1.accounts.$select(me.id).follow(), /not allowed/i);
assert.equal((await author.v1.accounts.$select(other.id).unblock()).blocking, false);
assert.equal((await reader.v1.accounts.$select(me.id).mute({ notifications: true })).muting, true);
assert.equal((await reader.v1.mutes.list())[0].id, me.id);
assert.equal((await reader.v1.accounts.$select(me.id).unmute()).muting, false);
assert.equal((await reader.v1.accounts.$select(me.id).note.create({ comment: "by the sea" })).note, "by the sea");
assert.equal((await reader.v1.accounts.$select(me.id).unfollow()).following, false);
assert.equal((await author.v1.accounts.updateCredentials({ locked: true })).locked, true);
assert.equal((await reader.v1.accounts.$select(me.id).follow()).requested, true);
assert.deepEqual((await author.v1.followRequests.list()).map((one) => one.id), [other.id]);
assert.equal((await author.v1.followRequests.$select(other.id).authorize()).followedBy, true);
await reader.v1.accounts.$select(me.id).unfollow();
await reader.v1.accounts.$select(me.id).follow();
assert.equal((await author.v1.followRequests.$select(other.id).reject()).requestedBy, false);
const subscribed = await reader.v1.push.subscription.create({
  subscription: {
    endpoint: "https://push.example/js",
    keys: {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg",
    },
  },
  data: { alerts: { mention: true, favourite: false } },
  policy: "follower",
});
assert.equal(subscribed.alerts.mention, true);
assert.equal(subscribed.policy, "follower");
assert.equal(subscribed.serverKey, (await reader.v2.instance.fetch()).configuration.vapid.publicKey);
const resubscribed = await reader.v1.push.subscription.update({ data: { alerts: { favourite: true } }, policy: "all" });
assert.deepEqual([resubscribed.alerts.mention, resubscribed.alerts.favourite, resubscribed.policy], [false, true, "all"]);
assert.equal((await reader.v1.push.subscription.fetch()).id, subscribed.id);
await reader.v1.push.subscription.remove();
await assert.rejects(reader.v1.push.subscription.fetch(), /no such subscription/i);
await assert.rejects(author.v1.statuses.create({ status: "x".repeat(20_000) }), /character/i);
await assert.rejects(reader.v1.statuses.$select(post.id).context.fetch(), /no such post/i);
console.log("all done with masto.js");
