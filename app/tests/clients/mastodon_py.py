"""Mastodon.py, as its users use it: two people sign up, one posts a photo, the other finds it at home.

python mastodon_py.py BASE_URL PHOTO MODERATOR_TOKEN
"""

import base64
import sys
import time

from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError, StreamListener

BASE, PHOTO, MODERATOR_TOKEN = sys.argv[1:4]
PASSWORD = "correct horse battery staple"
SCOPES = ["read", "write", "follow", "push"]


def signed_up(name):
    client_id, secret = Mastodon.create_app("Mastodon.py", api_base_url=BASE, scopes=SCOPES)
    person = Mastodon(client_id, secret, api_base_url=BASE)
    person.create_account(name, PASSWORD, f"{name}@example.org", agreement=True, scopes=SCOPES)
    return person


def eventually(look):
    for _ in range(200):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit("waited in vain")


def are_told(person, types):
    """What somebody is told, by its type, once it is of these types and no others."""
    told = {one.type: one for one in person.notifications()}
    return told if sorted(told) == types else None


class Heard(StreamListener):
    """What somebody heard who listened."""

    def __init__(self):
        self.told = []

    def on_update(self, status):
        self.told.append(("update", str(status.id)))

    def on_notification(self, notification):
        self.told.append(("notification", notification.type))

    def on_delete(self, status_id):
        self.told.append(("delete", str(status_id)))


def listen(author, reader):
    """Somebody listens while another one posts."""
    assert reader.stream_healthy()
    heard, told = Heard(), Heard()
    streams = [reader.stream_user(heard, run_async=True), author.stream_user(told, run_async=True)]
    post = author.status_post("Live")
    eventually(lambda: ("update", str(post.id)) in heard.told)
    reader.status_favourite(post)
    eventually(lambda: ("notification", "favourite") in told.told)
    author.status_delete(post)
    eventually(lambda: ("delete", str(post.id)) in heard.told)
    for stream in streams:
        stream.close()


def moderate(report, post):
    """What somebody does who looks after reports."""
    moderator = Mastodon(access_token=MODERATOR_TOKEN, api_base_url=BASE)
    assert [one.id for one in moderator.admin_reports()] == [report.id]
    shown = moderator.admin_report(report)
    assert shown.account.username == "py_reader" and shown.target_account.account.username == "py_author", shown
    assert [status.id for status in shown.statuses] == [post.id], shown
    assert moderator.admin_report_assign(report).assigned_account.username == "iris"
    assert moderator.admin_report_unassign(report).assigned_account is None
    resolved = moderator.admin_report_resolve(report)
    assert resolved.action_taken and resolved.action_taken_by_account.username == "iris", resolved
    assert list(moderator.admin_reports()) == []
    assert [one.id for one in moderator.admin_reports(resolved=True)] == [report.id]
    assert not moderator.admin_report_reopen(report).action_taken


