//! The crowd: accounts, whom they follow, and one post of each.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use crate::bench::http::{Connection, Request};
use crate::bench::scene::{self, Person};
use crate::bench::server::Server;

/// Whom each account follows: as many as a page of the feed has posts.
pub(super) const FOLLOWS: usize = 20;
/// What each reader asks for.
pub(super) const FEED: &str = "/api/v1/timelines/home?limit=20";
/// Connections that furnish the scene.
const MAKERS: usize = 8;
/// How long furnishing may take.
const FURNISH_MAX: Duration = Duration::from_secs(1_200);
/// How long the posts may take to every feed.
const ARRIVE_MAX: Duration = Duration::from_secs(120);

/// What the feeds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    Text,
    Photo,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Photo => "photo",
        }
    }
}

pub(super) struct Scene {
    pub(super) people: Vec<Person>,
    /// The length of one account's feed.
    pub(super) feed_bytes: usize,
}

impl Scene {
    pub(super) fn prepare_scene(
        server: &Server,
        accounts: usize,
        kind: Kind,
        photo: &[u8],
    ) -> Result<Self> {
        let deadline = Instant::now() + FURNISH_MAX;
        let mut connection = Connection::open(&server.address)?;
        let application = scene::application(&mut connection)?;
        let people = each(server, accounts, deadline, |connection, number| {
            scene::sign_up(connection, &application, &format!("person{number}"))
        })?;
        each(server, accounts, deadline, |connection, number| {
            for followee in followees(number, accounts) {
                scene::follow(connection, &people[number], &people[followee])?;
            }
            Ok(())
        })?;
        each(server, accounts, deadline, |connection, number| {
            let words = format!(
                "Post {number}: first light on the lake, worth the cold feet. #dawn https://example.org/{number}"
            );
            let mut post = json!({"status": words, "visibility": "public", "language": "en"});
            if kind == Kind::Photo {
                post["media_ids"] = json!([scene::photo(connection, &people[number], photo)?]);
            }
            scene::publish(connection, &people[number], &post)
        })?;
        each(server, accounts, deadline, |connection, number| {
            wait_for_feed(connection, &people[number])
        })?;
        // The first connection has been silent for longer than the server keeps it.
        let mut connection = Connection::open(&server.address)?;
        let person = people.first().context("there are people")?;
        let (status, body) = connection.send(&Request::get(FEED, &person.token))?;
        ensure!(status == 200, "{FEED} answered {status}");
        let feed_bytes = body.len();
        Ok(Self { people, feed_bytes })
    }
}

/// Reads a feed until a whole page of others' posts is there; then it is in memory, too.
fn wait_for_feed(connection: &mut Connection, person: &Person) -> Result<()> {
    let deadline = Instant::now() + ARRIVE_MAX;
    while scene::home(connection, person, FOLLOWS)?.len() < FOLLOWS {
        ensure!(Instant::now() < deadline, "the feeds do not fill");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whom an account follows: others at random, each once, the same in every run.
fn followees(number: usize, accounts: usize) -> Vec<usize> {
    let mut followees = Vec::with_capacity(FOLLOWS);
    let mut turn = 0_u64;
    while followees.len() < FOLLOWS {
        let other = random((number as u64) << 32 | turn) as usize % accounts;
        if other != number && !followees.contains(&other) {
            followees.push(other);
        }
        turn += 1;
    }
    followees
}

/// SplitMix64: a number for each seed, the same in every run.
pub(super) const fn random(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 1
}

/// Does something for each number below `count`, on several connections; what came of them, in
/// their order.
fn each<T: Send>(
    server: &Server,
    count: usize,
    deadline: Instant,
    work: impl Fn(&mut Connection, usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let some = |maker: usize| {
        let mut connection = Connection::open(&server.address)?;
        let mut made = Vec::new();
        for number in (maker..count).step_by(MAKERS) {
            ensure!(Instant::now() < deadline, "furnishing takes too long");
            made.push((number, work(&mut connection, number)?));
        }
        Ok(made)
    };
    let parts: Vec<Result<Vec<(usize, T)>>> = std::thread::scope(|scope| {
        let some = &some;
        let handles: Vec<_> = (0..MAKERS)
            .map(|maker| scope.spawn(move || some(maker)))
            .collect();
        let ended = handles.into_iter().map(|handle| {
            handle
                .join()
                .unwrap_or_else(|_| bail!("furnishing the scene failed"))
        });
        ended.collect()
    });
    let mut all = Vec::with_capacity(count);
    for part in parts {
        all.extend(part?);
    }
    // Makers end in any order, and people are found by their number.
    all.sort_unstable_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_follows_others_once() {
        for accounts in [FOLLOWS + 1, 1_500] {
            for number in 0..accounts {
                let mut followees = followees(number, accounts);
                assert!(!followees.contains(&number));
                followees.sort_unstable();
                followees.dedup();
                assert_eq!(followees.len(), FOLLOWS);
            }
        }
    }
}
