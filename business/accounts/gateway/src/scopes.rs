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

/// One scope of the Mastodon API, granted here or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(u8);

/// A set of scopes, as granted to a token or asked for by an application. It keeps what was named:
/// `read` stays `read` and is not spelled out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u64);

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

// The place in this list is the bit, and the order in which a set is written. Nothing stores the
// bits.
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
    29 CRYPTO "crypto"
    30 ADMIN_READ "admin:read"
    31 ADMIN_READ_ACCOUNTS "admin:read:accounts"
    32 ADMIN_READ_REPORTS "admin:read:reports"
    33 ADMIN_READ_DOMAIN_ALLOWS "admin:read:domain_allows"
    34 ADMIN_READ_DOMAIN_BLOCKS "admin:read:domain_blocks"
    35 ADMIN_READ_IP_BLOCKS "admin:read:ip_blocks"
    36 ADMIN_READ_EMAIL_DOMAIN_BLOCKS "admin:read:email_domain_blocks"
    37 ADMIN_READ_CANONICAL_EMAIL_BLOCKS "admin:read:canonical_email_blocks"
    38 ADMIN_WRITE "admin:write"
    39 ADMIN_WRITE_ACCOUNTS "admin:write:accounts"
    40 ADMIN_WRITE_REPORTS "admin:write:reports"
    41 ADMIN_WRITE_DOMAIN_ALLOWS "admin:write:domain_allows"
    42 ADMIN_WRITE_DOMAIN_BLOCKS "admin:write:domain_blocks"
    43 ADMIN_WRITE_IP_BLOCKS "admin:write:ip_blocks"
    44 ADMIN_WRITE_EMAIL_DOMAIN_BLOCKS "admin:write:email_domain_blocks"
    45 ADMIN_WRITE_CANONICAL_EMAIL_BLOCKS "admin:write:canonical_email_blocks"
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
    const fn bit(self) -> u64 {
        1 << self.0
    }

    /// The scopes any one of which allows what this one allows.
    const fn covered_by(self) -> Scopes {
        let mut bits = self.bit();
        // By the order of the list above: the parts of a scope stand behind it.
        if self.0 < Self::WRITE.0 {
            bits |= Self::READ.bit();
        } else if self.0 < Self::FOLLOW.0 {
            bits |= Self::WRITE.bit();
        } else if self.0 == Self::PROFILE.0 {
            bits |= Self::READ.bit() | Self::READ_ACCOUNTS.bit();
        } else if self.0 > Self::ADMIN_READ.0 && self.0 < Self::ADMIN_WRITE.0 {
            bits |= Self::ADMIN_READ.bit();
        } else if self.0 > Self::ADMIN_WRITE.0 {
            bits |= Self::ADMIN_WRITE.bit();
        }
        if FOLLOW_PARTS.0 & self.bit() != 0 {
            bits |= Self::FOLLOW.bit();
        }
        Scopes(bits)
    }

    /// Whether a token can have it. The others are known, because applications for Mastodon name
    /// them when they register, and stand for what this server does not have: nobody grants them.
    ///
    /// Those of moderators anyone can grant, as in Mastodon: they let an application do no more
    /// than the role of its person lets the person do.
    #[must_use]
    pub const fn is_grantable(self) -> bool {
        self.0 <= Self::PROFILE.0 || Scopes::OF_MODERATORS.contains(self)
    }

    /// Every scope that a token can have.
    pub fn grantable() -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|scope| scope.is_grantable())
    }

    /// The scope with this name.
    ///
    /// # Errors
    /// When there is none.
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

    /// What moderators may do beside, by applications that ask for it.
    pub const OF_MODERATORS: Self = Self::of(&[
        Scope::ADMIN_READ,
        Scope::ADMIN_READ_REPORTS,
        Scope::ADMIN_WRITE,
        Scope::ADMIN_WRITE_REPORTS,
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

    /// Whether what the scope allows is allowed: `read` covers `read:accounts`, `follow` covers
    /// what it stands for, and `read` and `read:accounts` cover `profile`, which itself covers
    /// nothing else.
    #[must_use]
    pub const fn cover(self, scope: Scope) -> bool {
        if self.0 & scope.covered_by().0 != 0 {
            return true;
        }
        // Who has every part of the old scope has it, too.
        scope.0 == Scope::FOLLOW.0 && self.cover_all(FOLLOW_PARTS)
    }

    /// Whether every scope of the other set is covered.
    #[must_use]
    pub const fn cover_all(self, others: Self) -> bool {
        let mut bit = 0;
        while (bit as usize) < Scope::ALL.len() {
            if others.0 & (1 << bit) != 0 && !self.cover(Scope(bit)) {
                return false;
            }
            bit += 1;
        }
        true
    }

    /// Those of them that a token can have: what is left when the ones that nobody grants are taken
    /// away.
    #[must_use]
    pub fn grantable(self) -> Self {
        self.iter().filter(|scope| scope.is_grantable()).collect()
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
mod tests;
