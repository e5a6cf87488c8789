use proptest::prelude::*;

use super::*;

fn any_scopes() -> impl Strategy<Value = Scopes> {
    proptest::collection::vec(proptest::sample::select(Scope::ALL), 0..8)
        .prop_map(|scopes| scopes.into_iter().collect())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(scopes in any_scopes()) {
        prop_assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
    }

    #[test]
    fn a_set_covers_itself_and_what_it_names(scopes in any_scopes()) {
        prop_assert!(scopes.cover_all(scopes));
        prop_assert!(scopes.iter().all(|scope| scopes.cover(scope)));
    }

    #[test]
    fn a_larger_set_covers_no_less(smaller in any_scopes(), added in any_scopes()) {
        let larger: Scopes = smaller.iter().chain(added.iter()).collect();
        for scope in Scope::ALL {
            prop_assert!(!smaller.cover(*scope) || larger.cover(*scope));
        }
    }

    #[test]
    fn covering_carries_over(a in any_scopes(), b in any_scopes(), c in any_scopes()) {
        if a.cover_all(b) && b.cover_all(c) {
            prop_assert!(a.cover_all(c), "{a:?} covers {b:?} covers {c:?}");
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        if let Ok(scopes) = Scopes::parse(&text) {
            prop_assert!(scopes.iter().count() <= text.split_ascii_whitespace().count());
        }
    }
}

#[test]
fn each_scope_stands_at_its_bit() {
    for (place, scope) in Scope::ALL.iter().enumerate() {
        assert_eq!(usize::from(scope.0), place);
        assert_eq!(Scope::parse(scope.name()), Ok(*scope));
    }
}

#[test]
fn a_broad_scope_covers_its_parts_and_a_part_not_the_whole() {
    let read = Scopes::from(Scope::READ);
    assert!(read.cover(Scope::READ_STATUSES));
    assert!(!read.cover(Scope::WRITE_STATUSES));
    assert!(!Scopes::from(Scope::READ_STATUSES).cover(Scope::READ));
    assert!(!Scopes::from(Scope::WRITE).cover(Scope::PUSH));
}

#[test]
fn follow_stands_for_its_six_parts() {
    let follow = Scopes::from(Scope::FOLLOW);
    assert!(follow.cover_all(FOLLOW_PARTS));
    assert!(!follow.cover(Scope::READ_ACCOUNTS));
    assert!(FOLLOW_PARTS.cover(Scope::FOLLOW));
    assert!(!Scopes::from(Scope::READ).cover(Scope::FOLLOW));
}

#[test]
fn profile_covers_itself_alone() {
    let profile = Scopes::from(Scope::PROFILE);
    let covered: Vec<_> = Scope::ALL.iter().filter(|s| profile.cover(**s)).collect();
    assert_eq!(covered, [&Scope::PROFILE]);
    assert!(Scopes::from(Scope::READ_ACCOUNTS).cover(Scope::PROFILE));
    assert!(!Scopes::from(Scope::WRITE).cover(Scope::PROFILE));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for text in [
        "admin",
        "admin:read:media",
        "read:media",
        "READ",
        "read:",
        "everything",
    ] {
        assert_eq!(
            Scopes::parse(&format!("read {text}")),
            Err(UnknownScope(text.to_owned()))
        );
    }
    assert_eq!(Scopes::parse(" "), Ok(Scopes::NONE));
    assert_eq!(
        Scopes::parse("write  read\tread").unwrap().to_string(),
        "read write"
    );
}

#[test]
fn a_browser_session_may_everything_a_person_may() {
    for scope in Scope::grantable() {
        // A browser looks after no reports yet.
        let expected = !Scopes::OF_MODERATORS.contains(scope);
        assert_eq!(Scopes::USER.cover(scope), expected, "{scope}");
    }
}

#[test]
fn what_is_granted_to_nobody_is_covered_by_nothing_that_is() {
    let withheld: Vec<_> = Scope::ALL
        .iter()
        .filter(|scope| !scope.is_grantable())
        .collect();
    assert_eq!(withheld.len(), 13);
    assert!(withheld.iter().all(|scope| !Scopes::USER.cover(**scope)));
    let asked = Scopes::parse("read admin:write crypto admin:read:accounts push").unwrap();
    assert_eq!(
        asked.to_string(),
        "read push crypto admin:read:accounts admin:write"
    );
    assert_eq!(asked.grantable().to_string(), "read push admin:write");
    assert!(!asked.cover(Scope::WRITE) && !asked.cover(Scope::ADMIN_READ));
    assert!(asked.cover(Scope::ADMIN_WRITE_REPORTS));
}
