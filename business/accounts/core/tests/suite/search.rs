use business_accounts_gateway::{SearchAccountsRequest, UpdateProfileRequest};
use infra_domain::Domain as _;
use infra_kernel::ErrorCode;
use tokio_util::sync::CancellationToken;

use crate::support::{Domain, assert_refused};

async fn page(domain: &Domain, query: &str, limit: u32, offset: u32) -> Vec<String> {
    let request = SearchAccountsRequest {
        query: query.to_owned(),
        limit,
        offset,
    };
    let found = domain.gateway.search_accounts(&domain.context, request);
    let accounts = found.await.unwrap().accounts.into_iter();
    accounts.map(|account| account.username).collect()
}

async fn search(domain: &Domain, query: &str) -> Vec<String> {
    page(domain, query, 80, 0).await
}

async fn register(domain: &Domain, username: &str, display_name: &str) {
    let account = domain.register(username).await;
    rename(domain, account.id, display_name).await;
}

async fn rename(domain: &Domain, account_id: u64, display_name: &str) {
    let request = UpdateProfileRequest {
        account_id,
        display_name: Some(display_name.to_owned()),
        ..UpdateProfileRequest::default()
    };
    let changed = domain.gateway.update_profile(&domain.context, request);
    changed.await.unwrap();
}

async fn people() -> Domain {
    let domain = Domain::new().await;
    register(&domain, "ada_l", "Zo\u{eb} Lovelace").await;
    register(&domain, "Adam", "").await;
    register(&domain, "bob", "Adamant \u{c5}ngstr\u{f6}m").await;
    register(&domain, "carla", "\u{5199}\u{771f}\u{5bb6}").await;
    domain
}

#[tokio::test]
async fn people_are_found_by_the_beginnings_of_names_and_words() {
    let domain = people().await;
    for (query, found) in [
        ("ada", vec!["Adam", "ada_l", "bob"]),
        ("ADAM", vec!["Adam", "bob"]),
        ("ada_l", vec!["ada_l"]),
        ("love", vec!["ada_l"]),
        ("zoe", vec!["ada_l"]),
        ("Zoe\u{308} lov", vec!["ada_l"]),
        ("lov zo", vec!["ada_l"]),
        ("angs", vec!["bob"]),
        ("\u{5199}\u{771f}", vec!["carla"]),
        ("ove", vec![]),
        ("ada bob", vec!["bob"]),
        ("ada carla", vec![]),
        ("", vec![]),
        ("%", vec![]),
        ("a%", vec!["Adam", "ada_l", "bob"]),
        ("\0", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        assert_eq!(search(&domain, query).await, found, "`{query}`");
    }
}

#[tokio::test]
async fn whose_name_it_is_comes_first_however_many_others_there_are() {
    let domain = Domain::new().await;
    for number in 0..120 {
        register(&domain, &format!("a{number}"), "sam").await;
    }
    domain.register("sam").await;
    let first = page(&domain, "sam", 80, 0).await;
    assert_eq!((first.len(), first[0].as_str()), (80, "sam"));
    let second = page(&domain, "sam", 80, 80).await;
    assert_eq!(second.len(), 41);
    assert!(second.iter().all(|name| !first.contains(name)));
    assert_eq!(
        page(&domain, "sam", 1, u32::MAX).await,
        Vec::<String>::new()
    );
    for limit in [0, 81] {
        let request = SearchAccountsRequest {
            query: "sam".to_owned(),
            limit,
            offset: 0,
        };
        let result = domain
            .gateway
            .search_accounts(&domain.context, request)
            .await;
        assert_refused(result, ErrorCode::Invalid, "limit");
    }
}

#[tokio::test]
async fn a_new_display_name_takes_the_place_of_the_old_one() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    rename(&domain, account.id, "Countess").await;
    assert_eq!(search(&domain, "countess").await, ["ada"]);
    rename(&domain, account.id, "Lovelace").await;
    assert_eq!(search(&domain, "countess").await, Vec::<String>::new());
    assert_eq!(search(&domain, "lovelace").await, ["ada"]);
    assert_eq!(search(&domain, "ada").await, ["ada"]);
}

#[tokio::test]
async fn accounts_of_before_get_their_words() {
    let domain = people().await;
    domain.forget_words().await;
    assert_eq!(search(&domain, "love").await, Vec::<String>::new());
    let stop = CancellationToken::new();
    let jobs = domain.core.run_jobs(stop.clone());
    let written = async {
        domain
            .until("SELECT COUNT(*) FROM accounts_without_words", 0)
            .await;
        stop.cancel();
    };
    futures::join!(jobs, written);
    assert_eq!(search(&domain, "love").await, ["ada_l"]);
    assert_eq!(search(&domain, "angs").await, ["bob"]);
}
