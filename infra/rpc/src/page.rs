//! The page of a contract and the page of the code.

use infra_kernel::{Direction, Error, Page};

use crate::v1;

/// The page that a request asks for is missing or out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageError {
    limit_max: u32,
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        Self::invalid(
            "page",
            format!("A page must ask for 1 to {} things.", error.limit_max),
        )
    }
}

impl v1::Page {
    /// The page this message asks for, refused when it asks for nothing or for more than
    /// `limit_max`.
    ///
    /// # Errors
    /// When the limit is zero or above `limit_max`.
    pub const fn bounded(self, limit_max: u32) -> Result<Page, PageError> {
        if self.limit == 0 || self.limit > limit_max {
            return Err(PageError { limit_max });
        }
        Ok(Page {
            before: if self.before == 0 {
                u64::MAX
            } else {
                self.before
            },
            after: self.after,
            direction: if self.newer {
                Direction::Newer
            } else {
                Direction::Older
            },
            limit: self.limit,
        })
    }

    /// As [`Self::bounded`], for a field that may be missing from the message.
    ///
    /// # Errors
    /// When there is no page, or its limit is out of bounds.
    pub fn required(page: Option<Self>, limit_max: u32) -> Result<Page, PageError> {
        page.unwrap_or_default().bounded(limit_max)
    }
}

impl From<Page> for v1::Page {
    fn from(page: Page) -> Self {
        Self {
            before: if page.before == u64::MAX {
                0
            } else {
                page.before
            },
            after: page.after,
            newer: page.direction == Direction::Newer,
            limit: page.limit,
        }
    }
}
