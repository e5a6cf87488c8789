//! Accounts that are at home elsewhere: none is made here yet, but rows may hold them, and names
//! mean local ones.

use std::path::Path;

use business_accounts::MIGRATIONS;
use business_accounts_gateway::{
    Account, FindLocalAccountsRequest, GetAccountsRequest, ResetPasswordRequest, Role,
    SetRoleRequest,
};
use infra_db::{Database, DbError, Migrator, SqlText};
use infra_kernel::ErrorCode;

use crate::support::{Domain, PASSWORD, cheap, sign_up};

/// What an account of before remote ones has.
const OLD_ACCOUNT: &str = "INSERT INTO accounts (id, revision, username, username_key, display_name, note, fields, \
     avatar_media_id, header_media_id, role, bot, discoverable, created_at, default_visibility, default_sensitive, \
     default_language) VALUES (7, 3, 'Ada', 'ada', 'Ada L.', 'Notes', '[]', 0, 0, 1, FALSE, FALSE, 5, 'public', FALSE, '')";

async fn execute(database: &Database, statement: String) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(SqlText::assembled(&statement))
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// Puts an account of another server into the table.
async fn meet(domain: &Domain, id: u64, [name, key, home, uri]: [&str; 4]) -> Result<(), DbError> {
    let statement = format!(
        "INSERT INTO accounts (id, revision, username, username_key, domain, uri, display_name, note, fields, \
         avatar_media_id, header_media_id, role, bot, discoverable, created_at, default_visibility, default_sensitive, \
         default_language) VALUES ({id}, 1, '{name}', '{key}', '{home}', '{uri}', '', '', '[]', 0, 0, 1, FALSE, FALSE, \
         0, 'public', FALSE, '')"
    );
    execute(&domain.database, statement).await
}

const FAR: [&str; 4] = [
    "Ada",
    "ada@far.example",
    "far.example",
    "https://far.example/users/1",
];

async fn find(domain: &Domain, names: &[&str]) -> Vec<Account> {
    let request = FindLocalAccountsRequest::of(names.iter().copied());
    let found = domain.gateway.find_local_accounts(&domain.context, request);
    found.await.unwrap().accounts
}

async fn get(domain: &Domain, ids: Vec<u64>) -> Vec<Account> {
    let request = GetAccountsRequest { ids };
    let found = domain.gateway.get_accounts(&domain.context, request);
    found.await.unwrap().accounts
}

#[tokio::test]
async fn a_name_means_the_local_account() {
    let domain = Domain::new().await;
    meet(&domain, 5, FAR).await.unwrap();
    assert_eq!(find(&domain, &["ada", "ada@far.example"]).await, []);
    // The name is free here.
    let ada = domain.register("ada").await;
    assert_eq!((ada.domain.as_str(), ada.uri.as_str()), ("", ""));
    assert_eq!(
        find(&domain, &["ADA", "ada@far.example"]).await,
        std::slice::from_ref(&ada)
    );
    assert!(domain.try_sign_in("ada", PASSWORD).await.is_ok());
    let remote = get(&domain, vec![5]).await.remove(0);
    assert_eq!(
        [remote.username, remote.domain, remote.uri],
        ["Ada", "far.example", "https://far.example/users/1"]
    );
    // Nothing of the operator's reaches a remote account by a name.
    let request = SetRoleRequest {
        username: "ada@far.example".to_owned(),
        role: Role::Admin.into(),
    };
    let refused = domain.gateway.set_role(&domain.context, request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    let request = ResetPasswordRequest {
        username: "ada@far.example".to_owned(),
        ..Default::default()
    };
    let refused = domain
        .gateway
        .reset_password(&domain.context, request)
        .await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    let refused = domain.try_sign_in("ada@far.example", PASSWORD).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_name_is_unique_within_its_domain_and_a_uri_everywhere() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    meet(&domain, 5, FAR).await.unwrap();
    let [name, key, home, uri] = FAR;
    let near = ["ada", "ada@near.example", "near.example"];
    let near_uri = "https://near.example/users/1";
    meet(&domain, 6, [near[0], near[1], near[2], near_uri])
        .await
        .unwrap();
    for (why, row) in [
        (
            "the same name there",
            ["ADA", key, home, "https://far.example/users/2"],
        ),
        ("the same uri", ["bob", "bob@far.example", home, uri]),
    ] {
        let error = meet(&domain, 8, row).await.unwrap_err();
        assert!(error.is_unique_violation(), "{why}: {error}");
    }
    // The key says what the two columns say, or the row is refused.
    for row in [
        [
            name,
            "ada@near.example",
            home,
            "https://far.example/users/3",
        ],
        ["bob", "bob", home, "https://far.example/users/3"],
        ["bob", "bob@far.example", "", ""],
    ] {
        assert!(meet(&domain, 9, row).await.is_err(), "{row:?}");
    }
    let error = domain.try_register(sign_up("ada")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
}

async fn old_database(path: &Path) {
    let before = MIGRATIONS.iter().take(8).cloned().collect();
    let old = Database::open(path, &Migrator::with_migrations(before))
        .await
        .unwrap();
    execute(&old, OLD_ACCOUNT.to_owned()).await.unwrap();
    old.close().await;
}

#[tokio::test]
async fn accounts_of_before_are_local() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    old_database(&folder.path().join("accounts.db")).await;
    let domain = Domain::over(folder, cheap()).await;
    let ada = find(&domain, &["ada"]).await.remove(0);
    assert_eq!((ada.id, ada.revision, ada.note.as_str()), (7, 3, "Notes"));
    assert_eq!((ada.domain.as_str(), ada.uri.as_str()), ("", ""));
    let error = domain.try_register(sign_up("ADA")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    meet(&domain, 8, FAR).await.unwrap();
}
