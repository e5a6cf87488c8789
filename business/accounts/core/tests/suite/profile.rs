use business_accounts_gateway::{
    Account, AccountHead, GetAccountHeadsRequest, GetAccountsRequest, ListAccountsRequest,
    ProfileField, UpdateProfileRequest, topics,
};
use infra_kernel::{AccountId, ErrorCode, Result};

use crate::support::{Domain, assert_refused};

async fn update(domain: &Domain, request: UpdateProfileRequest) -> Result<Account> {
    domain
        .gateway
        .update_profile(&domain.context, request)
        .await
}

async fn get(domain: &Domain, ids: &[AccountId]) -> Vec<Account> {
    let request = GetAccountsRequest::of(ids.iter().copied());
    domain
        .gateway
        .get_accounts(&domain.context, request)
        .await
        .unwrap()
        .accounts
}

async fn heads(domain: &Domain, ids: &[AccountId]) -> Vec<AccountHead> {
    let request = GetAccountHeadsRequest::of(ids.iter().copied());
    domain
        .gateway
        .get_account_heads(&domain.context, request)
        .await
        .unwrap()
        .heads
}

fn field(name: &str, value: &str) -> ProfileField {
    ProfileField {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

#[tokio::test]
async fn a_change_is_seen_at_once_with_its_revision_and_event() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    assert_eq!(get(&domain, &[account.id()]).await[0], account);
    let request = UpdateProfileRequest {
        account_id: account.id,
        display_name: Some("  Ada 📷  ".to_owned()),
        note: Some("First line\r\nsecond".to_owned()),
        fields: vec![
            field("Web ", "https://ada.example"),
            field("", " "),
            field("Pronouns", ""),
        ],
        replace_fields: true,
        avatar_media_id: Some(7),
        bot: Some(true),
        discoverable: Some(true),
        locked: Some(true),
        default_visibility: Some("private".to_owned()),
        default_sensitive: Some(true),
        default_language: Some("PT_br".to_owned()),
        default_originals_shared: Some(true),
        default_camera_shown: Some(true),
        ..UpdateProfileRequest::default()
    };
    let changed = update(&domain, request).await.unwrap();
    let expected = Account {
        revision: 2,
        display_name: "Ada 📷".to_owned(),
        note: "First line\nsecond".to_owned(),
        fields: vec![field("Web", "https://ada.example"), field("Pronouns", "")],
        avatar_media_id: 7,
        bot: true,
        discoverable: true,
        locked: true,
        default_visibility: "private".to_owned(),
        default_sensitive: true,
        default_language: "pt-BR".to_owned(),
        default_originals_shared: true,
        default_camera_shown: true,
        ..account
    };
    assert_eq!(changed, expected);
    assert_eq!(get(&domain, &[changed.id()]).await, [expected]);
    let head = AccountHead {
        id: changed.id,
        revision: 2,
        locked: true,
    };
    assert_eq!(heads(&domain, &[changed.id()]).await, [head]);
    let events = domain.events().await;
    assert_eq!(
        events[1..],
        [(topics::PROFILE_CHANGED.to_owned(), changed.id)]
    );
}

#[tokio::test]
async fn whether_posts_may_be_found_and_who_may_name_one_is_kept() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    let domains = [
        "https://Ada.example/blog",
        "",
        "ada.example",
        "*.b\u{fc}cher.example",
    ];
    let request = UpdateProfileRequest {
        account_id: account.id,
        indexable: Some(true),
        attribution_domains: domains.map(str::to_owned).to_vec(),
        replace_attribution_domains: true,
        ..UpdateProfileRequest::default()
    };
    update(&domain, request).await.unwrap();
    let kept = &get(&domain, &[account.id()]).await[0];
    assert!(kept.indexable);
    assert_eq!(
        kept.attribution_domains,
        ["ada.example", "b\u{fc}cher.example"]
    );
    let request = UpdateProfileRequest {
        account_id: account.id,
        replace_attribution_domains: true,
        ..UpdateProfileRequest::default()
    };
    let changed = update(&domain, request).await.unwrap();
    assert!(changed.indexable && changed.attribution_domains.is_empty());
}

#[tokio::test]
async fn what_is_not_set_stays_and_no_change_is_no_revision() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    let first = UpdateProfileRequest {
        account_id: account.id,
        note: Some("Hello.".to_owned()),
        header_media_id: Some(9),
        fields: vec![field("ignored", "without replace_fields")],
        ..UpdateProfileRequest::default()
    };
    let changed = update(&domain, first.clone()).await.unwrap();
    assert!(changed.fields.is_empty());
    assert_eq!(changed.default_visibility, account.default_visibility);
    assert_eq!(update(&domain, first).await.unwrap(), changed);
    assert_eq!(domain.events().await.len(), 2);
    let without_header = UpdateProfileRequest {
        account_id: account.id,
        header_media_id: Some(0),
        ..UpdateProfileRequest::default()
    };
    let changed = update(&domain, without_header).await.unwrap();
    assert_eq!((changed.header_media_id(), changed.revision), (None, 3));
    assert_eq!(changed.note, "Hello.");
}

