use super::*;

const AUTHOR: AccountId = AccountId::new(1);
const READER: AccountId = AccountId::new(2);

const PLACES: [Place; 5] = [
    Place::Home,
    Place::Timeline,
    Place::Thread,
    Place::Profile,
    Place::Direct,
];
const VISIBILITIES: [Visibility; 5] = [
    Visibility::Public,
    Visibility::Unlisted,
    Visibility::Private,
    Visibility::Direct,
    Visibility::Unspecified,
];

const STRANGER: ViewerRelation = ViewerRelation {
    viewer: Some(READER),
    ..ViewerRelation::VISITOR
};
const FOLLOWER: ViewerRelation = ViewerRelation {
    follows: true,
    ..STRANGER
};
const HERSELF: ViewerRelation = ViewerRelation {
    viewer: Some(AUTHOR),
    is_author: true,
    ..ViewerRelation::VISITOR
};

fn blocking(relation: ViewerRelation) -> ViewerRelation {
    ViewerRelation {
        blocks: true,
        ..relation
    }
}

fn blocked(relation: ViewerRelation) -> ViewerRelation {
    ViewerRelation {
        is_blocked: true,
        ..relation
    }
}

fn muting(relation: ViewerRelation) -> ViewerRelation {
    ViewerRelation {
        mutes: true,
        ..relation
    }
}

fn post(visibility: Visibility, mentioned: Option<AccountId>) -> PostHead {
    PostHead {
        author_id: AUTHOR.get(),
        visibility: visibility.into(),
        mentioned_ids: mentioned.map(AccountId::get).into_iter().collect(),
        ..PostHead::default()
    }
}

/// The columns: public, unlisted, private, direct, of a kind that is not known.
type Row = [bool; 5];

const NOTHING: Row = [false; 5];
const OPEN: Row = [true, true, false, false, false];
const FOLLOWED: Row = [true, true, true, false, false];
const MENTIONED: Row = [true, true, true, true, false];
const ALL: Row = [true; 5];

/// What is seen of posts that mention nobody, and of those that mention the viewer.
type Seen = [Row; 2];

const NEVER: Seen = [NOTHING, NOTHING];
const AS_VISITOR: Seen = [OPEN, OPEN];
const AS_STRANGER: Seen = [OPEN, MENTIONED];
const AS_FOLLOWER: Seen = [FOLLOWED, MENTIONED];
const ALWAYS: Seen = [ALL, ALL];

