//! Connections that are encrypted, and servers that are not who they should be.

use infra_db::{Encryption, inspect_postgres};
use testing_engines::{Authority, Postgres};

use super::*;

/// What opening a database with these parameters in its URL ends with.
async fn refusal(url: &str, parameters: &str) -> String {
    let options = PostgresOptions {
        home_wait: Duration::ZERO,
    };
    let url = format!("{url}?{parameters}");
    let opened = Database::open_postgres(&url, SCHEMA, &MIGRATIONS, options);
    Error::from(opened.await.err().unwrap())
        .causes()
        .to_string()
}

#[tokio::test]
async fn a_server_is_believed_only_with_a_certificate_for_its_name_by_whom_we_trust() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (authority, other) = (Authority::new(), Authority::new());
    let url = postgres.create_database("photos");
    let plain = inspect_postgres(&url, 0).await.unwrap();
    assert_eq!(plain.encryption, Encryption::Local);
    let refused = refusal(&url, "sslmode=verify-full").await;
    assert!(refused.contains("does not support TLS"), "{refused}");

    postgres.encrypt(&authority.certify("IP:127.0.0.1"));
    let of = |authority: &Authority| {
        let file = authority.certificate();
        format!("sslmode=verify-full&sslrootcert={}", file.display())
    };
    // The settings are read a moment after they were changed.
    let right = format!("{url}?{}", of(&authority));
    let begun = Instant::now();
    while inspect_postgres(&right, 0).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not encrypted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let facts = inspect_postgres(&right, 0).await.unwrap();
    assert_eq!(facts.encryption, Encryption::Verified);
    let database = open_postgres(&right).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    assert_eq!(count(&database).await, 1);
    let unverified = inspect_postgres(&format!("{url}?sslmode=require"), 0).await;
    assert_eq!(unverified.unwrap().encryption, Encryption::Unverified);
    // Who does not encrypt is told by the server that it has to.
    let refused = refusal(&url, "sslmode=disable").await;
    assert!(refused.contains("no encryption"), "{refused}");
    for untrusted in [of(&other), "sslmode=verify-full".to_owned()] {
        let refused = refusal(&url, &untrusted).await;
        assert!(refused.contains("not trusted"), "{untrusted}: {refused}");
    }

    postgres.encrypt(&authority.certify("DNS:elsewhere.example"));
    let begun = Instant::now();
    let refused = loop {
        match inspect_postgres(&right, 0).await {
            Err(error) => break Error::from(error).causes().to_string(),
            Ok(_) => assert!(
                begun.elapsed() < Duration::from_secs(10),
                "still the old one"
            ),
        }
    };
    assert!(refused.contains("another name"), "{refused}");
    assert!(refused.contains("elsewhere.example"), "{refused}");
}
