//! The domain over a database of its own, and the accounts and posts that it asks for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{
    Account, AccountHead, GetAccountHeadsReply, GetAccountHeadsRequest, GetAccountsReply,
    GetAccountsRequest, Role,
};
use business_moderation::{DATABASE, Dependencies, ModerationCore, Settings};
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    Case, CaseEvent, ChangeCaseRequest, GetCaseRequest, ListCaseEventsRequest, ListCasesRequest,
    Moderation, PAGE_LIMIT_MAX, RebuildCasesRequest, ReportRequest,
};
use business_posts_gateway::{GetPostHeadsReply, GetPostHeadsRequest, PostHead};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{
    AccountId, Caller, CallerKey, Context, IdGenerator, Identity, ManualClock, Page, Result,
    SystemClock, Timestamp,
};
use tempfile::TempDir;
use testing_stubs::{Stub, StubAccounts, StubPosts};

/// Members have these numbers and the ones below.
pub(crate) const MEMBERS: u64 = 500;
pub(crate) const MODERATOR: u64 = 501;
pub(crate) const OTHER_MODERATOR: u64 = 502;
pub(crate) const ADMIN: u64 = 503;
/// Whose all posts are, and how many there are.
pub(crate) const AUTHOR: u64 = 9;
pub(crate) const POSTS: u64 = 1_000;
/// When the clock starts.
pub(crate) const START_US: i64 = 1_772_357_400_000_000;

/// The accounts, with their roles, and the posts.
pub(crate) struct Others {
    pub(crate) roles: Mutex<HashMap<u64, Role>>,
}

impl Default for Others {
    fn default() -> Self {
        let members = (1..=MEMBERS).map(|id| (id, Role::Member));
        let staff = [
            (MODERATOR, Role::Moderator),
            (OTHER_MODERATOR, Role::Moderator),
            (ADMIN, Role::Admin),
        ];
        Self {
            roles: Mutex::new(members.chain(staff).collect()),
        }
    }
}

#[async_trait]
impl StubAccounts for Others {
    async fn get_accounts(
        &self,
        _: &Context,
        request: GetAccountsRequest,
    ) -> Result<GetAccountsReply> {
        let roles = self.roles.lock().unwrap();
        let known = request.ids.into_iter();
        let known = known.filter_map(|id| Some((id, *roles.get(&id)?)));
        let accounts = known.map(|(id, role)| Account {
            id,
            role: role.into(),
            ..Account::default()
        });
        Ok(GetAccountsReply {
            accounts: accounts.collect(),
        })
    }

    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        let roles = self.roles.lock().unwrap();
        let known = request.ids.into_iter().filter(|id| roles.contains_key(id));
        let heads = known.map(|id| AccountHead {
            id,
            ..AccountHead::default()
        });
        Ok(GetAccountHeadsReply {
            heads: heads.collect(),
        })
    }
}

#[async_trait]
impl StubPosts for Others {
    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        let known = request
            .ids
            .into_iter()
            .filter(|id| (1..=POSTS).contains(id));
        let heads = known.map(|id| PostHead {
            id,
            author_id: AUTHOR,
            revision: 10 + id,
            ..PostHead::default()
        });
        Ok(GetPostHeadsReply {
            heads: heads.collect(),
        })
    }
}

pub(crate) struct World {
    _folder: TempDir,
    pub(crate) database: Database,
    pub(crate) others: Arc<Others>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) moderation: Arc<dyn Moderation>,
}

/// A call for somebody who signed in.
pub(crate) fn signed_in(account_id: u64) -> Context {
    let key = CallerKey::new(&[1; 32], Arc::new(SystemClock));
    by(key.mint(Identity {
        account_id: Some(AccountId::new(account_id)),
        ..Identity::default()
    }))
}

/// A call by this caller.
pub(crate) fn by(caller: Caller) -> Context {
    Context::background(Duration::from_secs(60)).with_caller(caller)
}

/// A report of the author by somebody.
pub(crate) fn reporting(reporter_id: u64) -> ReportRequest {
    ReportRequest {
        reporter_id,
        target_id: AUTHOR,
        ..ReportRequest::default()
    }
}

/// The domain over a database that is open.
pub(crate) fn over(
    database: Database,
    others: &Arc<Others>,
    clock: &Arc<ManualClock>,
    settings: Settings,
) -> ModerationCore {
    ModerationCore::new(Dependencies {
        database,
        clock: clock.clone(),
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        accounts: Stub::of(others),
        posts: Stub::of(others),
        settings,
    })
}

impl World {
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = testing_databases::open(&DATABASE, folder.path()).await;
        let others = Arc::default();
        let start = Timestamp::from_microseconds(START_US);
        let clock = Arc::new(ManualClock::at(start));
        let core = over(database.clone(), &others, &clock, settings);
        Self {
            _folder: folder,
            database,
            others,
            clock,
            moderation: core.gateway(),
        }
    }

    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn report(&self, request: ReportRequest) -> Result<Case> {
        let context = signed_in(request.reporter_id);
        self.moderation.report(&context, request).await
    }

    pub(crate) async fn change(&self, who: u64, case_id: u64, change: Change) -> Result<Case> {
        let request = ChangeCaseRequest {
            moderator_id: who,
            case_id,
            change: Some(change),
        };
        self.moderation.change_case(&signed_in(who), request).await
    }

    /// A case as a moderator sees it, now or at a time.
    pub(crate) async fn case(&self, case_id: u64, at_us: Option<i64>) -> Result<Case> {
        let request = GetCaseRequest {
            moderator_id: MODERATOR,
            case_id,
            at_us,
        };
        let context = signed_in(MODERATOR);
        self.moderation.get_case(&context, request).await
    }

    pub(crate) async fn list(&self, request: ListCasesRequest) -> Result<Vec<Case>> {
        let request = ListCasesRequest {
            moderator_id: MODERATOR,
            ..request
        };
        let context = signed_in(MODERATOR);
        Ok(self.moderation.list_cases(&context, request).await?.cases)
    }

    /// Every case, the open ones first.
    pub(crate) async fn every_case(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for resolved in [false, true] {
            let mut before = u64::MAX;
            loop {
                let page = Page {
                    before,
                    ..Page::newest(PAGE_LIMIT_MAX)
                };
                let request = ListCasesRequest {
                    page: Some(page.into()),
                    resolved,
                    ..ListCasesRequest::default()
                };
                let some = self.list(request).await.unwrap();
                let Some(last) = some.last() else { break };
                before = last.id;
                cases.extend(some);
            }
        }
        cases
    }

    pub(crate) async fn events(&self, case_id: u64) -> Result<Vec<CaseEvent>> {
        let request = ListCaseEventsRequest {
            moderator_id: MODERATOR,
            case_id,
        };
        let context = signed_in(MODERATOR);
        let reply = self.moderation.list_case_events(&context, request).await?;
        Ok(reply.events)
    }

    pub(crate) async fn rebuild(&self) -> u64 {
        let context = by(Caller::system());
        let request = RebuildCasesRequest {};
        let reply = self.moderation.rebuild_cases(&context, request).await;
        reply.unwrap().count
    }

    /// Runs a statement on the database behind the domain's back.
    pub(crate) async fn tamper(&self, statement: &'static str) {
        let write = self
            .database
            .write::<_, infra_db::DbError, _>(move |connection| {
                Box::pin(async move { infra_db::query(statement).execute(connection).await })
            });
        write.await.unwrap();
    }

    /// What such a query counts in the database.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        let number = infra_db::query_scalar(query).fetch_one(self.database.reader());
        number.await.unwrap()
    }
}
