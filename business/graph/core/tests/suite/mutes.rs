//! Muting: nothing comes by itself any more, for ever or for a time.

use std::sync::Arc;
use std::time::Duration;

use business_graph::{DATABASE, Settings};
use business_graph_gateway::{
    GetRelationshipsRequest, Graph, ListMutesRequest, MUTE_SECONDS_MAX, MuteRequest, Relationship,
    UnmuteRequest,
};
use infra_kernel::{AccountId, Clock as _, ErrorCode, ManualClock, Page, Timestamp};

use crate::support::{ACCOUNTS, at, context};

struct Scene {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    graph: Arc<dyn Graph>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::from_milliseconds(1_800_000_000_000);
        let clock = Arc::new(ManualClock::at(start));
        let database = testing_databases::open(&DATABASE, folder.path()).await;
        let graph = at(clock.clone(), database, settings);
        Self {
            _folder: folder,
            clock,
            graph,
        }
    }

    async fn mute(&self, mutee_id: u64, notifications: bool, duration_s: u64) {
        let request = MuteRequest {
            muter_id: 1,
            mutee_id,
            notifications,
            duration_s,
        };
        self.graph.mute(&context(), request).await.unwrap();
    }

    async fn relationship(&self, viewer_id: u64, target: u64) -> Relationship {
        let target_ids = vec![target];
        let request = GetRelationshipsRequest {
            viewer_id,
            target_ids,
            with_filters: false,
        };
        let reply = self.graph.get_relationships(&context(), request).await;
        reply.unwrap().relationships[0]
    }

    async fn muted(&self) -> Vec<u64> {
        let request = ListMutesRequest::new(AccountId::new(1), Page::newest(40));
        let reply = self.graph.list_mutes(&context(), request).await.unwrap();
        reply.mutes.iter().map(|mute| mute.mutee_id).collect()
    }
}

#[tokio::test]
async fn a_mute_is_known_to_its_account_alone_and_changed_by_muting_again() {
    let scene = Scene::new().await;
    scene.mute(2, true, 0).await;
    let muted = scene.relationship(1, 2).await;
    assert!(muted.muting && muted.muting_notifications && muted.mute_expires_at_us == 0);
    let back = scene.relationship(2, 1).await;
    assert_eq!(
        back,
        Relationship {
            target_id: 1,
            ..Relationship::default()
        }
    );
    scene.mute(2, false, 0).await;
    let muted = scene.relationship(1, 2).await;
    assert!(muted.muting && !muted.muting_notifications);
    assert_eq!(scene.muted().await, [2]);
    let request = UnmuteRequest {
        muter_id: 1,
        mutee_id: 2,
    };
    for _ in 0..2 {
        scene.graph.unmute(&context(), request).await.unwrap();
        assert!(!scene.relationship(1, 2).await.muting);
    }
    assert!(scene.muted().await.is_empty());
}

#[tokio::test]
async fn a_mute_for_a_time_ends_by_itself() {
    let scene = Scene::new().await;
    scene.mute(3, true, 0).await;
    scene.mute(2, true, 60).await;
    let muted = scene.relationship(1, 2).await;
    let end = scene.clock.now().microseconds() + 60_000_000;
    assert!(muted.muting && muted.mute_expires_at_us == end);
    assert_eq!(scene.muted().await, [2, 3]);
    scene.clock.advance(Duration::from_secs(59));
    assert!(scene.relationship(1, 2).await.muting);
    // Also of what memory keeps.
    scene.clock.advance(Duration::from_secs(1));
    let ended = scene.relationship(1, 2).await;
    assert!(!ended.muting && !ended.muting_notifications && ended.mute_expires_at_us == 0);
    assert_eq!(scene.muted().await, [3]);
    // Muted again it is the latest.
    scene.mute(4, true, 0).await;
    scene.mute(2, true, 0).await;
    assert_eq!(scene.muted().await, [2, 4, 3]);
}

#[tokio::test]
async fn at_the_bound_a_mute_can_be_changed_and_none_added() {
    let settings = Settings {
        muting_max: 2,
        ..Settings::default()
    };
    let scene = Scene::with(settings).await;
    scene.mute(2, true, 0).await;
    scene.mute(3, true, 0).await;
    scene.mute(2, false, 60).await;
    assert!(!scene.relationship(1, 2).await.muting_notifications);
    let request = MuteRequest {
        muter_id: 1,
        mutee_id: 4,
        notifications: true,
        duration_s: 0,
    };
    let refused = scene.graph.mute(&context(), request).await.unwrap_err();
    assert!(
        refused.public().contains("You mute 2 accounts"),
        "{refused:?}"
    );
    assert_eq!(scene.muted().await, [3, 2]);
    // One that has ended leaves room.
    scene.clock.advance(Duration::from_secs(60));
    scene.mute(4, true, 0).await;
    assert_eq!(scene.muted().await, [4, 3]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let scene = Scene::new().await;
    for (mutee_id, duration_s, code) in [
        (1, 0, ErrorCode::Invalid),
        (ACCOUNTS + 1, 0, ErrorCode::NotFound),
        (2, MUTE_SECONDS_MAX + 1, ErrorCode::Invalid),
        (2, u64::MAX, ErrorCode::Invalid),
    ] {
        let request = MuteRequest {
            muter_id: 1,
            mutee_id,
            notifications: true,
            duration_s,
        };
        let refused = scene.graph.mute(&context(), request).await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
    scene.mute(2, true, MUTE_SECONDS_MAX).await;
}
