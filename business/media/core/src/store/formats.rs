//! The table `formats_off`.

use business_media_codec::Format;
use infra_db::{Connection, Database};
use infra_kernel::Timestamp;

use crate::error::MediaError;

pub(super) const SWITCHED_OFF: &str = "SELECT content_type FROM formats_off";

/// The formats that are switched off. One that this build does not know any more is skipped.
pub(crate) async fn switched_off(database: &Database) -> Result<Vec<Format>, MediaError> {
    let types: Vec<String> = infra_db::query_scalar(SWITCHED_OFF)
        .fetch_all(database.reader())
        .await?;
    Ok(types
        .iter()
        .filter_map(|content_type| Format::of_content_type(content_type))
        .collect())
}

pub(super) const SWITCH: &str = "DELETE FROM formats_off WHERE content_type = $1";

pub(crate) async fn switch(
    connection: &mut Connection,
    format: Format,
    on: bool,
    now: Timestamp,
) -> Result<(), MediaError> {
    let statement = if on {
        infra_db::query(SWITCH).bind(format.content_type())
    } else {
        infra_db::query(
            "INSERT INTO formats_off (content_type, off_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(format.content_type())
        .bind(now.microseconds())
    };
    statement.execute(connection).await?;
    Ok(())
}
