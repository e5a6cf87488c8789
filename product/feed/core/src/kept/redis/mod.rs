//! Timelines in Redis, where any process reads and changes them: a key for each account, changed by
//! functions (`feed.lua`), and nothing of it in this process.
//!
//! All of it may be lost at any moment. A timeline that is not there is made by who reads it, and a
//! fan-out passes it by. What a server says after it was started again, or another one in its
//! place, may lack the last that was written; so does what nobody could reach while something
//! happened. So a timeline belongs to one life (`feed.lua`), and with the next it counts as lost.

mod connection;
mod entry;
mod gaps;

use std::time::Duration;

use async_trait::async_trait;
use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Page};
use infra_redis::{Call, Library, Redis, RedisError, Reply};
use tokio::sync::Mutex;

use self::connection::{Connection, Connections};
use self::gaps::Gaps;
use super::{KeptTimelines, Making, Mark, TidyReport};
use crate::Settings;
use crate::audience::TimelineEntry;
use crate::error::{FeedError, Result};
use crate::followers::Holders;
use crate::locks::SharedGuard;
use crate::slice::PageSlice;
use crate::store::Store;

/// The functions of this domain.
pub(crate) const LIBRARY: Library = Library {
    code: include_str!("feed.lua"),
};
/// What the name of a timeline begins with.
const PREFIX: &[u8] = b"home:";
/// How many timelines one call changes: some 2 ms of the server's time.
const TIMELINES_A_CALL: usize = 100;
/// How many names one call looks at.
const NAMES_A_CALL: i64 = 500;
/// How long a page waits: it can be made from the posts instead.
const READ_MAX: Duration = Duration::from_millis(250);
/// How long any other call waits: it changes many timelines, or a whole one, or nobody waits for
/// it.
const CHANGE_MAX: Duration = Duration::from_secs(1);
/// How many timelines are dropped from the tables in one write.
const DROPPED_AT_ONCE_MAX: u32 = 50;
/// The keys of a function that needs none.
const NO_KEYS: [&[u8]; 0] = [];

/// The timelines on a server that has [`LIBRARY`].
pub(crate) struct RedisTimelines {
    store: Store,
    connections: Connections,
    gaps: Gaps,
    /// Held by who closes gaps: nobody reads meanwhile, and nobody does it twice.
    closing: Mutex<()>,
    entries_max: i64,
    lifetime_ms: i64,
}

impl RedisTimelines {
    pub(crate) fn new(store: Store, redis: Redis, settings: &Settings) -> Self {
        let lifetime_ms = settings.active().as_millis();
        Self {
            connections: Connections::new(store.clone(), redis),
            store,
            gaps: Gaps::default(),
            closing: Mutex::new(()),
            entries_max: i64::from(settings.timeline_entries_max.max(1)),
            lifetime_ms: i64::try_from(lifetime_ms).unwrap_or(i64::MAX),
        }
    }

    /// The connection for what an event says.
    async fn connection_for_event(&self) -> Result<Connection> {
        let connection = self.connections.current().await;
        if connection.is_err() {
            self.gaps.note();
        }
        connection
    }

    /// The connection for who reads: what has gaps is lost before.
    async fn connection_for_reader(&self) -> Result<Connection> {
        if self.gaps.open().is_none() {
            return self.connections.current().await;
        }
        let closing = self.closing.lock().await;
        // Not before: one that was given up while one waited costs everybody here its wait.
        let connection = self.connections.current().await?;
        // Asked again: who held the lock before may have closed them.
        if let Some(found) = self.gaps.open() {
            let lose = Call::new("heliograph_feed_lose_all_1", &NO_KEYS).bytes(&unique());
            connection.call(&lose).await?;
            self.gaps.close(found);
        }
        drop(closing);
        Ok(connection)
    }

    /// A call that concerns one timeline.
    fn call(&self, connection: &Connection, function: &str, account: AccountId) -> Call {
        Call::new(function, &[key(account)]).bytes(&connection.run_bytes())
    }

    /// A call that changes one timeline.
    fn change(&self, connection: &Connection, function: &str, account: AccountId) -> Call {
        self.call(connection, function, account).within(CHANGE_MAX)
    }

