"""Mastodon.py, as its users use it: two people sign up, one posts a photo, the other finds it at home.

python mastodon_py.py BASE_URL PHOTO
"""

import sys
import time

from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

BASE, PHOTO = sys.argv[1:3]
PASSWORD = "correct horse battery staple"
SCOPES = ["read", "write", "follow"]


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
    assert seen.media_attachments[0].description == "A photo by the sea", seen
    assert seen.account.display_name == "Author"
    assert reader.timeline_public(only_media=True)[0].id == post.id
    assert reader.account_statuses(me.id, only_media=True)[0].id == post.id
    assert reader.account_lookup("py_author").id == me.id

    answer = reader.status_reply(post, "Lovely")
    context = author.status_context(post)
    assert [status.id for status in context.descendants] == [answer.id], context

    for number in range(3):
        author.status_post(f"number {number}")
    first = author.account_statuses(me.id, limit=2)
    everything = author.fetch_remaining(first)
    assert len(everything) == 4, len(everything)

    assert author.account_statuses(me.id, min_id=0, limit=1)[0].id == post.id
    assert author.account_following(me.id) == []
    assert [status.id for status in author.statuses([post.id, answer.id])] == [post.id, answer.id]
    author.status_delete(post)
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
    reader.account_unfollow(me.id)
    reader.revoke_access_token(allow_http=True)
    print("all done with Mastodon.py")


main()