/// For each relation: what it sees where the posts come by themselves (timeline, thread), and where
/// they were looked for (profile, by their address).
fn table() -> [(&'static str, ViewerRelation, Seen, Seen); 11] {
    [
        ("visitor", ViewerRelation::VISITOR, AS_VISITOR, AS_VISITOR),
        ("stranger", STRANGER, AS_STRANGER, AS_STRANGER),
        ("follower", FOLLOWER, AS_FOLLOWER, AS_FOLLOWER),
        ("author", HERSELF, ALWAYS, ALWAYS),
        ("muting stranger", muting(STRANGER), NEVER, AS_STRANGER),
        ("muting follower", muting(FOLLOWER), NEVER, AS_FOLLOWER),
        ("blocking stranger", blocking(STRANGER), NEVER, AS_STRANGER),
        ("blocking follower", blocking(FOLLOWER), NEVER, AS_FOLLOWER),
        ("blocked stranger", blocked(STRANGER), NEVER, NEVER),
        ("blocked follower", blocked(FOLLOWER), NEVER, NEVER),
        (
            "blocked stranger who blocks and mutes",
            blocked(blocking(muting(STRANGER))),
            NEVER,
            NEVER,
        ),
    ]
}

#[test]
fn every_visibility_for_every_relation_in_every_place() {
    for (name, relation, by_themselves, looked_for) in table() {
        for place in PLACES {
            let expected = match place {
                Place::Home | Place::Timeline | Place::Thread => by_themselves,
                Place::Profile | Place::Direct => looked_for,
                Place::Case => unreachable!("it is not among them"),
            };
            let seen = [None, Some(READER)].map(|mentioned| {
                VISIBILITIES
                    .map(|visibility| may_see(&relation, place, &post(visibility, mentioned)))
            });
            assert_eq!(seen, expected, "{name} in {place:?}");
        }
    }
}

#[test]
fn a_relation_is_what_the_graph_says_of_viewer_and_author() {
    let relationship = |following| Relationship {
        target_id: AUTHOR.get(),
        following,
        followed_by: true,
        show_reblogs: true,
        ..Relationship::default()
    };
    let (follows, does_not) = (relationship(true), relationship(false));
    let of = ViewerRelation::of;
    assert_eq!(of(None, AUTHOR, Some(&follows)), ViewerRelation::VISITOR);
    assert_eq!(of(Some(READER), AUTHOR, None), STRANGER);
    assert_eq!(of(Some(READER), AUTHOR, Some(&does_not)), STRANGER);
    assert_eq!(of(Some(READER), AUTHOR, Some(&follows)), FOLLOWER);
    assert_eq!(of(Some(AUTHOR), AUTHOR, Some(&does_not)), HERSELF);
    let with = |change: fn(&mut Relationship)| {
        let mut relationship = relationship(false);
        change(&mut relationship);
        of(Some(READER), AUTHOR, Some(&relationship))
    };
    assert_eq!(with(|it| it.blocking = true), blocking(STRANGER));
    assert_eq!(with(|it| it.blocked_by = true), blocked(STRANGER));
    assert_eq!(with(|it| it.muting = true), muting(STRANGER));
    let untold = ViewerRelation {
        mutes_notifications: true,
        ..STRANGER
    };
    assert_eq!(with(|it| it.muting_notifications = true), untold);
    let without_reshares = ViewerRelation {
        hides_reshares: true,
        ..FOLLOWER
    };
    let changed = with(|it| (it.following, it.show_reblogs) = (true, false));
    assert_eq!(changed, without_reshares);
    assert_eq!(with(|it| it.show_reblogs = false), STRANGER);
    let listed = ViewerRelation {
        keeps_out_of_home: true,
        ..STRANGER
    };
    assert_eq!(with(|it| it.kept_out_of_home = true), listed);
    for hidden in [blocking(FOLLOWER), blocked(FOLLOWER), muting(FOLLOWER)] {
        assert!(!hidden.is_listed());
    }
    assert!(STRANGER.is_listed() && ViewerRelation::VISITOR.is_listed() && HERSELF.is_listed());
    assert!(HERSELF.is_author() && !STRANGER.is_author());
    assert!(ViewerRelation::VISITOR.is_visitor() && !STRANGER.is_visitor());
}

#[test]
fn what_is_asked_for_is_what_may_be_seen_and_no_more() {
    for relation in [ViewerRelation::VISITOR, STRANGER, FOLLOWER, HERSELF] {
        for relation in [
            relation,
            muting(relation),
            blocking(relation),
            blocked(relation),
        ] {
            let asked = visibilities_to_list(&relation);
            for visibility in Visibility::ALL {
                let is_asked_for = asked
                    .as_ref()
                    .is_some_and(|asked| asked.is_empty() || asked.contains(&visibility));
                let is_seen = may_see(&relation, Place::Profile, &post(visibility, None));
                assert_eq!(is_asked_for, is_seen, "{relation:?} {visibility:?}");
            }
        }
    }
}

#[test]
fn nobody_is_told_of_what_somebody_did_whom_they_do_not_want_to_see() {
    for relation in [STRANGER, FOLLOWER] {
        assert!(may_be_told_of(&relation));
        assert!(may_be_told_of(&muting(relation)));
        assert!(!may_be_told_of(&ViewerRelation {
            mutes_notifications: true,
            ..muting(relation)
        }));
        assert!(!may_be_told_of(&blocking(relation)));
        assert!(!may_be_told_of(&blocked(relation)));
    }
}

#[test]
fn reshares_of_who_is_followed_without_them_stay_off_timelines_alone() {
    let reshare = PostHead {
        reshare_of_id: 3,
        ..post(Visibility::Public, None)
    };
    let unwanted = ViewerRelation {
        hides_reshares: true,
        ..FOLLOWER
    };
    for place in PLACES {
        assert!(may_see(&FOLLOWER, place, &reshare), "{place:?}");
        assert!(
            may_see(&unwanted, place, &post(Visibility::Public, None)),
            "{place:?}"
        );
        let is_seen = may_see(&unwanted, place, &reshare);
        assert_eq!(is_seen, !place.is_timeline(), "{place:?}");
    }
}

#[test]
fn who_is_on_an_exclusive_list_stays_off_the_home_timeline_alone() {
    let kept_out = ViewerRelation {
        keeps_out_of_home: true,
        ..FOLLOWER
    };
    for place in PLACES {
        let is_seen = may_see(&kept_out, place, &post(Visibility::Public, None));
        assert_eq!(is_seen, place != Place::Home, "{place:?}");
    }
    // What somebody else reshares of them is that other's.
    let reshared = Place::Home.of_reshared();
    assert!(may_see(
        &kept_out,
        reshared,
        &post(Visibility::Public, None)
    ));
}

#[test]
fn the_evidence_of_a_case_is_seen_by_who_asks_for_it_and_never_by_a_visitor() {
    for (name, relation, ..) in table() {
        for visibility in VISIBILITIES {
            let is_seen = may_see(&relation, Place::Case, &post(visibility, None));
            assert_eq!(is_seen, !relation.is_visitor(), "{name}: {visibility:?}");
        }
    }
    assert_eq!(Place::Case.of_reshared(), Place::Direct);
}
