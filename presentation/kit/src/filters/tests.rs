use business_accounts_gateway::Account;
use business_graph_gateway::{FilterKeyword, FilteredPost, GraphStats};
use business_media_gateway::MediaItem;
use business_posts_gateway::{AuthorStats, Post, PostHead};
use infra_kernel::AccountId;
use proptest::prelude::*;

use super::*;
use crate::card::{Marks, Person, Renderings};
use crate::rules::ViewerRelation;

const VIEWER: u64 = 1;
const AUTHOR: u64 = 2;

/// Whether a word is in a text, found the slow way: at every place, character by character.
fn is_found_slowly(text: &str, word: &str, is_whole: bool) -> bool {
    let folded = |text: &str| -> Vec<char> {
        let Text(text) = Text::of([text].into_iter());
        text.chars().collect()
    };
    let of_word = |character: Option<&char>| {
        character.is_some_and(|one| one.is_alphanumeric() || *one == '_')
    };
    let (text, word) = (folded(text), folded(word));
    let mut places = (0..text.len()).filter(|at| text[*at..].starts_with(&word));
    places.any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let goes_on_before = of_word(before) && of_word(word.first());
        let goes_on_behind = of_word(text.get(at + word.len())) && of_word(word.last());
        !(is_whole && (goes_on_before || goes_on_behind))
    })
}

fn found(text: &str, words: &[(&str, bool)]) -> Vec<bool> {
    let all = Words::new(words.iter().copied());
    let found = all.found_in(&Text::of([text].into_iter()));
    (0..words.len()).map(|place| found.has(place)).collect()
}

proptest! {
    #[test]
    fn words_are_found_where_a_slow_search_finds_them(
        text in "[aAbB ßsS_#éςΣσ猫]{0,40}",
        words in prop::collection::vec(("[aAbBsSß#éΣ猫 _]{1,4}", any::<bool>()), 1..12),
    ) {
        let words: Vec<_> = words.iter().map(|(word, whole)| (&**word, *whole)).collect();
        let slowly = words.iter().map(|(word, whole)| is_found_slowly(&text, word, *whole));
        prop_assert_eq!(found(&text, &words), slowly.collect::<Vec<_>>());
    }
}

#[test]
fn a_word_that_begins_within_another_place_of_it_is_found() {
    assert_eq!(found("xa a a", &[("a a", true)]), [true]);
    assert_eq!(found("aaa aa", &[("aa", true)]), [true]);
}

#[test]
fn the_same_word_is_found_for_each_of_its_places() {
    let words = [
        ("Lake", true),
        ("lake", true),
        ("lake", false),
        ("sea", true),
    ];
    assert_eq!(found("a lake", &words), [true, true, true, false]);
    assert_eq!(found("lakes", &words), [false, false, true, false]);
}

#[test]
fn a_post_is_shown_with_some_filters_and_those_that_hide_it_first() {
    let all: Vec<AccountFilter> = (1..=100).map(|id| filter(id, &["lake"], &[])).collect();
    let hiding = AccountFilter {
        action: FilterAction::Hide.into(),
        ..filter(101, &["lake"], &[])
    };
    let shown = marked(&[all, vec![hiding]].concat(), saying(40, AUTHOR, "a lake"));
    assert_eq!(shown.filtered.len(), MATCHES_MAX);
    assert_eq!(shown.filtered[0].filter.id, 101);
    assert_eq!(shown.filtered[1].filter.id, 1);
}

