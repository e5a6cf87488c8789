//! Connections that are encrypted, and servers that are not who they should be.

use std::sync::Arc;

use infra_bus::{ConnectError, JetStreamBus, JetStreamSettings, inspect_jet_stream};
use infra_db::Encryption;
use infra_kernel::{Clock as _, SystemClock};
use testing_engines::{Authority, Nats};

use crate::faults::refusal;
use crate::kit::{open_database, quick};

fn path(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn trusting(authority: &Authority) -> JetStreamSettings {
    JetStreamSettings {
        ca_file: path(&authority.certificate()),
        ..JetStreamSettings::default()
    }
}

async fn opens(url: &str, settings: &JetStreamSettings) {
    let folder = tempfile::tempdir().unwrap();
    let database = open_database(folder.path()).await;
    let clock = Arc::new(SystemClock);
    let connected = JetStreamBus::connect(url, settings, database, clock, &quick()).await;
    connected.map(drop).unwrap();
}

async fn problem(url: &str, settings: &JetStreamSettings) -> String {
    let refused = refusal(url, settings).await;
    assert!(
        matches!(refused, ConnectError::Certificate(..)),
        "{refused:?}"
    );
    refused.to_string()
}

#[tokio::test]
async fn a_server_is_believed_only_with_a_certificate_for_its_name_by_whom_we_trust() {
    let (authority, other) = (Authority::new(), Authority::new());
    let certificate = authority.certify("IP:127.0.0.1");
    let Some(server) = Nats::start_encrypted(&certificate, None) else {
        return;
    };
    let plain = server.url();
    let url = plain.replace("nats:", "tls:");
    let right = trusting(&authority);
    opens(&url, &right).await;
    // The server insists on it, whatever the address says. Each opens a stream of its own.
    let other_stream = JetStreamSettings {
        name: "other".to_owned(),
        ..right.clone()
    };
    opens(&plain, &other_stream).await;
    for untrusted in [trusting(&other), JetStreamSettings::default()] {
        let refused = problem(&url, &untrusted).await;
        assert!(refused.contains("not trusted"), "{refused}");
    }
    let named = authority.certify("DNS:elsewhere.example");
    let elsewhere = Nats::start_encrypted(&named, None).unwrap();
    let refused = problem(&elsewhere.url(), &right).await;
    assert!(refused.contains("another name"), "{refused}");
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_refused_where_that_is_asked_for() {
    let Some(server) = Nats::start() else { return };
    let url = server.url().replace("nats:", "tls:");
    let refused = refusal(&url, &JetStreamSettings::default()).await;
    assert!(
        matches!(refused, ConnectError::Unreachable(..)),
        "{refused:?}"
    );
    let authority = Authority::new();
    refusal(&server.url(), &trusting(&authority)).await;
    let plain = JetStreamSettings::default();
    let facts = inspect_jet_stream(&server.url(), &plain, None, SystemClock.now()).await;
    assert_eq!(facts.unwrap().encryption, Encryption::Local);
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_its_clients_gets_one() {
    let authority = Authority::new();
    let certificate = authority.certify("IP:127.0.0.1");
    let Some(server) = Nats::start_encrypted(&certificate, Some(&authority)) else {
        return;
    };
    let without = trusting(&authority);
    let refused = problem(&server.url(), &without).await;
    assert!(refused.contains("a client's certificate"), "{refused}");
    let client = authority.certify("DNS:client.example");
    let with = JetStreamSettings {
        client_certificate_file: path(&client.certificate),
        client_key_file: path(&client.key),
        ..without
    };
    let facts = inspect_jet_stream(&server.url(), &with, None, SystemClock.now()).await;
    assert_eq!(facts.unwrap().encryption, Encryption::Verified);
    opens(&server.url(), &with).await;
    let missing = JetStreamSettings {
        ca_file: "/no/such/file".to_owned(),
        ..with
    };
    let refused = refusal(&server.url(), &missing).await;
    assert!(refused.to_string().contains("/no/such/file"), "{refused}");
}
