//! What an account writes down about others, for itself.

use std::slice;

use business_graph::Settings;
use business_graph_gateway::{AccountNote, GetNotesRequest, NOTE_CHARACTERS_MAX, SetNoteRequest};
use infra_kernel::{ErrorCode, Result};

use crate::support::{ACCOUNTS, World, context, open};

impl World {
    async fn note(&self, target_id: u64, text: &str) -> Result<()> {
        let request = SetNoteRequest {
            author_id: 1,
            target_id,
            text: text.to_owned(),
        };
        self.graph.set_note(&context(), request).await.map(drop)
    }

    async fn notes(&self, author_id: u64, targets: &[u64]) -> Vec<AccountNote> {
        let request = GetNotesRequest {
            author_id,
            target_ids: targets.to_vec(),
        };
        let reply = self.graph.get_notes(&context(), request).await;
        reply.unwrap().notes
    }
}

fn note(target_id: u64, text: &str) -> AccountNote {
    AccountNote {
        target_id,
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_note_is_its_authors_alone_and_replaced_by_the_next() {
    let world = World::new().await;
    world.note(2, "met in Lisbon").await.unwrap();
    world.note(3, "a cousin").await.unwrap();
    world.note(2, " met in Porto,\nnot Lisbon ").await.unwrap();
    let mut noted = world.notes(1, &[2, 3, 4]).await;
    noted.sort_by_key(|note| note.target_id);
    let kept = note(2, " met in Porto,\nnot Lisbon ");
    assert_eq!(noted, [kept.clone(), note(3, "a cousin")]);
    for other in [2, 3] {
        assert!(world.notes(other, &[1, 2, 3]).await.is_empty());
    }
    for nothing in ["", " \n\t", ""] {
        world.note(3, nothing).await.unwrap();
        assert_eq!(world.notes(1, &[2, 3]).await, slice::from_ref(&kept));
    }
    // As another process finds it.
    world.database.close().await;
    let (_, graph) = open(world.folder.path(), Settings::default()).await;
    let request = GetNotesRequest {
        author_id: 1,
        target_ids: vec![2, 3],
    };
    let reply = graph.get_notes(&context(), request).await.unwrap();
    assert_eq!(reply.notes, [kept]);
}

#[tokio::test]
async fn a_note_is_bounded_and_about_somebody() {
    let world = World::new().await;
    let longest = "ñ".repeat(NOTE_CHARACTERS_MAX);
    world.note(2, &longest).await.unwrap();
    let refused = world.note(2, &format!("{longest}.")).await.unwrap_err();
    assert_eq!(
        refused.public(),
        "Validation failed: Comment is too long (maximum is 2000 characters)"
    );
    let refused = world.note(2, "a\0b").await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::Invalid, Some("comment"))
    );
    let refused = world.note(ACCOUNTS + 1, "nobody").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NotFound);
    assert_eq!(world.notes(1, &[2]).await, [note(2, &longest)]);
    let targets: Vec<u64> = (1..=501).collect();
    let request = GetNotesRequest {
        author_id: 1,
        target_ids: targets,
    };
    let refused = world.graph.get_notes(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Invalid);
}

#[tokio::test]
async fn at_the_bound_a_note_can_be_changed_or_removed_and_none_added() {
    let world = World::with(Settings {
        notes_max: 2,
        ..Settings::default()
    })
    .await;
    world.note(2, "one").await.unwrap();
    world.note(3, "two").await.unwrap();
    let refused = world.note(4, "three").await.unwrap_err();
    assert!(
        refused.public().contains("notes about 2 accounts"),
        "{refused:?}"
    );
    assert!(world.notes(1, &[4]).await.is_empty());
    world.note(3, "two again").await.unwrap();
    world.note(2, "").await.unwrap();
    world.note(4, "three").await.unwrap();
    assert_eq!(world.notes(1, &[4, 2]).await, [note(4, "three")]);
}
