//! What is wrong with one item.

use std::collections::HashMap;

use business_media_gateway::{CheckFinding, MediaState, renditions};
use infra_blob::{BlobError, BlobKey};

use crate::error::MediaError;
use crate::integrity::check_media::check::Check;
use crate::integrity::check_media::outcome::RepairOutcome;
use crate::store::inspection::{FormRow, Inspected};

/// What every ready item has.
const LADDER: [&str; 3] = [renditions::FULL, renditions::FEED, renditions::GRID];
/// The error number of a disk that cannot read a sector: EIO.
const UNREADABLE_SECTOR: i32 = 5;

/// What became of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// As it should be, as far as it was looked at.
    Whole,
    Missing,
    /// Cut short, or not what its name says.
    Damaged,
}

impl Condition {
    fn kind(self, of: &str) -> String {
        let word = match self {
            Self::Whole => "whole",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        };
        format!("{word}_{of}")
    }

    /// As a sentence about the blob goes on.
    const fn described(self) -> &'static str {
        match self {
            Self::Whole => "is whole",
            Self::Missing => "is missing",
            Self::Damaged => "is damaged",
        }
    }
}

/// What was seen of an item.
#[derive(Debug)]
pub(super) struct ScanResult {
    /// Nothing when there should be none, or its loss is known.
    pub(super) original: Option<Condition>,
    /// The loss of the original is known, and it is there again.
    pub(super) is_back: bool,
    /// In the order of the item's renditions.
    pub(super) renditions: Vec<Condition>,
    /// In the order of the item's alternates.
    pub(super) alternates: Vec<Condition>,
    /// Renditions that a ready item should have and has not.
    pub(super) lacking: Vec<&'static str>,
}

impl ScanResult {
    pub(super) fn is_fine(&self) -> bool {
        !self.lost_original()
            && !self.is_back
            && self
                .alternates
                .iter()
                .all(|condition| *condition == Condition::Whole)
            && self.lacking.is_empty()
            && !self.any_bad_rendition()
    }

    pub(super) fn lost_original(&self) -> bool {
        self.original
            .is_some_and(|condition| condition != Condition::Whole)
    }

    pub(super) fn any_bad_rendition(&self) -> bool {
        self.renditions
            .iter()
            .any(|condition| *condition != Condition::Whole)
    }

    /// The names of the renditions that have to be made again.
    pub(super) fn to_make(&self, item: &Inspected) -> Vec<String> {
        bad(&item.renditions, &self.renditions)
            .map(|(rendition, _)| rendition.name.clone())
            .chain(self.lacking.iter().map(|name| (*name).to_owned()))
            .collect()
    }

    pub(super) fn findings(
        &self,
        item: &Inspected,
        repaired_item: &RepairOutcome,
    ) -> Vec<CheckFinding> {
        let mut findings = self.about_original(item, repaired_item);
        let id = item.item.media();
        for (form, condition) in bad(&item.renditions, &self.renditions) {
            let (repaired, done) = repaired_item.about_rendition(&form.name);
            let state = condition.described();
            let what = format!("The `{}` rendition of photo {id} {state}.{done}", form.name);
            let kind = condition.kind("rendition");
            findings.push(finding(item, kind, &form.key, what, repaired));
        }
        for (form, condition) in bad(&item.alternates, &self.alternates) {
            let (repaired, done) = repaired_item.about_alternate();
            let state = condition.described();
            let what = format!(
                "Another form of `{}` of photo {id} {state}.{done}",
                form.name
            );
            let kind = condition.kind("alternate");
            findings.push(finding(item, kind, &form.key, what, repaired));
        }
        for name in &self.lacking {
            let (repaired, done) = repaired_item.about_rendition(name);
            let what = format!("Photo {id} is ready but has no `{name}` rendition.{done}");
            findings.push(finding(item, "unfinished".to_owned(), "", what, repaired));
        }
        findings
    }

