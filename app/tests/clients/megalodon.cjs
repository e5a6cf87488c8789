// megalodon, as its users use it: find out what server it is, one person posts a photo, another finds it at home.
//
// node megalodon.cjs NODE_MODULES BASE_URL AUTHOR_TOKEN READER_TOKEN PHOTO

const assert = require("node:assert/strict");
const { createReadStream } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [modules, url, authorToken, readerToken, photo] = process.argv.slice(2);
const megalodon = createRequire(join(modules, "x.js"))("megalodon");
const { default: generator, detector } = megalodon;

async function eventually(look) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited in vain");
}

async function refused(promise, status) {
  await assert.rejects(promise, (error) => error.response?.status === status);
}

async function main() {
  // By NodeInfo: without it megalodon knows no way to speak to a server.
  assert.equal(await detector(url), "mastodon");
  const author = generator("mastodon", url, authorToken);
  const reader = generator("mastodon", url, readerToken);

  const app = await generator("mastodon", url).registerApp("megalodon", { scopes: ["read", "write", "follow"] });
  assert.ok(app.client_id && app.client_secret && app.url.includes("/oauth/authorize"));
  const instance = (await author.getInstance()).data;
  assert.ok(instance.configuration.statuses.max_characters > 0);
  assert.ok((await author.streamingURL()).startsWith("ws"));
  assert.deepEqual((await author.getInstanceCustomEmojis()).data, []);
  assert.deepEqual((await author.getInstanceAnnouncements()).data, []);
  assert.deepEqual((await author.getFilters()).data, []);
  assert.deepEqual((await author.getLists()).data, []);
  assert.deepEqual((await author.getInstancePeers()).data, []);

  const me = (await author.verifyAccountCredentials()).data;
  assert.ok((await author.verifyAppCredentials()).data.name);
  const profile = await author.updateCredentials({
    display_name: "Author",
    note: "By megalodon",
    source: { privacy: "public", language: "en" },
    fields_attributes: [{ name: "Web", value: "https://example.org" }],
  });
  assert.equal(profile.data.display_name, "Author");
  assert.equal(profile.data.fields[0].name, "Web");
  assert.equal((await author.getPreferences()).data["posting:default:visibility"], "public");

  assert.equal((await reader.lookupAccount(me.username)).data.id, me.id);
  assert.equal((await reader.searchAccount(me.username)).data[0].id, me.id);
  assert.equal((await reader.getAccount(me.id)).data.display_name, "Author");
  const followed = await reader.followAccount(me.id, { reblog: false });
  assert.equal(followed.data.following, true);
  assert.equal((await reader.subscribeAccount(me.id)).data.notifying, true);
  assert.equal((await reader.unsubscribeAccount(me.id)).data.notifying, false);
  assert.equal((await reader.getRelationships([me.id])).data[0].following, true);
  assert.equal((await reader.getRelationship(me.id)).data.following, true);
  assert.equal((await author.getAccountFollowers(me.id)).data.length, 1);
  assert.equal((await author.getAccountFollowing(me.id)).data.length, 0);

  const uploaded = (await author.uploadMedia(createReadStream(photo), { description: "A photo", focus: "0.25,-0.5" })).data;
  const media = await eventually(async () => {
    const shown = (await author.getMedia(uploaded.id)).data;
    return shown.url && shown;
  });
  assert.equal(media.description, "A photo");
  assert.equal(media.meta.focus.x, 0.25);
  const changed = await author.updateMedia(media.id, { description: "A photo by the sea" });
  assert.equal(changed.data.description, "A photo by the sea");
  const post = (await author.postStatus("From megalodon", { media_ids: [media.id], visibility: "public", language: "en" })).data;
  const seen = await eventually(async () => {
    const home = (await reader.getHomeTimeline({ limit: 20 })).data;
    return home.find((status) => status.id === post.id);
  });
  assert.equal(seen.media_attachments[0].description, "A photo by the sea");
  assert.equal(seen.account.id, me.id);

  const friends = (await reader.createList("Friends")).data;
  await reader.addAccountsToList(friends.id, [me.id]);
  assert.deepEqual((await reader.getAccountsInList(friends.id)).data.map((one) => one.id), [me.id]);
  assert.deepEqual((await reader.getAccountLists(me.id)).data.map((one) => one.title), ["Friends"]);
  assert.deepEqual((await reader.getListTimeline(friends.id)).data.map((one) => one.id), [post.id]);
  assert.equal((await reader.updateList(friends.id, "Close friends")).data.title, "Close friends");
  await reader.deleteAccountsFromList(friends.id, [me.id]);
  assert.deepEqual((await reader.getAccountsInList(friends.id)).data, []);
  await reader.deleteList(friends.id);
  await refused(reader.getList(friends.id), 404);

  const light = (await reader.createFilter("Megalodon", ["home", "thread"], { irreversible: true, expires_in: 600 })).data;
  assert.equal(light.irreversible, true);
  assert.ok(light.expires_at);
  assert.equal((await reader.getFilter(light.id)).data.phrase, "Megalodon");
  const change = { irreversible: false, whole_word: false };
  assert.equal((await reader.updateFilter(light.id, "sea", ["public"], change)).data.whole_word, false);
  assert.deepEqual((await reader.getFilters()).data.map((one) => one.phrase), ["sea"]);
  await reader.deleteFilter(light.id);
  assert.deepEqual((await reader.getFilters()).data, []);

  const answer = (await reader.postStatus("Lovely", { in_reply_to_id: post.id, spoiler_text: "praise", sensitive: true })).data;
  assert.equal(answer.in_reply_to_id, post.id);
  const context = (await author.getStatusContext(post.id)).data;
  assert.deepEqual(context.descendants.map((status) => status.id), [answer.id]);
  assert.equal((await reader.getStatus(post.id)).data.content, post.content);
  const statuses = await reader.getAccountStatuses(me.id, { only_media: true, exclude_replies: true, exclude_reblogs: true });
  assert.deepEqual(statuses.data.map((status) => status.id), [post.id]);
  assert.deepEqual((await reader.getAccountStatuses(me.id, { pinned: true })).data, []);
  assert.equal((await reader.getPublicTimeline({ only_media: true })).data[0].id, post.id);
  assert.equal((await reader.getLocalTimeline({ only_media: true, limit: 1 })).data[0].id, post.id);
  assert.equal((await author.getHomeTimeline({ min_id: "0", limit: 1 })).data[0].id, post.id);

  assert.equal((await reader.favouriteStatus(post.id)).data.favourites_count, 1);
  assert.equal((await author.getStatusFavouritedBy(post.id)).data.length, 1);
  assert.deepEqual((await reader.getFavourites()).data.map((status) => status.id), [post.id]);
  assert.equal((await reader.bookmarkStatus(post.id)).data.bookmarked, true);
  assert.deepEqual((await reader.getBookmarks()).data.map((status) => status.id), [post.id]);
  assert.equal((await reader.unbookmarkStatus(post.id)).data.bookmarked, false);

  const shared = (await reader.reblogStatus(post.id)).data;
  assert.equal(shared.reblog.id, post.id);
  assert.equal(shared.reblog.reblogs_count, 1);
  assert.equal((await author.getStatusRebloggedBy(post.id)).data.length, 1);

  const toldOf = (types) => eventually(async () => {
    const all = (await author.getNotifications()).data;
    const byType = Object.fromEntries(all.map((one) => [one.type, one]));
    return Object.keys(byType).sort().join() === types && byType;
  });
  // All have come before some are taken back: what comes late would be there for a moment.
  await toldOf("favourite,follow,mention,reblog");
  assert.equal((await reader.unfavouriteStatus(post.id)).data.favourited, false);
  assert.equal((await reader.unreblogStatus(post.id)).data.reblogs_count, 0);
  const told = await toldOf("follow,mention");
  assert.equal(told.mention.status.id, answer.id);
  assert.deepEqual((await author.getNotifications({ exclude_types: ["follow"] })).data.map((one) => one.id), [told.mention.id]);
  assert.equal((await author.getNotification(told.follow.id)).data.type, "follow");
  assert.equal((await author.saveMarkers({ notifications: { last_read_id: told.follow.id } })).status, 200);
  assert.equal((await author.getMarkers(["notifications"])).data.notifications.last_read_id, told.follow.id);
  await author.dismissNotification(told.follow.id);
  assert.deepEqual((await author.getNotifications()).data.map((one) => one.id), [told.mention.id]);
  await author.dismissNotifications();
  assert.deepEqual((await author.getNotifications()).data, []);

  const socket = await reader.userStreaming();
  const heard = [];
  socket.on("update", (status) => heard.push(["update", status.id]));
  socket.on("delete", (id) => heard.push(["delete", id]));
  await new Promise((resolve) => socket.on("connect", resolve));
  const live = (await author.postStatus("Live")).data;
  await eventually(async () => heard.some(([event, id]) => event === "update" && id === live.id));
  await author.deleteStatus(live.id);
  await eventually(async () => heard.some(([event, id]) => event === "delete" && id === live.id));
  socket.stop();

  const tagged = (await author.postStatus("By the sea #MegaLight")).data;
  assert.deepEqual((await reader.getTagTimeline("megalight")).data.map((status) => status.id), [tagged.id]);
  assert.equal((await reader.getTag("MegaLight")).data.name, "megalight");
  assert.equal((await reader.followTag("MegaLight")).data.following, true);
  assert.ok((await reader.getHomeTimeline()).data.some((status) => status.id === tagged.id));
  assert.deepEqual((await reader.getFollowedTags()).data.map((tag) => tag.name), ["megalight"]);
  assert.equal((await reader.unfollowTag("megalight")).data.following, false);
  assert.equal((await reader.search("megal", { type: "hashtags" })).data.hashtags[0].name, "megalight");
  assert.equal((await reader.search(me.username, { type: "accounts" })).data.accounts[0].id, me.id);

  await reader.postStatus(`@${me.username} between us`, { visibility: "direct" });
  const talk = (await author.getConversationTimeline()).data[0];
  assert.equal(talk.unread, true);
  assert.equal((await author.readConversation(talk.id)).data.unread, false);
  await author.deleteConversation(talk.id);
  assert.deepEqual((await author.getConversationTimeline()).data, []);
  const edited = (await author.editStatus(post.id, { status: "From megalodon, edited", media_ids: [media.id] })).data;
  assert.ok(edited.edited_at);
  assert.equal(edited.media_attachments[0].description, "A photo by the sea");
  assert.equal((await author.getStatusSource(post.id)).data.text, "From megalodon, edited");
  assert.equal((await author.pinStatus(post.id)).data.pinned, true);
  assert.equal((await reader.getAccountStatuses(me.id, { pinned: true })).data[0].id, post.id);
  const report = (await reader.report(me.id, { status_ids: [post.id], comment: "By the sea", category: "spam" })).data;
  assert.equal(report.category, "spam");
  assert.equal(report.target_account.id, me.id);
  await author.deleteStatus(post.id);
  await refused(reader.getStatus(post.id), 404);
  await refused(author.postStatus("x".repeat(20_000)), 422);
  const other = (await reader.verifyAccountCredentials()).data;
  assert.equal((await author.blockAccount(other.id)).data.blocking, true);
  assert.equal((await author.getBlocks()).data[0].id, other.id);
  await refused(reader.followAccount(me.id), 403);
  assert.equal((await author.unblockAccount(other.id)).data.blocking, false);
  assert.equal((await reader.muteAccount(me.id, true)).data.muting, true);
  assert.equal((await reader.getMutes()).data[0].id, me.id);
  assert.equal((await reader.unmuteAccount(me.id)).data.muting, false);
  assert.equal((await reader.setAccountNote(me.id, "by the sea")).data.note, "by the sea");
  assert.equal((await reader.unfollowAccount(me.id)).data.following, false);
  assert.equal((await author.updateCredentials({ locked: true })).data.locked, true);
  assert.equal((await reader.followAccount(me.id)).data.requested, true);
  assert.deepEqual((await author.getFollowRequests()).data.map((one) => one.id), [other.id]);
  assert.equal((await author.acceptFollowRequest(other.id)).data.followed_by, true);
  const keys = {
    p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth: "BTBZMqHH6r4Tts7J_aSIgg",
  };
  const device = { endpoint: "https://push.example/mega", keys };
  const subscribed = (await reader.subscribePushNotification(device, { alerts: { mention: true } })).data;
  assert.equal(subscribed.alerts.mention, true);
  assert.equal((await reader.getPushSubscription()).data.id, subscribed.id);
  const retuned = (await reader.updatePushSubscription({ alerts: { follow: true } })).data;
  assert.deepEqual([retuned.alerts.mention, retuned.alerts.follow], [false, true]);
  assert.equal((await reader.deletePushSubscription()).status, 200);
  await refused(reader.getPushSubscription(), 404);
  console.log("all done with megalodon");
}

main();