def push_to_a_device(person):
    """Subscribes, looks, and ends it. The keys are those of RFC 8291's example."""
    def key(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    keys = {
        "pubkey": key("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        "auth": key("BTBZMqHH6r4Tts7J_aSIgg"),
    }
    made = person.push_subscription_set("https://push.example/py", keys, mention_events=True, policy="followed")
    assert made.alerts.mention and not made.alerts.favourite, made
    assert made.policy == "followed" and made.endpoint == "https://push.example/py", made
    assert made.server_key == person.instance_v2().configuration.vapid.public_key, made
    assert person.push_subscription().id == made.id
    person.push_subscription_delete()
    try:
        person.push_subscription()
        raise SystemExit("a subscription that was ended is still there")
    except MastodonNotFoundError:
        pass


def main():
    author, reader = signed_up("py_author"), signed_up("py_reader")
    me = author.account_verify_credentials()
    assert me.username == "py_author", me
    assert author.instance_v1().uri and author.instance_v2().domain
    assert author.app_verify_credentials().name == "Mastodon.py"
    assert author.preferences()["posting:default:visibility"] == "public"
    for empty in (author.custom_emojis(), author.announcements(), author.filters_v2(), author.lists(), author.instance_rules()):
        assert list(empty) == [], empty
    assert author.instance_nodeinfo().software.name == "heliograph"
    relationship = reader.account_follow(me.id, reblogs=False, notify=True)
    assert relationship.following and relationship.notifying and not relationship.showing_reblogs, relationship
    assert reader.account_relationships(me.id)[0].following
    assert author.account_followers(me.id)[0].username == "py_reader"

    author.account_update_credentials(display_name="Author", note="By Mastodon.py", avatar=PHOTO, header=PHOTO,
                                      fields=[("Web", "https://example.org"), ("Camera", "X100V")])
    assert author.account(me.id).display_name == "Author"
    assert [field.name for field in author.account(me.id).fields] == ["Web", "Camera"]
    assert author.account_search("py_author")[0].id == me.id

    media = author.media_post(PHOTO, description="A photo", focus=(0.25, -0.5), synchronous=True)
    assert media.url and media.blurhash, media
    assert author.media_update(media, description="A photo by the sea").description == "A photo by the sea"
    assert author.media(media).url == media.url
    post = author.status_post("From Mastodon.py", media_ids=[media], idempotency_key="once")
    again = author.status_post("From Mastodon.py", media_ids=[media], idempotency_key="once")
    assert post.id == again.id, (post.id, again.id)
    assert post.created_at.year >= 2026

    seen = eventually(lambda: [status for status in reader.timeline_home() if status.id == post.id])[0]
    announced = eventually(lambda: reader.notifications(types=["status"]))[0]
    assert announced.type == "status" and announced.status.id == post.id, announced
    assert seen.media_attachments[0].description == "A photo by the sea", seen
    assert seen.account.display_name == "Author"
    assert reader.timeline_public(only_media=True)[0].id == post.id
    assert reader.account_statuses(me.id, only_media=True)[0].id == post.id
    assert reader.account_lookup("py_author").id == me.id

    friends = reader.list_create("Friends", replies_policy="followed")
    reader.list_accounts_add(friends, [me.id])
    assert [account.id for account in reader.list_accounts(friends)] == [me.id]
    assert [one.title for one in reader.account_lists(me.id)] == ["Friends"]
    assert [status.id for status in reader.timeline_list(friends)] == [post.id]
    assert reader.list_update(friends, "Close friends", replies_policy="none", exclusive=True).exclusive
    assert post.id not in [status.id for status in reader.timeline_home()]
    assert reader.list(friends).replies_policy == "none"
    reader.list_accounts_delete(friends, [me.id])
    assert list(reader.list_accounts(friends)) == []
    reader.list_delete(friends)
    assert list(reader.lists()) == []

    words = [{"keyword": "mastodon.PY", "whole_word": True}]
    lights = reader.create_filter_v2("Lights", ["home", "thread"], "warn", expires_in=600, keywords_attributes=words)
    assert lights.expires_at and [one.keyword for one in lights.keywords] == ["mastodon.PY"], lights
    matched = reader.status(post).filtered
    assert [one.filter.title for one in matched] == ["Lights"], matched
    assert list(matched[0].keyword_matches) == ["mastodon.PY"], matched
    assert list(author.status(post).filtered) == []
    added = reader.add_filter_keyword_v2(lights, "sea", whole_word=True)
    assert [one.keyword for one in reader.filter_keywords_v2(lights)] == ["mastodon.PY", "sea"]
    reader.delete_filter_keyword_v2(added)
    named = reader.add_filter_status_v2(lights, post)
    assert [str(one.status_id) for one in reader.filter_statuses_v2(lights)] == [str(post.id)]
    assert str(reader.filter_status_v2(named).status_id) == str(post.id)
    reader.delete_filter_status_v2(named)
    assert reader.update_filter_v2(lights, title="Light", filter_action="hide").filter_action == "hide"
    assert [one.title for one in reader.filters_v2()] == ["Light"]
    reader.delete_filter_v2(lights)
    word = reader.filter_create("mastodon.py", ["home"], whole_word=False, expires_in=600)
    assert reader.filter_update(word, phrase="by the sea", context=["public"], irreversible=True).irreversible
    assert [one.phrase for one in reader.filters()] == ["by the sea"]
    assert reader.filter(word).whole_word is False
    assert len(reader.status(post).filtered) == 1, "what a photo shows"
    reader.filter_delete(word)
    assert list(reader.filters_v2()) == []

    answer = reader.status_reply(post, "Lovely")
    context = author.status_context(post)
    assert [status.id for status in context.descendants] == [answer.id], context

    liked = reader.status_favourite(post)
    assert liked.favourited and liked.favourites_count == 1, liked
    assert [account.username for account in author.status_favourited_by(post)] == ["py_reader"]
    assert [status.id for status in reader.favourites()] == [post.id]
    eventually(lambda: author.notifications(types=["favourite"]))
    unliked = reader.status_unfavourite(post)
    assert not unliked.favourited and unliked.favourites_count == 0, unliked
    assert reader.status_bookmark(post).bookmarked
    assert [status.id for status in reader.bookmarks()] == [post.id]
    assert not author.status(post).bookmarked
    assert not reader.status_unbookmark(post).bookmarked

    shared = reader.status_reblog(post)
    assert shared.reblog.id == post.id and shared.reblog.reblogged and shared.reblog.reblogs_count == 1, shared
    assert [account.username for account in author.status_reblogged_by(post)] == ["py_reader"]
    assert shared.id in [status.id for status in author.account_statuses(reader.me().id)]
    assert shared.id not in [status.id for status in author.account_statuses(reader.me().id, exclude_reblogs=True)]
    assert eventually(lambda: are_told(author, ["follow", "mention", "reblog"]))["reblog"].status.id == post.id
    unshared = reader.status_unreblog(post)
    assert not unshared.reblogged and unshared.reblogs_count == 0, unshared

    told = eventually(lambda: are_told(author, ["follow", "mention"]))
    assert told["mention"].status.id == answer.id and told["mention"].group_key, told
    assert told["follow"].account.username == "py_reader", told
    assert [one.type for one in author.notifications(types=["follow"])] == ["follow"]
    assert [one.type for one in author.notifications(exclude_types=["follow"])] == ["mention"]
    assert author.notifications(told["follow"].id).type == "follow"
    assert author.notifications_unread_count().count == 2
    page = author.grouped_notifications()
    groups = {group.type: group for group in page.notification_groups}
    assert groups["follow"].group_key == told["follow"].group_key, groups
    assert [account.username for account in page.accounts] == ["py_reader"], page
    assert str(groups["mention"].status_id) == str(page.statuses[0].id) == str(answer.id), page
    follows = author.grouped_notification(groups["follow"].group_key)
    assert follows.notification_groups[0].notifications_count == 1, follows
    followers = author.grouped_notification_accounts(groups["follow"].group_key)
    assert [account.username for account in followers] == ["py_reader"], followers
    assert author.unread_grouped_notifications_count() == 2
    first, last = sorted(told.values(), key=lambda one: int(one.id))
    author.markers_set("notifications", first.id)
    marker = author.markers_get("notifications")["notifications"]
    assert str(marker.last_read_id) == str(first.id), marker
    assert author.notifications_unread_count().count == 1
    author.dismiss_grouped_notification(last.group_key)
    assert [one.id for one in author.notifications()] == [first.id]
    author.notifications_clear()
    assert list(author.notifications()) == []

    assert author.notifications_policy().for_private_mentions == "filter"
    assert author.update_notifications_policy(for_not_following="filter").for_not_following == "filter"
    reader.status_favourite(post)
    waiting = eventually(author.notification_requests)[0]
    assert waiting.account.username == "py_reader" and waiting.last_status.id == post.id, waiting
    assert list(author.notifications()) == []
    assert author.notifications_policy().summary.pending_requests_count == 1
    assert author.notification_request(waiting).id == waiting.id
    author.accept_notification_request(waiting)
    assert author.notifications_merged()
    assert [one.type for one in author.notifications()] == ["favourite"]
    assert author.update_notifications_policy(for_not_following="accept").for_not_following == "accept"
    reader.status_unfavourite(post)
    author.notifications_clear()

    listen(author, reader)

    for number in range(3):
        author.status_post(f"number {number}")
    first = author.account_statuses(me.id, limit=2)
    everything = author.fetch_remaining(first)
    assert len(everything) == 4, len(everything)

    assert author.account_statuses(me.id, min_id=0, limit=1)[0].id == post.id
    assert author.account_following(me.id) == []
    assert [status.id for status in author.statuses([post.id, answer.id])] == [post.id, answer.id]
    whispered = reader.status_post(f"@{me.username} between us", visibility="direct")
    talk = author.conversations()[0]
    assert (talk.unread, talk.last_status.id) == (True, whispered.id), talk
    assert not author.conversations_read(talk).unread
    photo = author.generate_media_edit_attributes(media.id, description="A photo of the sea")
    edited = author.status_update(post, "From Mastodon.py, edited", media_attributes=[photo])
    assert edited.edited_at is not None
    assert edited.media_attachments[0].description == "A photo of the sea"
    assert author.status_source(post).text == "From Mastodon.py, edited"
    versions = reader.status_history(post)
    assert [version.media_attachments[0].description for version in versions][1:] == ["A photo of the sea"], versions
    assert author.status_pin(post).pinned
    assert [status.id for status in reader.account_statuses(me.id, pinned=True)] == [post.id]
    assert not author.status_unpin(post).pinned
    report = reader.report(me.id, status_ids=[post.id], comment="By the sea", category="spam")
    assert not report.action_taken and report.category == "spam" and report.target_account.id == me.id, report
    assert [str(status) for status in report.status_ids] == [str(post.id)], report
    moderate(report, post)
    author.status_delete(post)
    tagged = author.status_post("By the sea #PyLight")
    assert [status.id for status in reader.timeline_hashtag("PyLight")] == [tagged.id]
    assert reader.tag("pylight").history[0].uses == "1", reader.tag("pylight")
    assert reader.tag_follow("PyLight").following
    assert tagged.id in [status.id for status in reader.timeline_home()]
    assert [tag.name for tag in reader.followed_tags()] == ["pylight"]
    found = reader.search_v2("pylight")
    assert [tag.name for tag in found.hashtags] == ["pylight"], found
    assert reader.search_v2("py_author").accounts[0].id == me.id
    assert reader.search_v2(tagged.url).statuses[0].id == tagged.id
    assert not reader.tag_unfollow("pylight").following
    author.status_delete(tagged)
    try:
        reader.status(post.id)
        raise SystemExit("a deleted post is still there")
    except MastodonNotFoundError:
        pass
    try:
        author.status_post("x" * 20_000)
        raise SystemExit("a post of any length is taken")
    except MastodonAPIError as error:
        assert "character" in str(error), error
    assert author.account_remove_from_followers(reader.me().id).followed_by is False
    reader.account_follow(me.id)
    blocked = author.account_block(reader.me().id)
    assert blocked.blocking and not blocked.followed_by, blocked
    assert [account.username for account in author.blocks()] == ["py_reader"]
    assert reader.account_statuses(me.id) == []
    assert not author.account_unblock(reader.me().id).blocking
    muted = reader.account_mute(me.id, notifications=False, duration=600)
    assert muted.muting and not muted.muting_notifications, muted
    assert reader.mutes()[0].id == me.id
    assert not reader.account_unmute(me.id).muting
    assert reader.account_note_set(me.id, "by the sea").note == "by the sea"
    assert reader.account_relationships(me.id)[0].note == "by the sea"
    reader.account_unfollow(me.id)
    assert author.account_update_credentials(locked=True).locked
    assert reader.account_follow(me.id).requested
    assert [account.username for account in author.follow_requests()] == ["py_reader"]
    assert author.follow_request_authorize(reader.me().id).followed_by
    reader.account_unfollow(me.id)
    reader.account_follow(me.id)
    assert not author.follow_request_reject(reader.me().id).requested_by
    assert not author.account_update_credentials(locked=False).locked
    push_to_a_device(reader)
    reader.revoke_access_token(allow_http=True)
    print("all done with Mastodon.py")


main()
