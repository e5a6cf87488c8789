//! What a bucket holds, page by page.

use std::io;

use object_store::ObjectMeta;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore as _};

use super::client::{WORK_MAX, within};
use super::identity::is_own_name;
use super::{Failure, S3Store};
use crate::listing::FOREIGN_FILES_MAX;
use crate::{BlobError, BlobKey, Page, Result, Stored};

const OPERATION: &str = "list its objects";
/// The most objects of one response: servers send no more.
const OBJECTS_MAX: usize = 1_000;

impl S3Store {
    pub(super) async fn page(&self, after: Option<BlobKey>, limit: usize) -> Result<Page> {
        let mut walk = Walk {
            root: self.root(),
            last: after.map(|key| self.path(key).to_string()),
            limit,
            page: Page::default(),
        };
        // Of the page as it was asked for: `last` moves on with what is taken.
        let offset = walk.last.clone();
        let mut page_token = None;
        while !walk.is_full() {
            let listed = self
                .objects(&walk, offset.clone(), page_token.take())
                .await?;
            walk.take(&listed.result.objects)?;
            match listed.page_token {
                Some(token) => page_token = Some(token),
                None => break,
            }
        }
        Ok(walk.page)
    }

    async fn objects(
        &self,
        walk: &Walk,
        offset: Option<String>,
        page_token: Option<String>,
    ) -> Result<PaginatedListResult> {
        let options = PaginatedListOptions {
            // A token says it already.
            offset: offset.filter(|_| page_token.is_none()),
            page_token,
            max_keys: Some((walk.limit - walk.page.blobs.len()).min(OBJECTS_MAX)),
            ..PaginatedListOptions::default()
        };
        let prefix = Some(walk.root.as_str()).filter(|root| !root.is_empty());
        let client = &self.parts.clients.retrying;
        within(WORK_MAX, OPERATION, async {
            let listed = client.list_paginated(prefix, options).await;
            listed.map_err(|error| Failure::of(error).during(OPERATION))
        })
        .await
    }
}

struct Walk {
    /// What the names of all objects begin with.
    root: String,
    /// The name that was listed before.
    last: Option<String>,
    limit: usize,
    page: Page,
}

impl Walk {
    fn is_full(&self) -> bool {
        self.page.blobs.len() >= self.limit
    }

    /// Takes what fits on the page. The first that does not is not looked at: the next page begins
    /// after the last blob of this one, and lists what is foreign behind it.
    fn take(&mut self, objects: &[ObjectMeta]) -> Result<()> {
        for object in objects {
            if self.is_full() {
                return Ok(());
            }
            let path = object.location.to_string();
            // Pages continue from a name, so on a server with another order (there are some) they
            // would leave out what nobody would miss.
            if self.last.as_ref().is_some_and(|last| *last >= path) {
                let problem =
                    "the server lists its objects in no order, or not from where it should";
                let unordered = io::Error::new(io::ErrorKind::InvalidData, problem);
                return Err(BlobError::io(OPERATION)(unordered));
            }
            let name = path.strip_prefix(&self.root).unwrap_or(&path);
            match key_of(name) {
                Some(key) => self.page.blobs.push(Stored {
                    key,
                    bytes: object.size,
                }),
                None if is_own_name(name) => {}
                None if self.page.foreign_files.len() < FOREIGN_FILES_MAX => {
                    self.page.foreign_files.push(name.to_owned());
                }
                None => {}
            }
            self.last = Some(path);
        }
        Ok(())
    }
}

/// The key of a blob, if its name is where blobs of that key are: nobody would find it elsewhere.
fn key_of(name: &str) -> Option<BlobKey> {
    let mut parts = name.split('/');
    let (first, second, key) = (parts.next()?, parts.next()?, parts.next()?);
    let is_its_place = parts.next().is_none()
        && first.len() == 2
        && second.len() == 2
        && key.starts_with(first)
        && key.get(2..4) == Some(second);
    key.parse().ok().filter(|_| is_its_place)
}