    /// A call that begins or ends a follow in the follower's timeline.
    async fn change_follow(
        &self,
        function: &str,
        follower: AccountId,
        followee: AccountId,
    ) -> Result<()> {
        let connection = self.connection_for_event().await?;
        let call = self
            .change(&connection, function, follower)
            .bytes(&unique())
            .bytes(&followee.get().to_be_bytes());
        connection.call(&call).await?;
        Ok(())
    }

    /// Puts an entry into at most [`TIMELINES_A_CALL`] timelines. A server without room for it
    /// loses them instead: they would have a gap.
    async fn place_in(&self, mark: Mark, keys: &[Vec<u8>], entry: &[u8]) -> Result<usize> {
        let connection = self.connection_for_event().await?;
        // What was looked at under another run says nothing of the timelines of this one.
        if connection.run() != mark.run {
            return Err(FeedError::MarkGone);
        }
        let run = connection.run_bytes();
        let place = Call::new("heliograph_feed_place_1", keys)
            .bytes(&run)
            .bytes(&mark.value.to_be_bytes())
            .number(self.entries_max)
            .bytes(entry)
            .within(CHANGE_MAX);
        match connection.call(&place).await {
            Err(RedisError::Full(_)) => {
                let drop = Call::new("heliograph_feed_drop_1", keys).bytes(&run);
                connection.call(&drop.within(CHANGE_MAX)).await?;
                Ok(0)
            }
            // A negative number says that the mark has gone.
            reply => usize::try_from(reply?.number()?).map_err(|_| FeedError::MarkGone),
        }
    }

    /// Drops what the tables hold of the time when timelines were there.
    async fn clear_tables(&self) -> Result<u64> {
        let mut dropped = 0;
        loop {
            // From the beginning each time: those that were found before are gone.
            let first = AccountId::new(0);
            let accounts = self.store.kept_after(first, DROPPED_AT_ONCE_MAX).await?;
            if accounts.is_empty() {
                return Ok(dropped);
            }
            self.store.drop_these(&accounts, |()| ()).await?;
            dropped += accounts.len() as u64;
        }
    }
}

fn keys(accounts: &[AccountId]) -> Vec<Vec<u8>> {
    accounts.iter().map(|account| key(*account)).collect()
}

/// The name of an account's timeline.
fn key(account: AccountId) -> Vec<u8> {
    [PREFIX, &account.get().to_be_bytes()].concat()
}

/// Eight bytes of which nobody else thinks.
fn unique() -> [u8; 8] {
    rand::random::<u64>().to_be_bytes()
}

/// A number that a function returns as eight bytes.
fn number_of(reply: Reply) -> Result<u64, RedisError> {
    let bytes = reply.bytes()?.try_into();
    bytes.map(u64::from_be_bytes).map_err(|_| RedisError::Reply)
}

/// A page of what the function returned.
fn page_of(reply: Reply, is_reversed: bool) -> Result<Option<PageSlice>, RedisError> {
    let mut members = reply.list()?.into_iter().map(Reply::bytes);
    let Some(floor) = members.next() else {
        return Ok(None);
    };
    let floor = entry::post(&floor?).ok_or(RedisError::Reply)?;
    let entries = members.map(|member| entry::entry(&member?).ok_or(RedisError::Reply));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    if is_reversed {
        entries.reverse();
    }
    Ok(Some(PageSlice { entries, floor }))
}

#[async_trait]
impl KeptTimelines for RedisTimelines {
    fn page_at_hand(&self, _: AccountId, _: &Page) -> Option<PageSlice> {
        None
    }

    /// Whether it is worth making again the server knows: who made it has told.
    async fn page(&self, account: AccountId, page: &Page, _: bool) -> Result<Option<PageSlice>> {
        let connection = self.connection_for_reader().await?;
        let (from, to) = entry::range(page);
        let is_from_end = entry::is_from_end(page);
        let call = self
            .call(&connection, "heliograph_feed_page_1", account)
            .number(self.lifetime_ms)
            .number(self.entries_max)
            .bytes(&from)
            .bytes(&to)
            .number(i64::from(is_from_end))
            .number(i64::from(page.limit))
            .within(READ_MAX);
        Ok(page_of(connection.call(&call).await?, is_from_end)?)
    }

    async fn begin(&self, account: AccountId) -> Result<Making> {
        let connection = self.connection_for_reader().await?;
        let call = self
            .change(&connection, "heliograph_feed_begin_1", account)
            .bytes(&unique())
            .number(self.lifetime_ms);
        Ok(Making(number_of(connection.call(&call).await?)?))
    }

