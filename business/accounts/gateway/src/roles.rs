//! What a role is called and what it stands above.

use crate::Role;

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRole(pub String);

impl std::fmt::Display for UnknownRole {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "`{}` is not a role: the roles are member, moderator and admin",
            self.0
        )
    }
}

impl std::error::Error for UnknownRole {}

impl Role {
    /// The roles an account can have, the lowest first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Admin];

    /// The role's name for people: "member", "moderator" or "admin"; "none" when it is not set.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "none",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Whether it may do what an admin may.
    #[must_use]
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Admin)
    }

    /// Whether it may do what a moderator may; an admin may.
    #[must_use]
    pub const fn is_moderator(self) -> bool {
        matches!(self, Self::Moderator | Self::Admin)
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(32).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_name_and_nothing_else_is() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        for text in ["", "none", "Admin", "owner"] {
            assert!(text.parse::<Role>().is_err(), "`{text}` was taken");
        }
    }

    #[test]
    fn an_admin_may_what_a_moderator_may() {
        assert!(Role::Admin.is_moderator());
        assert!(!Role::Moderator.is_admin());
        assert!(!Role::Unspecified.is_moderator());
    }
}
