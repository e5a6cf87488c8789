//! Accounts: signing up, one's own profile, other people, and following them.

mod block;
mod credentials;
mod fields;
mod follow;
mod follow_requests;
mod follows;
mod mute;
mod note;
mod page;
mod preferences;
mod register;
mod relationships;
mod search;
mod show;
mod statuses;
mod update;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{Account, CredentialAccount, Relationship, Status, Token};
use crate::ids::IdsQuery;

pub(crate) use page::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};
pub(crate) use search::{Wanted, number, search_accounts};

pub(crate) fn routes() -> Api {
    own()
        .merge(people())
        .merge(following())
        .merge(follow_requests())
        .merge(blocks())
        .merge(mutes())
}

fn own() -> Api {
    Api::new()
        .post(
            "/api/v1/accounts",
            register::register,
            Describe::new("Signs a person up; takes the application's own token, answers a token of the person.")
                .body::<register::RegistrationForm>()
                .returns::<Token>(),
        )
        .get(
            "/api/v1/accounts/verify_credentials",
            credentials::verify,
            Describe::new("Tells whose token it is.").returns::<CredentialAccount>(),
        )
        .patch(
            "/api/v1/accounts/update_credentials",
            update::update,
            Describe::new("Changes one's profile; what is not sent stays.")
                .multipart::<update::ProfileForm>()
                .returns::<CredentialAccount>(),
        )
        .get(
            "/api/v1/preferences",
            preferences::show,
            Describe::new("Lists one's preferences.").returns::<preferences::Preferences>(),
        )
}

fn people() -> Api {
    Api::new()
        .get(
            "/api/v1/accounts",
            show::list,
            Describe::new("Lists accounts by their ids; those that are not there are left out.")
                .query::<IdsQuery>()
                .returns::<Vec<Account>>(),
        )
        .get(
            "/api/v1/accounts/lookup",
            show::lookup,
            Describe::new("Finds an account by its name.")
                .query::<show::LookupQuery>()
                .returns::<Account>()
                .refuses(&[(404, "There is no such account.")]),
        )
        .get(
            "/api/v1/accounts/search",
            search::search,
            Describe::new("Searches accounts; a username is found when it is given whole.")
                .query::<search::SearchQuery>()
                .returns::<Vec<Account>>(),
        )
        .get(
            "/api/v1/accounts/{id}",
            show::show,
            Describe::new("Shows an account.").returns::<Account>(),
        )
        .get(
            "/api/v1/accounts/{id}/statuses",
            statuses::list,
            Describe::new("Lists an account's statuses, newest first.")
                .query::<PageQuery>()
                .query::<statuses::StatusesQuery>()
                .returns::<Vec<Status>>(),
        )
}

fn following() -> Api {
    Api::new()
        .get(
            "/api/v1/accounts/{id}/followers",
            follows::followers,
            Describe::new("Lists who follows an account, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
        .get(
            "/api/v1/accounts/{id}/following",
            follows::following,
            Describe::new("Lists whom an account follows, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
        .get(
            "/api/v1/accounts/relationships",
            relationships::list,
            Describe::new("Tells how one stands to other accounts.")
                .query::<IdsQuery>()
                .returns::<Vec<Relationship>>(),
        )
        .post(
            "/api/v1/accounts/{id}/follow",
            follow::follow,
            Describe::new("Follows an account, or changes how it is followed.")
                .body::<follow::FollowForm>()
                .returns::<Relationship>(),
        )
        .post(
            "/api/v1/accounts/{id}/unfollow",
            follow::unfollow,
            Describe::new("Stops following an account.").returns::<Relationship>(),
        )
        .post(
            "/api/v1/accounts/{id}/remove_from_followers",
            follow::remove_from_followers,
            Describe::new("Has an account follow one no more.").returns::<Relationship>(),
        )
        .post(
            "/api/v1/accounts/{id}/note",
            note::set,
            Describe::new("Writes down something about an account that nobody else learns of.")
                .body::<note::NoteForm>()
                .returns::<Relationship>()
                .refuses(&[(422, "It is too long, or one has too many notes.")]),
        )
}

fn follow_requests() -> Api {
    Api::new()
        .get(
            "/api/v1/follow_requests",
            follow_requests::list,
            Describe::new("Lists who asks to follow, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
        .post(
            "/api/v1/follow_requests/{id}/authorize",
            follow_requests::authorize,
            Describe::new("Lets an account in that asks to follow.")
                .returns::<Relationship>()
                .refuses(&[(404, "The account does not ask to follow.")]),
        )
        .post(
            "/api/v1/follow_requests/{id}/reject",
            follow_requests::reject,
            Describe::new("Turns an account away that asks to follow; it is not told.")
                .returns::<Relationship>()
                .refuses(&[(404, "The account does not ask to follow.")]),
        )
}

fn blocks() -> Api {
    Api::new()
        .post(
            "/api/v1/accounts/{id}/block",
            block::block,
            Describe::new("Blocks an account: neither follows the other any more, and it sees nothing of one.")
                .returns::<Relationship>()
                .refuses(&[(422, "One blocks too many.")]),
        )
        .post(
            "/api/v1/accounts/{id}/unblock",
            block::unblock,
            Describe::new("Ends a block.").returns::<Relationship>(),
        )
        .get(
            "/api/v1/blocks",
            block::list,
            Describe::new("Lists whom one blocks, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
}

fn mutes() -> Api {
    Api::new()
        .post(
            "/api/v1/accounts/{id}/mute",
            mute::mute,
            Describe::new("Mutes an account, or changes how it is muted: nothing of it comes by itself any more.")
                .body::<mute::MuteForm>()
                .returns::<Relationship>(),
        )
        .post(
            "/api/v1/accounts/{id}/unmute",
            mute::unmute,
            Describe::new("Ends a mute.").returns::<Relationship>(),
        )
        .get(
            "/api/v1/mutes",
            mute::list,
            Describe::new("Lists whom one mutes, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<mute::MutedAccount>>(),
        )
}
