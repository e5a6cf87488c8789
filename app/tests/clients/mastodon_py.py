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
    assert reader.account_follow(me.id).following
    assert reader.account_relationships(me.id)[0].following
    assert author.account_followers(me.id)[0].username == "py_reader"

    author.account_update_credentials(display_name="Author", note="By Mastodon.py", avatar=PHOTO)
    assert author.account(me.id).display_name == "Author"

    media = author.media_post(PHOTO, description="A photo", focus=(0.25, -0.5), synchronous=True)
    assert media.url and media.blurhash, media
    post = author.status_post("From Mastodon.py", media_ids=[media], idempotency_key="once")
    again = author.status_post("From Mastodon.py", media_ids=[media], idempotency_key="once")
    assert post.id == again.id, (post.id, again.id)
    assert post.created_at.year >= 2026

    seen = eventually(lambda: [status for status in reader.timeline_home() if status.id == post.id])[0]
    assert seen.media_attachments[0].description == "A photo", seen
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

    author.status_delete(post)
    try:
        reader.status(post.id)
        raise SystemExit("a deleted post is still there")
    except MastodonNotFoundError:
        pass
    try:
        author.status_post("x" * 100_000)
        raise SystemExit("a post of any length is taken")
    except MastodonAPIError as error:
        assert "character" in str(error), error
    reader.account_unfollow(me.id)
    reader.revoke_access_token(allow_http=True)
    print("all done with Mastodon.py")


main()
