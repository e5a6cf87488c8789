//! Who may see cases, and who may change which.

use business_accounts_gateway::Role;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    AssignCase, ChangeCaseRequest, GetCaseRequest, ListCaseEventsRequest, ListCasesRequest,
    RebuildCasesRequest, ReportRequest,
};
use infra_kernel::{Caller, Context, ErrorCode, Page};

use crate::support::{ADMIN, AUTHOR, MODERATOR, OTHER_MODERATOR, World, by, reporting, signed_in};

const ASSIGN: Change = Change::Assign(AssignCase {});

/// How each call of moderators ends for this account.
async fn calls(
    world: &World,
    context: &Context,
    moderator_id: u64,
    case_id: u64,
) -> [Option<ErrorCode>; 4] {
    let gateway = &world.moderation;
    let list = ListCasesRequest {
        moderator_id,
        page: Some(Page::newest(10).into()),
        ..ListCasesRequest::default()
    };
    let get = GetCaseRequest {
        moderator_id,
        case_id,
        at_us: None,
    };
    let events = ListCaseEventsRequest {
        moderator_id,
        case_id,
    };
    let change = ChangeCaseRequest {
        moderator_id,
        case_id,
        change: Some(ASSIGN),
    };
    [
        gateway.list_cases(context, list).await.err(),
        gateway.get_case(context, get).await.err(),
        gateway.list_case_events(context, events).await.err(),
        gateway.change_case(context, change).await.err(),
    ]
    .map(|error| error.map(|error| error.code()))
}

#[tokio::test]
async fn cases_are_for_moderators_and_admins() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap().id;
    let forbidden = Some(ErrorCode::Forbidden);
    // The one who reports, the one who is reported, one who is not there; and a case that is not
    // there, of which they do not learn even that.
    for account in [1, AUTHOR, 9_999] {
        for case in [case, case + 1] {
            let refused = calls(&world, &signed_in(account), account, case).await;
            assert_eq!(refused, [forbidden; 4], "{account}");
        }
    }
    // In another's name.
    let refused = calls(&world, &signed_in(1), MODERATOR, case).await;
    assert_eq!(refused, [forbidden; 4]);
    let nobody = calls(&world, &by(Caller::anonymous()), MODERATOR, case).await;
    assert_eq!(nobody, [Some(ErrorCode::Unauthenticated); 4]);
    for account in [MODERATOR, ADMIN] {
        let may = calls(&world, &signed_in(account), account, case).await;
        assert_eq!(may, [None; 4], "{account}");
    }
    let missing = calls(&world, &signed_in(ADMIN), ADMIN, case + 1).await;
    let not_found = Some(ErrorCode::NotFound);
    assert_eq!(missing, [None, not_found, not_found, not_found]);
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap().id;
    let role_of_moderator = |role| {
        world.others.roles.lock().unwrap().insert(MODERATOR, role);
    };
    role_of_moderator(Role::Member);
    let refused = calls(&world, &signed_in(MODERATOR), MODERATOR, case).await;
    assert_eq!(refused, [Some(ErrorCode::Forbidden); 4]);
    role_of_moderator(Role::Moderator);
    let may = calls(&world, &signed_in(MODERATOR), MODERATOR, case).await;
    assert_eq!(may, [None; 4]);
}

#[tokio::test]
async fn cases_about_moderators_are_for_admins_and_for_nobody_about_themselves() {
    let world = World::new().await;
    let about = async |target_id| {
        let request = ReportRequest {
            target_id,
            ..reporting(1)
        };
        world.report(request).await.unwrap().id
    };
    let (member, moderator, admin) = (about(2).await, about(MODERATOR).await, about(ADMIN).await);
    let forbidden = Some(ErrorCode::Forbidden);
    // As if it were not there: nobody reads who reported them.
    let own = Some(ErrorCode::NotFound);
    for (who, case, refused) in [
        (MODERATOR, member, None),
        (MODERATOR, moderator, own),
        (OTHER_MODERATOR, moderator, forbidden),
        (MODERATOR, admin, forbidden),
        (ADMIN, member, None),
        (ADMIN, moderator, None),
        (ADMIN, admin, own),
    ] {
        let changed = world.change(who, case, ASSIGN).await;
        let code = changed.err().map(|error| error.code());
        assert_eq!(code, refused, "{who}: {case}");
    }
    let context = signed_in(MODERATOR);
    for at_us in [None, Some(i64::MAX)] {
        let request = GetCaseRequest {
            moderator_id: MODERATOR,
            case_id: moderator,
            at_us,
        };
        let read = world.moderation.get_case(&context, request).await;
        assert_eq!(read.unwrap_err().code(), ErrorCode::NotFound);
    }
    let request = ListCaseEventsRequest {
        moderator_id: MODERATOR,
        case_id: moderator,
    };
    let read = world.moderation.list_case_events(&context, request).await;
    assert_eq!(read.unwrap_err().code(), ErrorCode::NotFound);
    let request = ListCasesRequest {
        moderator_id: MODERATOR,
        page: Some(Page::newest(10).into()),
        ..ListCasesRequest::default()
    };
    let listed = world.moderation.list_cases(&context, request).await;
    let listed = listed.unwrap().cases;
    let named: Vec<_> = listed
        .iter()
        .map(|case| (case.id, case.reporter_id))
        .collect();
    assert_eq!(named, [(admin, 1), (moderator, 0), (member, 1)]);
}

#[tokio::test]
async fn the_list_is_made_again_by_the_operator_alone() {
    let world = World::new().await;
    for context in [signed_in(ADMIN), by(Caller::anonymous())] {
        let request = RebuildCasesRequest {};
        let refused = world.moderation.rebuild_cases(&context, request).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
    }
}
