//! Whether an account is told of what somebody did, by its own policy: told, held as part of a
//! request, or neither.

use std::collections::HashMap;

use business_graph_gateway::{GetRelationshipsRequest, Relationship};
use business_posts_gateway::{GetPostHeadsRequest, Visibility};
use infra_kernel::{AccountId, Context, Result, Timestamp};
use product_notifications_gateway::{Action, Kind, Policy};

use super::{Happened, Told};
use crate::state::State;
use crate::store::policies;

/// An account is new for so long; Mastodon's figure.
const NEW_FOR_US: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// How far up a conversation it is looked for what the account wrote: nobody writes more in a row
/// who wants a response.
const ANCESTORS_MAX: usize = 20;

/// What an account is told, or not before it accepts it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admitted {
    pub(super) told: Told,
    pub(super) is_held: bool,
}

/// What these accounts do with what they are to be told: each by its policy. Those who drop it are
/// left out.
pub(super) async fn admitted(
    state: &State,
    context: &Context,
    happened: Happened,
    told: Vec<Told>,
) -> Result<Vec<Admitted>> {
    let accounts: Vec<u64> = told.iter().map(|told| told.account).collect();
    let own = policies::of_accounts(&state.database, &accounts).await?;
    let own: HashMap<u64, Policy> = own.into_iter().collect();
    let mut admitted = Vec::with_capacity(told.len());
    for told in told {
        let policy = own.get(&told.account).copied();
        let policy = policy.unwrap_or_else(Policy::of_everyone);
        match action(state, context, happened, &told, &policy).await? {
            Action::Drop => {}
            action => admitted.push(Admitted {
                told,
                is_held: action == Action::Filter,
            }),
        }
    }
    Ok(admitted)
}

/// What a policy says of this. Nobody is asked about what it accepts anyway: by the policy of most,
/// of almost everything.
async fn action(
    state: &State,
    context: &Context,
    happened: Happened,
    told: &Told,
    policy: &Policy,
) -> Result<Action> {
    let rules = Rules::of(state.clock.now(), happened, told, policy);
    if rules.strictest(&Relationship::default()) == Action::Accept
        || policies::is_accepted(&state.database, told.account, told.from).await?
    {
        return Ok(Action::Accept);
    }
    let sender = [AccountId::new(told.from)];
    let request = GetRelationshipsRequest::new(AccountId::new(told.account), sender);
    let known = state.graph.get_relationships(context, request).await?;
    let known = known.relationships.first().copied().unwrap_or_default();
    let action = rules.strictest(&known);
    let unasked = Rules {
        private_mentions: Action::Accept,
        ..rules
    };
    // Asked last, of the few whom it concerns.
    if action != unasked.strictest(&known) && is_response(state, context, happened, told).await? {
        return Ok(unasked.strictest(&known));
    }
    Ok(action)
}

/// The rules of a policy that may hold for something.
#[derive(Debug, Clone, Copy)]
struct Rules {
    not_following: Action,
    not_followers: Action,
    new_accounts: Action,
    private_mentions: Action,
}

impl Rules {
    fn of(now: Timestamp, happened: Happened, told: &Told, policy: &Policy) -> Self {
        let asked_for = matches!(told.kind, Kind::NewPost | Kind::Edit);
        let where_it_holds = |holds: bool, action: Action| match holds && !asked_for {
            true => action,
            false => Action::Accept,
        };
        let age_us = now.microseconds() - AccountId::new(told.from).created_at().microseconds();
        let is_private = told.kind == Kind::Mention && happened.direct_reply_to.is_some();
        Self {
            not_following: where_it_holds(true, policy.for_not_following()),
            not_followers: where_it_holds(true, policy.for_not_followers()),
            new_accounts: where_it_holds(age_us < NEW_FOR_US, policy.for_new_accounts()),
            private_mentions: where_it_holds(is_private, policy.for_private_mentions()),
        }
    }

    /// The strictest of those that hold for somebody who stands so to the account.
    fn strictest(&self, known: &Relationship) -> Action {
        let of_strangers = match known.following {
            true => Action::Accept,
            false => strictest([self.not_following, self.new_accounts, self.private_mentions]),
        };
        match known.followed_by {
            true => of_strangers,
            false => strictest([of_strangers, self.not_followers]),
        }
    }
}

/// The strictest of these.
fn strictest(actions: impl IntoIterator<Item = Action>) -> Action {
    let actions = actions.into_iter();
    // In the contract's order, which is that of strictness.
    actions.max().unwrap_or(Action::Accept).max(Action::Accept)
}

/// Whether a direct post replies to a direct one of the account's that mentions its author, or to
/// their own replies to it: the account asked for it.
async fn is_response(
    state: &State,
    context: &Context,
    happened: Happened,
    told: &Told,
) -> Result<bool> {
    let mut replied_to = happened.direct_reply_to.unwrap_or(0);
    for _ in 0..ANCESTORS_MAX {
        if replied_to == 0 {
            return Ok(false);
        }
        let request = GetPostHeadsRequest {
            ids: vec![replied_to],
        };
        let heads = state.posts.get_post_heads(context, request).await?.heads;
        let Some(head) = heads.into_iter().next() else {
            return Ok(false);
        };
        if head.visibility() != Visibility::Direct {
            return Ok(false);
        }
        if head.author_id == told.account && head.mentioned_ids.contains(&told.from) {
            return Ok(true);
        }
        replied_to = head.in_reply_to_id;
    }
    Ok(false)
}
