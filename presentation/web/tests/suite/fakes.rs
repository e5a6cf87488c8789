//! Domains that hold one member, one application and a few posts, and note what they are asked to
//! do.

mod engagement;
mod feed;
mod graph;
mod media;
pub(crate) mod posts;
mod profile;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use business_accounts_gateway::*;
use business_engagement_gateway::*;
use business_graph_gateway::*;
use business_media_gateway::*;
use business_posts_gateway::*;
use infra_kernel::{Context, Error, ErrorCode, Result};
use infra_rpc::Messages;
use presentation_kit::rate::RateLimits;
use presentation_kit::waits::Waits;
use presentation_kit::{Gateways, Site, Surface};
use product_feed_gateway::*;
use testing_stubs::{
    Stub, StubAccounts, StubEngagement, StubFeed, StubGraph, StubMedia, StubPosts,
};

/// The only session's secret.
pub(crate) const SESSION: &str = "session-of-ada";
pub(crate) const ADA: u64 = 1;
pub(crate) const BOB: u64 = 2;
pub(crate) const PUBLIC_POST: u64 = 100;
pub(crate) const PRIVATE_POST: u64 = 101;
/// Shows its camera and shares its originals.
pub(crate) const SHOWN_POST: u64 = 102;
/// The member's own, which does neither.
pub(crate) const OWN_POST: u64 = 103;
pub(crate) const MEDIA: u64 = 500;

/// What the domains were asked to change, in order.
#[derive(Clone, Default)]
pub(crate) struct Fakes {
    pub(crate) done: Arc<Mutex<Vec<String>>>,
    /// The picture of the member's profile.
    avatar: Arc<AtomicU64>,
    /// The defaults of the member's posts: 1 originals are shared, 2 the camera is shown, 4 they
    /// are for followers.
    defaults: Arc<AtomicU64>,
    /// Photos that fail, and photos that take long.
    failing: Arc<Mutex<Vec<u64>>>,
    slow: Arc<Mutex<Vec<u64>>>,
    /// The bytes of what was uploaded, in order.
    sizes: Arc<Mutex<Vec<u64>>>,
    /// Who waits for photos, and how often somebody did.
    pub(crate) waits: Waits,
    pub(crate) waited: Arc<AtomicU64>,
    /// What was made, with its key.
    made: Arc<Mutex<Vec<(String, Post)>>>,
}

impl Fakes {
    fn note(&self, what: impl Into<String>) {
        self.done.lock().unwrap().push(what.into());
    }

    pub(crate) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    /// How often this was done.
    fn count(&self, what: &str) -> u64 {
        let done = self.done();
        done.iter().filter(|done| done.starts_with(what)).count() as u64
    }

    pub(crate) fn surface(&self) -> Surface {
        self.surface_with(RateLimits::default())
    }

    pub(crate) fn surface_with(&self, limits: RateLimits) -> Surface {
        let fakes = Arc::new(self.clone());
        let gateways = Gateways {
            accounts: Stub::of(&fakes),
            graph: Stub::of(&fakes),
            media: Stub::of(&fakes),
            posts: Stub::of(&fakes),
            engagement: Stub::of(&fakes),
            moderation: Stub::of(&fakes),
            feed: Stub::of(&fakes),
            notifications: Stub::of(&fakes),
        };
        Surface::with_bounds(gateways, site(), limits, self.waits.clone())
    }
}

pub(crate) fn site() -> Site {
    Site {
        base_url: "https://photos.example".into(),
        domain: "photos.example".into(),
        title: "Harbour Light".into(),
        description: "By the sea.".into(),
        contact_email: String::new(),
        registrations_open: true,
        version: "0".into(),
        post_characters_max: 500,
        post_media_max: 3,
        push_key: "BKey=".into(),
        signer: presentation_kit::Signer::new(
            &[7; 32],
            std::time::Duration::from_secs(86_400),
            std::sync::Arc::new(infra_kernel::SystemClock),
        ),
    }
}

macro_rules! gateway {
    ($gateway:ident { $($method:ident($request:ty) -> $reply:ty = $response:ident;)* }) => {
        #[async_trait]
        impl $gateway for Fakes {
            $(async fn $method(&self, _: &Context, request: $request) -> Result<$reply> {
                self.$response(request).await
            })*
        }
    };
}

gateway!(StubAccounts {
    register(RegisterRequest) -> RegisterReply = on_register;
    sign_in(SignInRequest) -> SignInReply = on_sign_in;
    authenticate(AuthenticateRequest) -> Grant = on_authenticate;
    sign_out(SignOutRequest) -> SignOutReply = on_sign_out;
    get_accounts(GetAccountsRequest) -> GetAccountsReply = on_get_accounts;
    get_account_heads(GetAccountHeadsRequest) -> GetAccountHeadsReply = on_get_account_heads;
    find_local_accounts(FindLocalAccountsRequest) -> GetAccountsReply = on_find_local_accounts;
    update_profile(UpdateProfileRequest) -> Account = on_update_profile;
    count_accounts(CountAccountsRequest) -> CountAccountsReply = on_count_accounts;
    get_application(GetApplicationRequest) -> Application = on_get_application;
    authorize(AuthorizeRequest) -> AuthorizeReply = on_authorize;
});