#[tokio::test]
async fn each_bound_of_a_profile_holds() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    let request = || UpdateProfileRequest {
        account_id: account.id,
        replace_fields: true,
        ..UpdateProfileRequest::default()
    };
    type Change = fn(&mut UpdateProfileRequest);
    let refused: [(&str, Change); 14] = [
        ("display_name", |r| r.display_name = Some("ä".repeat(31))),
        ("display_name", |r| r.display_name = Some("a\nb".to_owned())),
        ("note", |r| r.note = Some("ä".repeat(501))),
        ("note", |r| r.note = Some("\0".to_owned())),
        ("fields", |r| r.fields = vec![field("a", "b"); 5]),
        ("fields", |r| r.fields = vec![field("", "b")]),
        ("fields", |r| r.fields = vec![field(&"ä".repeat(256), "")]),
        ("fields", |r| r.fields = vec![field("a", &"ä".repeat(256))]),
        ("default_visibility", |r| {
            r.default_visibility = Some("friends".to_owned());
        }),
        ("display_name", |r| r.display_name = Some("a\0b".to_owned())),
        ("fields", |r| r.fields = vec![field("a", "b\0")]),
        ("attribution_domains", |r| {
            r.replace_attribution_domains = true;
            r.attribution_domains = vec!["not a domain".to_owned()];
        }),
        ("attribution_domains", |r| {
            r.replace_attribution_domains = true;
            r.attribution_domains = (0..101).map(|n| format!("a{n}.example")).collect();
        }),
        ("default_language", |r| {
            r.default_language = Some("not a language".to_owned());
        }),
    ];
    for (field, change) in refused {
        let mut request = request();
        change(&mut request);
        assert_refused(update(&domain, request).await, ErrorCode::Invalid, field);
    }
    assert_eq!(get(&domain, &[account.id()]).await[0], account);
    let largest = UpdateProfileRequest {
        display_name: Some("ä".repeat(30)),
        note: Some("ä".repeat(500)),
        fields: vec![field(&"ä".repeat(255), &"ä".repeat(255)); 4],
        ..request()
    };
    assert_eq!(update(&domain, largest).await.unwrap().revision, 2);
}

#[tokio::test]
async fn an_account_that_is_not_there_cannot_be_changed_and_is_left_out() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    let unknown = UpdateProfileRequest {
        account_id: 4,
        ..UpdateProfileRequest::default()
    };
    assert_refused(update(&domain, unknown).await, ErrorCode::NotFound, "");
    let ids = [
        AccountId::new(4),
        account.id(),
        account.id(),
        AccountId::new(u64::MAX),
    ];
    for _ in 0..2 {
        let found = get(&domain, &ids).await;
        assert_eq!((found.len(), &found[0]), (1, &account));
        assert_eq!(heads(&domain, &ids).await.len(), 1);
    }
    let too_many = GetAccountsRequest::of((1..=501).map(AccountId::new));
    let result = domain.gateway.get_accounts(&domain.context, too_many).await;
    assert_refused(result, ErrorCode::Invalid, "ids");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_brings_an_old_profile_back() {
    let domain = Domain::new().await;
    let id = domain.register("ada").await.id();
    for revision in 2..40 {
        let request = UpdateProfileRequest {
            account_id: id.get(),
            note: Some(revision.to_string()),
            ..UpdateProfileRequest::default()
        };
        let ids = [id];
        let reads = (0..8).map(|_| get(&domain, &ids));
        let (changed, _) =
            futures::join!(update(&domain, request), futures::future::join_all(reads));
        assert_eq!(changed.unwrap().revision, revision);
        assert_eq!(heads(&domain, &[id]).await[0].revision, revision);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_the_same_time_each_have_a_revision() {
    let domain = Domain::new().await;
    let id = domain.register("ada").await.id;
    let updates = (0..20).map(|number| {
        let request = UpdateProfileRequest {
            account_id: id,
            note: Some(format!("note {number}")),
            ..UpdateProfileRequest::default()
        };
        update(&domain, request)
    });
    let changed = futures::future::join_all(updates).await;
    let mut revisions: Vec<_> = changed.into_iter().map(|c| c.unwrap().revision).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=21).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_list_goes_back_page_by_page() {
    let domain = Domain::new().await;
    for number in 0..5 {
        domain.register(&format!("ada{number}")).await;
    }
    let mut before = 0;
    let mut names = Vec::new();
    loop {
        let request = ListAccountsRequest { before, limit: 2 };
        let page = domain
            .gateway
            .list_accounts(&domain.context, request)
            .await
            .unwrap()
            .accounts;
        let Some(last) = page.last() else { break };
        before = last.id;
        names.extend(page.into_iter().map(|account| account.username));
    }
    assert_eq!(names, ["ada4", "ada3", "ada2", "ada1", "ada0"]);
    for limit in [0, 501] {
        let request = ListAccountsRequest { before: 0, limit };
        let result = domain.gateway.list_accounts(&domain.context, request).await;
        assert_refused(result, ErrorCode::Invalid, "limit");
    }
}

#[tokio::test]
async fn what_was_just_read_is_answered_from_memory() {
    let domain = Domain::new().await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(domain.register(&format!("ada{number}")).await.id());
    }
    let secret = domain.sign_in("ada0").await;
    assert_eq!(get(&domain, &ids).await.len(), 20);
    let grant = domain.authenticate(&secret).await.unwrap();
    domain.database.close().await;
    assert_eq!(heads(&domain, &ids).await.len(), 20);
    assert_eq!(get(&domain, &ids).await.len(), 20);
    assert_eq!(domain.authenticate(&secret).await.unwrap(), grant);
}
