//! A disk that does not answer: photos wait for it, and nothing else does.

use std::time::Duration;

use infra_blob::READS_AT_ONCE_MAX;
use testing_kit::{charts, jpeg};

use crate::fixed_shape::media_commands::file_of;
use crate::harness::caller::{Upload, text};
use crate::harness::wire::Wire;
use crate::harness::{Server, eventually};
use crate::listener::json_of;
use crate::media::small;

#[tokio::test]
async fn photos_that_a_slow_disk_holds_up_leave_pages_and_the_api_their_turns() {
    let server = Server::with(&[("HELIOGRAPH_CONNECTIONS_PER_ADDRESS_MAX", "0")]).await;
    let ada = server.person("ada").await;
    let address = text(&ada.photo(small()).await, "/url");
    let file = file_of(server.folder(), &address);
    // Anyone who opens a pipe waits until somebody opens its other end, as for a disk that does not
    // answer.
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let path = address.strip_prefix(server.base()).unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut held = Vec::new();
    for _ in 0..READS_AT_ONCE_MAX {
        held.push(Wire::sending(server.base(), &ask).await);
    }
    let refused = eventually("a photo is refused", async || {
        let asked = Wire::sending(server.base(), &ask).await;
        // Longer than a read waits for its turn.
        match asked.answer_within(Duration::from_secs(20)).await {
            Ok(response) => Some(response),
            // It had the last turn.
            Err(asked) => {
                held.push(asked);
                None
            }
        }
    })
    .await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    assert!(json_of(&refused)["error"].is_string(), "{refused:?}");
    ada.say("Pages go on").await;
    assert_eq!(server.anyone().get("/@ada").await.status, 200);
    // What comes in is written all the same; only what is made of it waits for a turn to read.
    let taken = ada
        .upload(Upload::jpeg(jpeg::encode(&charts::corners(321, 240), 85)))
        .await;
    assert!([200, 202].contains(&taken.status), "{}", taken.describe());
}