#[test]
fn letters_are_the_same_in_either_case_and_accents_however_written() {
    for (text, word) in [
        ("A RED Fox", "red fox"),
        ("STRASSE", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("cafe\u{301}", "CAFÉ"),
        ("ПРИВЕТ", "привет"),
    ] {
        assert_eq!(found(text, &[(word, false)]), [true], "{word} in {text}");
    }
}

#[test]
fn a_whole_word_ends_where_words_end() {
    for (text, word, is_there) in [
        ("a cat.", "cat", true),
        ("concatenate", "cat", false),
        ("cats", "cat", false),
        ("cat_1", "cat", false),
        ("cats and cat", "cat", true),
        ("x#cats", "#cats", true),
        ("#cats!", "#cat", false),
        ("what?!", "?!", true),
        ("q\u{301}", "q", false),
        ("two words", "two words", true),
    ] {
        assert_eq!(found(text, &[(word, true)]), [is_there], "{word} in {text}");
    }
}

fn filter(id: u64, keywords: &[&str], posts: &[u64]) -> AccountFilter {
    let keywords = (1..).zip(keywords).map(|(id, keyword)| FilterKeyword {
        id,
        keyword: (*keyword).to_owned(),
        whole_word: true,
    });
    let posts = posts.iter().map(|post_id| FilteredPost {
        id: *post_id,
        post_id: *post_id,
    });
    AccountFilter {
        id,
        owner_id: VIEWER,
        keywords: keywords.collect(),
        posts: posts.collect(),
        ..AccountFilter::default()
    }
}

fn shown(id: u64, author: u64, post: Post, descriptions: &[&str]) -> Shown {
    let head = PostHead {
        id,
        author_id: author,
        ..PostHead::default()
    };
    let media = descriptions.iter().map(|description| MediaItem {
        description: (*description).to_owned(),
        ..MediaItem::default()
    });
    let person = Person {
        account: Account::default(),
        avatar: None,
        header: None,
        graph: GraphStats::default(),
        posts: AuthorStats::default(),
    };
    let card = Card {
        head: head.clone(),
        post,
        author: Arc::new(person),
        media: media.collect(),
        application: None,
        renderings: Renderings::default(),
    };
    let viewer = Some(AccountId::new(VIEWER));
    let relation = ViewerRelation::of(viewer, AccountId::new(author), None);
    Shown::new(Arc::new(card), &head, relation, 0, Marks::default())
}

fn saying(id: u64, author: u64, text: &str) -> Shown {
    let post = Post {
        text: text.to_owned(),
        ..Post::default()
    };
    shown(id, author, post, &[])
}

fn reshare(id: u64, author: u64, original: Shown) -> Shown {
    Shown {
        reshared: Some(Box::new(original)),
        ..saying(id, author, "")
    }
}

/// Which filters match, each with its keyword and the posts.
fn matching(shown: &Shown) -> Vec<(u64, Option<&str>, &[u64])> {
    let matches = shown.filtered.iter();
    matches
        .map(|one| (one.filter.id, one.keyword.as_deref(), &*one.posts))
        .collect()
}

fn marked(filters: &[AccountFilter], mut shown: Shown) -> Shown {
    let filters = ViewerFilters::new(1, filters.to_vec());
    filters.mark(&mut shown, 1_000);
    shown
}

#[test]
fn the_warning_the_text_and_what_pictures_show_are_looked_through() {
    let filters = [
        filter(5, &["sea", "lake"], &[]),
        filter(6, &["hill"], &[]),
        filter(7, &["boat", "oar"], &[]),
        filter(8, &["bridge"], &[40]),
        filter(9, &["lake a"], &[]),
    ];
    let post = Post {
        spoiler_text: "A LAKE".to_owned(),
        text: "a hill".to_owned(),
        ..Post::default()
    };
    let shown = marked(&filters, shown(40, AUTHOR, post, &["two boats", "an oar"]));
    let expected: [(u64, Option<&str>, &[u64]); 4] = [
        (5, Some("lake"), &[]),
        (6, Some("hill"), &[]),
        (7, Some("oar"), &[]),
        (8, None, &[40]),
    ];
    assert_eq!(matching(&shown), expected);
    assert!(shown.filtered[0].filter.keywords.is_empty());
}

#[test]
fn of_a_reshare_what_it_shows_again_is_looked_through() {
    let filters = [filter(5, &["lake"], &[]), filter(6, &[], &[40, 41])];
    let shown = marked(&filters, reshare(41, 3, saying(40, AUTHOR, "a lake")));
    let lake = (5, Some("lake"), &[][..]);
    assert_eq!(matching(&shown), [lake, (6, None, &[41, 40])]);
    assert_eq!(matching(&shown.reshared.unwrap()), [lake, (6, None, &[40])]);
}

#[test]
fn what_the_viewer_wrote_is_never_filtered() {
    let filters = [filter(5, &["lake"], &[]), filter(6, &[], &[40])];
    let own = saying(40, VIEWER, "a lake");
    assert!(marked(&filters, own.clone()).filtered.is_empty());
    let by_another = marked(&filters, reshare(41, AUTHOR, own));
    assert!(by_another.filtered.is_empty() && by_another.reshared.unwrap().filtered.is_empty());
    let another = saying(40, AUTHOR, "a lake");
    let by_the_viewer = marked(&filters, reshare(41, VIEWER, another));
    assert!(by_the_viewer.filtered.is_empty());
    assert_eq!(by_the_viewer.reshared.unwrap().filtered.len(), 2);
}

#[test]
fn a_filter_that_has_ended_matches_nothing() {
    let ending = |expires_at_us| AccountFilter {
        expires_at_us,
        ..filter(5, &["lake"], &[])
    };
    for (end, is_active) in [(0, true), (1_001, true), (1_000, false), (1, false)] {
        let shown = marked(&[ending(end)], saying(40, AUTHOR, "a lake"));
        assert_eq!(!shown.filtered.is_empty(), is_active, "{end}");
    }
}

#[test]
fn as_many_keywords_as_may_be_fit_in_the_cache() {
    let keywords: Vec<String> = ('一'..)
        .take(39)
        .map(|first| first.to_string().repeat(512))
        .collect();
    let keywords: Vec<&str> = keywords.iter().map(|keyword| &**keyword).collect();
    let filters = ViewerFilters::new(1, vec![filter(5, &keywords, &[])]);
    let bytes = u64::from(filters.bytes);
    assert!(bytes < VIEWER_BYTES_MAX, "{bytes}");
}
