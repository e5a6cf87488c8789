//! What takes the role of a moderator, beside a scope that anyone may grant.

use std::sync::Arc;

use business_accounts_gateway::{CreateAccountRequest, Role};
use business_moderation_gateway::{
    ChangeCaseRequest, GetCaseRequest, ListCaseEventsRequest, ListCasesRequest, Moderation,
};
use infra_kernel::{Caller, ErrorCode};
use infra_rpc::Contract;

use super::{Call, caller_with, calls, is_refused, on_behalf_of, open};

/// What only somebody with the role of a moderator does, and the server.
pub(super) fn of_a_moderator() -> Vec<(String, Call)> {
    calls! {
        dyn Moderation {
            list_cases(moderator_id => ListCasesRequest { moderator_id, ..Default::default() });
            get_case(moderator_id => GetCaseRequest { moderator_id, ..Default::default() });
            list_case_events(moderator_id => ListCaseEventsRequest { moderator_id, ..Default::default() });
            change_case(moderator_id => ChangeCaseRequest { moderator_id, ..Default::default() });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_moderators_takes_the_role_and_the_scope() {
    let folder = tempfile::tempdir().unwrap();
    let domains = open(folder.path()).await;
    let system = on_behalf_of(Caller::system());
    let accounts = domains.gateways().accounts;
    let mut made = Vec::new();
    for (username, role) in [("ada", Role::Moderator), ("bob", Role::Member)] {
        let request = CreateAccountRequest {
            username: username.to_owned(),
            email: format!("{username}@localhost.invalid"),
            role: role.into(),
            ..Default::default()
        };
        let reply = accounts.create_account(&system, request).await.unwrap();
        made.push(reply.account.unwrap().id);
    }
    let [moderator, member] = made[..] else {
        panic!("two accounts");
    };
    let every = "admin:read admin:write";
    for (method, call) in of_a_moderator() {
        let as_caller = async |caller: Caller, id: u64| {
            call(Arc::clone(&domains), on_behalf_of(caller), id).await
        };
        let may = as_caller(caller_with(moderator, every), moderator).await;
        assert!(!is_refused(may), "{method}: {may:?}");
        for (caller, id) in [
            (caller_with(member, every), member),
            (caller_with(member, every), moderator),
            (caller_with(moderator, "read write follow"), moderator),
        ] {
            let code = as_caller(caller.clone(), id).await;
            assert_eq!(code, Some(ErrorCode::Forbidden), "{method}, {caller:?}");
        }
        let nobody = as_caller(Caller::anonymous(), moderator).await;
        assert_eq!(nobody, Some(ErrorCode::Unauthenticated), "{method}");
    }
    domains.close().await;
}