gateway!(StubGraph {
    follow(FollowRequest) -> FollowReply = on_follow;
    accept_follow(AcceptFollowRequest) -> AcceptFollowReply = on_accept_follow;
    reject_follow(RejectFollowRequest) -> RejectFollowReply = on_reject_follow;
    list_follow_requests(ListFollowRequestsRequest) -> ListFollowRequestsReply = on_list_requests;
    count_follow_requests(CountFollowRequestsRequest) -> CountFollowRequestsReply = on_count_requests;
    get_relationships(GetRelationshipsRequest) -> GetRelationshipsReply = on_get_relationships;
    list_followers(ListFollowsRequest) -> ListFollowsReply = on_list_follows;
    list_following(ListFollowsRequest) -> ListFollowsReply = on_list_follows;
    get_stats(GetStatsRequest) -> GetStatsReply = on_get_stats;
});

gateway!(StubMedia {
    upload(Messages<UploadChunk>) -> MediaItem = on_upload;
    get_media(GetMediaRequest) -> GetMediaReply = on_get_media;
    wait_until_processed(WaitUntilProcessedRequest) -> MediaItem = on_wait;
    update_media(UpdateMediaRequest) -> MediaItem = on_update_media;
    delete_media(DeleteMediaRequest) -> DeleteMediaReply = on_delete_media;
    list_unused(ListUnusedRequest) -> ListUnusedReply = on_list_unused;
    attach(AttachRequest) -> AttachReply = on_attach;
    release(ReleaseRequest) -> ReleaseReply = on_release;
    get_capabilities(GetCapabilitiesRequest) -> Capabilities = on_get_capabilities;
});

gateway!(StubPosts {
    create_post(CreatePostRequest) -> CreatePostReply = on_create_post;
    get_reshared(GetResharedRequest) -> GetResharedReply = on_get_reshared;
    get_posts(GetPostsRequest) -> GetPostsReply = on_get_posts;
    get_post_heads(GetPostHeadsRequest) -> GetPostHeadsReply = on_get_post_heads;
    list_by_author(ListByAuthorRequest) -> ListPostsReply = on_list_by_author;
    list_public(ListPublicRequest) -> ListPostsReply = on_list_public;
    list_by_tag(ListByTagRequest) -> ListPostsReply = on_list_by_tag;
    get_conversation(GetConversationRequest) -> GetConversationReply = on_get_conversation;
    get_author_stats(GetAuthorStatsRequest) -> GetAuthorStatsReply = on_get_author_stats;
    count_posts(CountPostsRequest) -> CountPostsReply = on_count_posts;
});

gateway!(StubEngagement {
    get_counts(GetCountsRequest) -> GetCountsReply = on_get_counts;
    get_marks(GetMarksRequest) -> GetMarksReply = on_get_marks;
});

gateway!(StubFeed {
    get_home(GetHomeRequest) -> GetHomeReply = on_get_home;
});

fn known(ids: &[u64]) -> impl Iterator<Item = u64> + '_ {
    ids.iter().copied().filter(|id| [ADA, BOB].contains(id))
}

