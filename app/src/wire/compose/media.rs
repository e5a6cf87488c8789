//! Composes the media.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use business_media::{DATABASE, Dependencies, MediaCore};
use business_media_codec::ExternalCodecs;
use business_media_codec_worker::CodecWorkers;

use super::{Compose, Wiring};

#[async_trait]
impl Compose for MediaCore {
    async fn compose(wiring: &Wiring<'_>) -> Result<Self> {
        Ok(Self::new(Dependencies {
            database: wiring.database(&DATABASE)?,
            blobs: wiring.blobs.clone(),
            clock: wiring.clock.clone(),
            ids: wiring.ids.clone(),
            external_codecs: find_codecs(wiring).await?,
            settings: wiring.configuration.media.clone(),
        }))
    }
}

/// The codecs of another process, and what they can do here.
async fn find_codecs(wiring: &Wiring<'_>) -> Result<Option<Arc<dyn ExternalCodecs>>> {
    let Some(program) = wiring.topology.codecs.clone() else {
        return Ok(None);
    };
    let settings = wiring.configuration.codecs.clone();
    // It waits for the first of them to start.
    let external_codecs =
        tokio::task::spawn_blocking(move || CodecWorkers::find(program, &settings)).await?;
    let report = external_codecs.report();
    if let Some(absence) = &report.absence {
        tracing::warn!(absence, "no codecs in worker processes");
    } else {
        let names = |list: &dyn std::fmt::Debug| format!("{list:?}");
        tracing::info!(
            reads = names(&report.reads),
            writes = names(&report.writes),
            "codecs in worker processes"
        );
    }
    Ok(Some(Arc::new(external_codecs)))
}
