//! What an account reshared last, in memory: most have reshared little, and each page that they
//! read asks.

/// How many of an account's reshares are kept.
pub(crate) const RESHARED_MAX: usize = 300;

/// The posts that an account reshared last.
#[derive(Debug)]
pub(crate) struct Reshared {
    /// In the order of their ids.
    posts: Box<[u64]>,
    /// Whether these are all.
    complete: bool,
}

impl Reshared {
    /// The posts that an account reshared, of which the last [`RESHARED_MAX`] were read.
    pub(crate) fn new(mut posts: Vec<u64>) -> Self {
        let complete = posts.len() < RESHARED_MAX;
        posts.sort_unstable();
        Self {
            posts: posts.into(),
            complete,
        }
    }

    /// Of these posts those that the account has reshared; none when only the database can say.
    pub(crate) fn among(&self, posts: &[u64]) -> Option<Vec<u64>> {
        let is_here = |post: &u64| self.posts.binary_search(post).is_ok();
        let found: Vec<u64> = posts.iter().copied().filter(is_here).collect();
        (self.complete || found.len() == posts.len()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_older_than_is_kept_is_not_said() {
        let few = Reshared::new(vec![9, 3, 5]);
        assert_eq!(few.among(&[5, 4, 3]), Some(vec![5, 3]));
        assert_eq!(few.among(&[]), Some(Vec::new()));
        let many = Reshared::new((1_000..1_000 + RESHARED_MAX as u64).collect());
        assert_eq!(many.among(&[1_002, 1_001]), Some(vec![1_002, 1_001]));
        assert_eq!(many.among(&[1_002, 7]), None);
    }
}