fn head(id: u64) -> PostHead {
    let visibility = if id == PRIVATE_POST {
        Visibility::Private
    } else {
        Visibility::Public
    };
    PostHead {
        id,
        author_id: if id == OWN_POST { ADA } else { BOB },
        revision: 1,
        visibility: visibility.into(),
        has_media: true,
        ..PostHead::default()
    }
}

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    async fn on_register(&self, request: RegisterRequest) -> Result<RegisterReply> {
        if request.username == "taken" {
            return Err(
                Error::new(ErrorCode::Conflict, "That name is taken.").for_field("username")
            );
        }
        self.note(format!(
            "register {} token={}",
            request.username, request.setup_token
        ));
        Ok(RegisterReply {
            account: Some(self.account(ADA)),
            generated_password: String::new(),
        })
    }

    async fn on_sign_in(&self, request: SignInRequest) -> Result<SignInReply> {
        if request.password == "again" {
            let wait = std::time::Duration::from_millis(1_500);
            return Err(Error::new(ErrorCode::RateLimited, "Too many tries.").to_retry_after(wait));
        }
        if request.password != "right" {
            return Err(Error::new(
                ErrorCode::Unauthenticated,
                "The name and the password do not fit.",
            ));
        }
        Ok(SignInReply {
            session_secret: SESSION.into(),
            account_id: ADA,
            expires_at_us: i64::MAX,
            browser_secret: "browser".into(),
            browser_expires_at_us: i64::MAX,
        })
    }

    async fn on_authenticate(&self, request: AuthenticateRequest) -> Result<Grant> {
        match (request.secret.as_str(), request.kind()) {
            (SESSION, SecretKind::Session) => Ok(Grant {
                account_id: ADA,
                ..Grant::default()
            }),
            ("access-token", SecretKind::Token) => Ok(Grant {
                account_id: ADA,
                application_id: 9,
                ..Grant::default()
            }),
            _ => Err(Error::new(ErrorCode::Unauthenticated, "Unknown.")),
        }
    }

    async fn on_sign_out(&self, request: SignOutRequest) -> Result<SignOutReply> {
        self.note(format!("sign out {}", request.session_secret));
        Ok(SignOutReply {})
    }

    async fn on_get_accounts(&self, request: GetAccountsRequest) -> Result<GetAccountsReply> {
        Ok(GetAccountsReply {
            accounts: known(&request.ids).map(|id| self.account(id)).collect(),
        })
    }

    async fn on_get_account_heads(
        &self,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        Ok(GetAccountHeadsReply {
            heads: known(&request.ids)
                .map(|id| AccountHead {
                    id,
                    revision: self.account(id).revision,
                    locked: false,
                })
                .collect(),
        })
    }

    async fn on_find_local_accounts(
        &self,
        request: FindLocalAccountsRequest,
    ) -> Result<GetAccountsReply> {
        let accounts = [ADA, BOB]
            .map(|id| self.account(id))
            .into_iter()
            .filter(|account| request.usernames.contains(&account.username));
        Ok(GetAccountsReply {
            accounts: accounts.collect(),
        })
    }

    async fn on_count_accounts(&self, _: CountAccountsRequest) -> Result<CountAccountsReply> {
        Ok(CountAccountsReply {
            accounts: self.count("register"),
        })
    }

    async fn on_count_posts(&self, _: CountPostsRequest) -> Result<CountPostsReply> {
        Ok(CountPostsReply { posts: 4 })
    }

    async fn on_get_application(&self, request: GetApplicationRequest) -> Result<Application> {
        if request.client_id != "client" {
            return Err(Error::not_found("application"));
        }
        Ok(Application {
            id: 9,
            client_id: "client".into(),
            name: "Ivory <b>".into(),
            redirect_uris: vec!["ivory://back".into(), "urn:ietf:wg:oauth:2.0:oob".into()],
            scopes: "read".into(),
            ..Application::default()
        })
    }

    async fn on_authorize(&self, request: AuthorizeRequest) -> Result<AuthorizeReply> {
        self.note(format!(
            "authorize {} {}",
            request.account_id, request.scopes
        ));
        Ok(AuthorizeReply {
            code: "the code".into(),
        })
    }

    async fn on_get_posts(&self, request: GetPostsRequest) -> Result<GetPostsReply> {
        let post = |id| Post {
            id,
            author_id: head(id).author_id,
            revision: 1,
            visibility: head(id).visibility,
            originals_shared: id == SHOWN_POST,
            camera_shown: id == SHOWN_POST,
            text: "words of the post".into(),
            tags: Tag::all_of("#Harbour"),
            media_ids: vec![MEDIA],
            ..Post::default()
        };
        Ok(GetPostsReply {
            posts: request.ids.into_iter().map(post).collect(),
        })
    }

    async fn on_get_post_heads(&self, request: GetPostHeadsRequest) -> Result<GetPostHeadsReply> {
        let known = request
            .ids
            .into_iter()
            .filter(|id| (PUBLIC_POST..=OWN_POST).contains(id));
        Ok(GetPostHeadsReply {
            heads: known.map(head).collect(),
        })
    }

    async fn on_list_by_author(&self, _: ListByAuthorRequest) -> Result<ListPostsReply> {
        Ok(ListPostsReply {
            heads: vec![head(PRIVATE_POST), head(PUBLIC_POST)],
        })
    }

    async fn on_list_public(&self, _: ListPublicRequest) -> Result<ListPostsReply> {
        Ok(ListPostsReply {
            heads: vec![head(PUBLIC_POST)],
        })
    }

    async fn on_list_by_tag(&self, request: ListByTagRequest) -> Result<ListPostsReply> {
        let has_it = request.tag == "harbour" && request.only_media;
        Ok(ListPostsReply {
            heads: Vec::from_iter(has_it.then(|| head(PUBLIC_POST))),
        })
    }

    async fn on_get_conversation(&self, _: GetConversationRequest) -> Result<GetConversationReply> {
        Ok(GetConversationReply::default())
    }

    async fn on_get_author_stats(
        &self,
        request: GetAuthorStatsRequest,
    ) -> Result<GetAuthorStatsReply> {
        let stats = |author_id| AuthorStats {
            author_id,
            ..AuthorStats::default()
        };
        Ok(GetAuthorStatsReply {
            stats: request.author_ids.into_iter().map(stats).collect(),
        })
    }
}
