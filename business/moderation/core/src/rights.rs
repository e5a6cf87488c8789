//! What a role may do with cases. The only place where that is decided.

use business_accounts_gateway::Role;
use business_moderation_gateway::Case;

/// Whether it may see reports, and who sent them.
pub(crate) const fn may_see_cases(role: Role) -> bool {
    role.is_moderator()
}

/// Whether somebody may see this case, and who sent it: nobody one about themselves.
pub(crate) const fn may_see(actor: u64, case: &Case) -> bool {
    case.target_id != actor
}

/// Whether somebody of this role may change this case: a moderator those about members, an admin
/// all; but nobody one about themselves. A target that is not there any more is a member.
pub(crate) const fn may_handle(actor: u64, role: Role, case: &Case, of_target: Role) -> bool {
    let stands_above = role.is_admin() || !of_target.is_moderator();
    role.is_moderator() && stands_above && case.target_id != actor
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTOR: u64 = 1;

    fn about(target_id: u64) -> Case {
        Case {
            target_id,
            ..Case::default()
        }
    }

    #[test]
    fn moderators_and_admins_see_cases() {
        let roles = [
            Role::Unspecified,
            Role::Member,
            Role::Moderator,
            Role::Admin,
        ];
        assert_eq!(roles.map(may_see_cases), [false, false, true, true]);
    }

    #[test]
    fn each_role_handles_those_below_it_and_nobody_themselves() {
        let may = |role| {
            Role::ALL.map(|of_target| {
                [ACTOR, 2].map(|target| may_handle(ACTOR, role, &about(target), of_target))
            })
        };
        let (none, others) = ([false, false], [false, true]);
        assert_eq!(may(Role::Unspecified), [none; 3]);
        assert_eq!(may(Role::Member), [none; 3]);
        assert_eq!(may(Role::Moderator), [others, none, none]);
        assert_eq!(may(Role::Admin), [others; 3]);
    }
}