    fn about_original(&self, item: &Inspected, repaired_item: &RepairOutcome) -> Vec<CheckFinding> {
        let (id, key) = (item.item.media(), &item.item.original_key);
        let repaired = repaired_item.original || repaired_item.gave_up;
        let mut findings = Vec::new();
        if let Some(condition) = self.original.filter(|_| self.lost_original()) {
            let (state, done) = (condition.described(), repaired_item.about_original());
            let what = format!("The original of photo {id} {state}.{done}");
            findings.push(finding(
                item,
                condition.kind("original"),
                key,
                what,
                repaired,
            ));
        }
        if self.is_back {
            let what = format!("The original of photo {id} was lost and is back.");
            findings.push(finding(
                item,
                "original_back".to_owned(),
                key,
                what,
                repaired,
            ));
        }
        findings
    }
}

fn finding(
    item: &Inspected,
    kind: String,
    key: &str,
    what: String,
    repaired: bool,
) -> CheckFinding {
    CheckFinding {
        kind,
        media_id: item.item.media().get(),
        key: key.to_owned(),
        what,
        repaired,
    }
}

/// The forms that are not whole.
fn bad<'a>(
    forms: &'a [FormRow],
    conditions: &'a [Condition],
) -> impl Iterator<Item = (&'a FormRow, Condition)> {
    let forms = forms.iter().zip(conditions.iter().copied());
    forms.filter(|(_, condition)| *condition != Condition::Whole)
}

impl Check {
    pub(super) async fn scan(&mut self, item: &Inspected) -> Result<ScanResult, MediaError> {
        let is_ready = item.item.state == MediaState::Ready as i64;
        // Small pictures' renditions are one file.
        let mut seen: HashMap<&str, Condition> = HashMap::new();
        let (mut renditions, mut alternates) = (Vec::new(), Vec::new());
        for (forms, conditions) in [
            (&item.renditions, &mut renditions),
            (&item.alternates, &mut alternates),
        ] {
            for form in forms {
                let condition = match seen.get(form.key.as_str()) {
                    Some(condition) => *condition,
                    None => self.condition(&form.key, form.bytes).await?,
                };
                seen.insert(&form.key, condition);
                conditions.push(condition);
            }
        }
        let lacks = |name: &&str| {
            !item
                .renditions
                .iter()
                .any(|rendition| rendition.name == **name)
        };
        let (original, is_back) = self.look_at_original(item).await?;
        Ok(ScanResult {
            original,
            is_back,
            renditions,
            alternates,
            lacking: LADDER
                .into_iter()
                .filter(|name| is_ready && lacks(name))
                .collect(),
        })
    }

    async fn look_at_original(
        &mut self,
        item: &Inspected,
    ) -> Result<(Option<Condition>, bool), MediaError> {
        let row = &item.item;
        // Without reading its bytes it cannot be told that a damaged one is whole again.
        if row.original_key.is_empty() || (row.original_lost && !self.read_bytes) {
            return Ok((None, false));
        }
        let condition = self
            .condition(&row.original_key, row.original_bytes)
            .await?;
        if row.original_lost {
            return Ok((None, condition == Condition::Whole));
        }
        Ok((Some(condition), false))
    }

    /// What became of a blob that should have this many bytes.
    pub(super) async fn condition(
        &mut self,
        key: &str,
        bytes: i64,
    ) -> Result<Condition, MediaError> {
        // What is not the name of a blob never led to one.
        let Ok(key) = key.parse::<BlobKey>() else {
            return Ok(Condition::Missing);
        };
        let store = self.integrity.blobs.store();
        let length = if self.read_bytes {
            store.verify(key).await.map(Some)
        } else {
            store.length(key).await
        };
        match length {
            Ok(None) | Err(BlobError::NotFound(_)) => Ok(Condition::Missing),
            Ok(Some(length)) => {
                self.summary.bytes_read += if self.read_bytes { length } else { 0 };
                let as_recorded = length == bytes.cast_unsigned();
                Ok(if as_recorded {
                    Condition::Whole
                } else {
                    Condition::Damaged
                })
            }
            Err(BlobError::Damaged(_)) => Ok(Condition::Damaged),
            // A sector that cannot be read will not come back. Any other failure may be the whole
            // disk's, and says nothing of this file.
            Err(BlobError::Io { source, .. })
                if source.raw_os_error() == Some(UNREADABLE_SECTOR) =>
            {
                Ok(Condition::Damaged)
            }
            Err(error) => Err(error.into()),
        }
    }
}
