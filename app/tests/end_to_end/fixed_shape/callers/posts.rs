//! What only the account itself may do with posts, and the server.

use business_posts_gateway::{
    CreatePostRequest, DeletePostRequest, EditPostRequest, FollowTagRequest,
    GetDirectConversationRequest, GetFollowedTagsRequest, GetResharedRequest, ListByAuthorRequest,
    ListByFollowedTagsRequest, ListDirectConversationsRequest, ListFollowedTagsRequest,
    MarkDirectConversationRequest, PinPostRequest, Posts, RemoveDirectConversationRequest,
    ReshareRequest, UnfollowTagRequest, UnpinPostRequest, UnreshareRequest,
};
use infra_rpc::Contract;

use super::{Call, calls};

pub(super) fn of_who_posts() -> Vec<(String, Call)> {
    calls! {
        dyn Posts {
            create_post(author_id => CreatePostRequest { author_id, ..Default::default() });
            list_by_author(mentioned_id => ListByAuthorRequest { mentioned_id, ..Default::default() });
            delete_post(author_id => DeletePostRequest { author_id, ..Default::default() });
            reshare(account_id => ReshareRequest { account_id, ..Default::default() });
            unreshare(account_id => UnreshareRequest { account_id, ..Default::default() });
            list_direct_conversations(account_id => ListDirectConversationsRequest { account_id, ..Default::default() });
            get_direct_conversation(account_id => GetDirectConversationRequest { account_id, ..Default::default() });
            mark_direct_conversation(account_id => MarkDirectConversationRequest { account_id, ..Default::default() });
            remove_direct_conversation(account_id => RemoveDirectConversationRequest { account_id, ..Default::default() });
            edit_post(author_id => EditPostRequest { author_id, ..Default::default() });
            pin_post(author_id => PinPostRequest { author_id, ..Default::default() });
            unpin_post(author_id => UnpinPostRequest { author_id, ..Default::default() });
            follow_tag(account_id => FollowTagRequest { account_id, ..Default::default() });
            unfollow_tag(account_id => UnfollowTagRequest { account_id, ..Default::default() });
            list_followed_tags(account_id => ListFollowedTagsRequest { account_id, ..Default::default() });
            get_followed_tags(account_id => GetFollowedTagsRequest { account_id, ..Default::default() });
            list_by_followed_tags(account_id => ListByFollowedTagsRequest { account_id, ..Default::default() });
            get_reshared(account_id => GetResharedRequest { account_id, ..Default::default() });
        }
    }
}