    async fn complete(
        &self,
        account: AccountId,
        making: Making,
        timeline_entries: &[TimelineEntry],
        floor: PostId,
    ) -> Result<bool> {
        let connection = self.connections.current().await?;
        let mut call = self
            .change(&connection, "heliograph_feed_complete_1", account)
            .bytes(&making.0.to_be_bytes())
            .bytes(&entry::post_bytes(floor.get()))
            .number(self.entries_max);
        for timeline_entry in timeline_entries {
            call = call.bytes(&entry::entry_bytes(timeline_entry));
        }
        Ok(connection.call(&call).await?.number()? == 1)
    }

    async fn mark(&self) -> Result<Mark> {
        let connection = self.connection_for_event().await?;
        let call = Call::new("heliograph_feed_mark_1", &NO_KEYS).bytes(&unique());
        let reply = connection.call(&call.within(CHANGE_MAX)).await?;
        Ok(Mark {
            run: connection.run(),
            value: number_of(reply)?,
        })
    }

    async fn place(
        &self,
        mark: Mark,
        readers: Vec<AccountId>,
        timeline_entry: TimelineEntry,
    ) -> Result<usize> {
        let entry = entry::entry_bytes(&timeline_entry);
        let mut placed = 0;
        for some in readers.chunks(TIMELINES_A_CALL) {
            placed += self.place_in(mark, &keys(some), &entry).await?;
        }
        Ok(placed)
    }

    /// No timeline can be found by what it holds: it is looked for where the fan-out put it.
    async fn remove_post(&self, holders: &mut Holders<'_>) -> Result<()> {
        let post = entry::post_bytes(holders.post().get());
        // First it is remembered as deleted: no fan-out can put it back behind what follows.
        let forget = Call::new("heliograph_feed_forget_1", &NO_KEYS).bytes(&post);
        let connection = self.connection_for_event().await?;
        connection.call(&forget.within(CHANGE_MAX)).await?;
        while let Some(some) = holders.next().await? {
            for some in some.chunks(TIMELINES_A_CALL) {
                let remove = Call::new("heliograph_feed_remove_1", &keys(some)).bytes(&post);
                // Asked for at each step: what was there at the step before may be gone.
                let connection = self.connection_for_event().await?;
                connection.call(&remove.within(CHANGE_MAX)).await?;
            }
        }
        Ok(())
    }

    async fn join(&self, follower: AccountId, followee: AccountId, _: &SharedGuard) -> Result<()> {
        self.change_follow("heliograph_feed_join_1", follower, followee)
            .await
    }

    async fn part(&self, follower: AccountId, followee: AccountId, _: &SharedGuard) -> Result<()> {
        self.change_follow("heliograph_feed_part_1", follower, followee)
            .await
    }

    async fn drop_one(&self, account: AccountId) -> Result<()> {
        let connection = self.connections.current().await?;
        let call = self.change(&connection, "heliograph_feed_drop_1", account);
        connection.call(&call).await?;
        Ok(())
    }

    /// Ends: the server looks at every name that was there at the beginning, once or more often.
    async fn drop_all(&self) -> Result<u64> {
        let (mut cursor, mut dropped) = (b"0".to_vec(), 0);
        loop {
            let call = Call::new("heliograph_feed_drop_all_1", &NO_KEYS)
                .bytes(&cursor)
                .bytes(PREFIX)
                .number(NAMES_A_CALL)
                .within(CHANGE_MAX);
            let reply = self
                .connections
                .current()
                .await?
                .call(&call)
                .await?
                .list()?;
            let [next, some] = <[Reply; 2]>::try_from(reply).map_err(|_| RedisError::Reply)?;
            dropped += some.number()?.unsigned_abs();
            cursor = next.bytes()?;
            if cursor == b"0" {
                return Ok(dropped);
            }
        }
    }

    /// The server does all of it by itself: a timeline is cut by what is placed in it, and has a
    /// lifetime, as what is remembered of deleted posts has.
    async fn tidy(&self) -> Result<TidyReport> {
        Ok(TidyReport {
            dropped: self.clear_tables().await?,
            ..TidyReport::default()
        })
    }
}
