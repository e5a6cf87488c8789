//! What an access token may be used for: the scopes of the Mastodon API.

use std::fmt;

/// The most characters of an unknown scope that its error repeats.
const UNKNOWN_SHOWN_MAX: usize = 64;

/// A text that names no scope known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScope(pub String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is not a scope of this server", self.0)
    }
}

impl std::error::Error for UnknownScope {}

/// One scope.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(u8);

/// A set of scopes, as granted to a token or asked for by an application. It keeps what was named: `read` stays `read`
/// and is not spelled out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u32);

macro_rules! define_scopes {
    ($($bit:literal $constant:ident $name:literal)*) => {
        impl Scope {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self($bit);
            )*
            /// Every scope, in the order in which sets are written.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];

            /// The scope's name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                const NAMES: &[&str] = &[$($name),*];
                NAMES[self.0 as usize]
            }
        }
    };
}

// The place in this list is the bit, and the order in which a set is written. Nothing stores the bits.
define_scopes! {
    0 READ "read"
    1 READ_ACCOUNTS "read:accounts"
    2 READ_BLOCKS "read:blocks"
    3 READ_BOOKMARKS "read:bookmarks"
    4 READ_FAVOURITES "read:favourites"
    5 READ_FILTERS "read:filters"
    6 READ_FOLLOWS "read:follows"
    7 READ_LISTS "read:lists"
    8 READ_MUTES "read:mutes"
    9 READ_NOTIFICATIONS "read:notifications"
    10 READ_SEARCH "read:search"
    11 READ_STATUSES "read:statuses"
    12 WRITE "write"
    13 WRITE_ACCOUNTS "write:accounts"
    14 WRITE_BLOCKS "write:blocks"
    15 WRITE_BOOKMARKS "write:bookmarks"
    16 WRITE_CONVERSATIONS "write:conversations"
    17 WRITE_FAVOURITES "write:favourites"
    18 WRITE_FILTERS "write:filters"
    19 WRITE_FOLLOWS "write:follows"
    20 WRITE_LISTS "write:lists"
    21 WRITE_MEDIA "write:media"
    22 WRITE_MUTES "write:mutes"
    23 WRITE_NOTIFICATIONS "write:notifications"
    24 WRITE_REPORTS "write:reports"
    25 WRITE_STATUSES "write:statuses"
    26 FOLLOW "follow"
    27 PUSH "push"
    28 PROFILE "profile"
}

/// What the old scope `follow` stands for.
const FOLLOW_PARTS: Scopes = Scopes::of(&[
    Scope::READ_BLOCKS,
    Scope::READ_FOLLOWS,
    Scope::READ_MUTES,
    Scope::WRITE_BLOCKS,
    Scope::WRITE_FOLLOWS,
    Scope::WRITE_MUTES,
]);

impl Scope {
    const fn bit(self) -> u32 {
        1 << self.0
    }

    /// The scopes any one of which allows what this one allows.
    const fn covered_by(self) -> Scopes {
        let mut bits = self.bit();
        if self.0 < Self::WRITE.0 {
            bits |= Self::READ.bit();
        } else if self.0 < Self::FOLLOW.0 {
            bits |= Self::WRITE.bit();
        } else if self.0 == Self::PROFILE.0 {
            bits |= Self::READ.bit() | Self::READ_ACCOUNTS.bit();
        }
        if FOLLOW_PARTS.0 & self.bit() != 0 {
            bits |= Self::FOLLOW.bit();
        }
        Scopes(bits)
    }

    /// The scope with this name.
    ///
    /// # Errors
    /// When there is none; the `admin:` scopes are among the unknown ones.
    pub fn parse(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.name() == name)
            .ok_or_else(|| UnknownScope(name.chars().take(UNKNOWN_SHOWN_MAX).collect()))
    }
}

impl Scopes {
    /// No scope at all.
    pub const NONE: Self = Self(0);
    /// Everything a person may do, as a browser session may.
    pub const USER: Self = Self::of(&[
        Scope::READ,
        Scope::WRITE,
        Scope::FOLLOW,
        Scope::PUSH,
        Scope::PROFILE,
    ]);

    /// The set of these scopes.
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < scopes.len() {
            bits |= scopes[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// The scopes that a text separated by white space names; an empty text names none.
    ///
    /// # Errors
    /// When one of them is not known; the error repeats it.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_ascii_whitespace().map(Scope::parse).collect()
    }

    /// Whether this very scope is named.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether what the scope allows is allowed: `read` covers `read:accounts`, `follow` covers what it stands for, and
    /// `read` and `read:accounts` cover `profile`, which itself covers nothing else.
    #[must_use]
    pub const fn cover(self, scope: Scope) -> bool {
        if self.0 & scope.covered_by().0 != 0 {
            return true;
        }
        scope.0 == Scope::FOLLOW.0 && self.cover_all(FOLLOW_PARTS)
    }

    /// Whether every scope of the other set is covered.
    #[must_use]
    pub const fn cover_all(self, others: Self) -> bool {
        let mut bit = 0;
        while bit < u32::BITS as u8 {
            if others.0 & (1 << bit) != 0 && !self.cover(Scope(bit)) {
                return false;
            }
            bit += 1;
        }
        true
    }

    /// Whether it names no scope.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes named, in the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self(scope.bit())
    }
}

impl std::str::FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
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
        for text in ["admin:read", "read:media", "READ", "read:", "everything"] {
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
        assert!(Scope::ALL.iter().all(|scope| Scopes::USER.cover(*scope)));
    }
}
