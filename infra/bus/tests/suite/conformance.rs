//! What a bus does whatever its log is: the same stories on the embedded one and on NATS.

mod stage;
mod stories;
mod tails;

use testing_engines::Nats;

pub(crate) use stage::{Place, Running, Stage};

type Story = fn(Place);

/// Stories by name, each to be run on a thread of its own.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {
        [$((stringify!($story), (|place| block_on(stories::$story(place))) as Story)),+]
    };
}

const STORIES: [(&str, Story); 17] = stories![
    every_event_of_its_topics_arrives_once_and_in_order,
    an_event_published_twice_is_delivered_once,
    a_stopped_subscription_resumes_where_it_was,
    what_was_not_acknowledged_before_a_crash_is_delivered_again,
    a_new_subscription_starts_at_the_beginning_of_what_is_kept,
    what_another_process_publishes_wakes_a_subscription,
    a_slow_event_holds_up_only_its_own_key,
    order_is_kept_when_events_keep_coming_while_one_waits,
    a_crash_loses_neither_the_waiting_event_nor_its_place,
    a_poison_event_is_dead_lettered_and_can_be_replayed,
    a_letter_beyond_the_cursor_stays_dead_after_a_crash,
    a_rare_topic_is_found_behind_many_other_events,
    only_what_everyone_has_passed_is_trimmed,
    one_that_is_forgotten_holds_nothing_back,
    headers_travel_with_their_event,
    a_tail_sees_what_is_published_from_now_on,
    a_tail_that_is_far_behind_goes_on_at_the_end,
];

fn block_on(story: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(story);
}

fn run_all(place_of: impl Fn(usize) -> Place) {
    let running = STORIES.iter().enumerate().map(|(index, (name, story))| {
        let place = place_of(index);
        let thread = std::thread::Builder::new().name((*name).to_owned());
        (name, thread.spawn(move || story(place)).unwrap())
    });
    // All of them run before the first is waited for.
    let running: Vec<_> = running.collect();
    let ended = running
        .into_iter()
        .map(|(name, thread)| (name, thread.join()));
    let failed = ended.filter(|(_, ended)| ended.is_err());
    let failed: Vec<_> = failed.map(|(name, _)| name).collect();
    assert!(failed.is_empty(), "these failed: {failed:?}");
}

#[test]
fn every_story_on_the_embedded_log() {
    run_all(|_| Place::Embedded);
}

#[test]
fn every_story_on_jetstream() {
    let Some(server) = Nats::start() else { return };
    // All on one server, each in a stream of its own.
    run_all(|index| Place::jet_stream(&server, &format!("story-{index}")));
}
