//! Making an account: by signing up, by the setup link, or by the operator.

use business_accounts_gateway::{
    Account, AccountRegistered, RegisterReply, RegisterRequest, Role, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, FieldProblem, FieldReason, Timestamp, canonical_language};

use crate::error::AccountsError;
use crate::limits::{Address, Line};
use crate::rules::password::{self, Password};
use crate::rules::registration::{Maker, check_agreement, check_email, check_username};
use crate::rules::words;
use crate::secret::{Secret, SecretHash};
use crate::state::State;
use crate::store::{account_words, accounts, credentials, setup_tokens};

const USERNAME_TAKEN: &str = "This username is taken. Please choose another.";
const EMAIL_TAKEN: &str = "There is an account with this e-mail address already. Sign in instead, or use another address.";

/// An account to be written.
pub(super) struct NewAccount {
    pub(super) username: String,
    /// Empty for none, which only the operator may choose.
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) role: Role,
    pub(super) language: String,
    /// The setup token that it is made with.
    pub(super) setup_token: Option<SecretHash>,
}

pub(super) async fn register(
    state: &State,
    context: &Context,
    mut request: RegisterRequest,
) -> Result<RegisterReply, AccountsError> {
    let setup_token = Some(request.setup_token.clone()).filter(|token| !token.is_empty());
    let setup_token = setup_token.map(|token| Secret::given(token).hash());
    let maker = setup_token.map_or(Maker::Anyone, |_| Maker::Setup);
    // The setup link works on a closed server, too: it makes the first admin.
    if maker == Maker::Anyone && !state.settings.registrations_open {
        return Err(AccountsError::RegistrationClosed);
    }
    let address = Address::parse(&request.remote_address);
    // Before any work; released where nobody was told what the allowance is there for.
    let limit = &state.limits.registrations;
    let grant = limit.take(address, state.clock.uptime()).await?;
    let signed_up = sign_up(state, context, &mut request, setup_token).await;
    if signed_up
        .as_ref()
        .is_err_and(|error| !reveals_a_secret(error))
    {
        limit.release(grant, address, state.clock.uptime()).await;
    }
    Ok(RegisterReply {
        account: Some(signed_up?),
        generated_password: String::new(),
    })
}

/// Makes the account of a sign-up whose address's allowance is taken.
async fn sign_up(
    state: &State,
    context: &Context,
    request: &mut RegisterRequest,
    setup_token: Option<SecretHash>,
) -> Result<Account, AccountsError> {
    let maker = setup_token.map_or(Maker::Anyone, |_| Maker::Setup);
    check_setup_token(state, setup_token).await?;
    let password = check_sign_up(state, request, maker).await?;
    if maker == Maker::Setup {
        // Not rationed: there is one such link, and it works once.
        let role = Role::Admin;
        return hash_and_write(state, context, request, password, role, setup_token).await;
    }
    // After the checks, so that mistakes use up nobody's room, and before the hash, which is the
    // work.
    let limit = &state.limits.all_registrations;
    let grant = limit.take(state.clock.uptime()).await?;
    let made = hash_and_write(state, context, request, password, Role::Member, None).await;
    if made.is_err() {
        limit.release(grant, state.clock.uptime()).await;
    }
    made
}

/// That the e-mail address is taken only the transaction says, after the hash: so neither a
/// busy server nor the time reveals it for nothing.
async fn hash_and_write(
    state: &State,
    context: &Context,
    request: &RegisterRequest,
    password: Password,
    role: Role,
    setup_token: Option<SecretHash>,
) -> Result<Account, AccountsError> {
    let line = Line::of(Address::parse(&request.remote_address));
    let password_hash = state.passwords.hash(context, line, password).await?;
    let account = NewAccount {
        username: request.username.clone(),
        email: request.email.clone(),
        password_hash,
        role,
        // A language that is not known is no reason to refuse a person.
        language: canonical_language(&request.locale).unwrap_or_default(),
        setup_token,
    };
    write_account(state, context, account).await
}

/// Checks every field, so that a person hears at once of all that is wrong. Whether a username
/// is taken anyone may know, its profile says so; that an e-mail address is, the write says
/// only when all else is right and the address's allowance of sign-ups has paid for it.
async fn check_sign_up(
    state: &State,
    request: &mut RegisterRequest,
    maker: Maker,
) -> Result<Password, AccountsError> {
    let mut problems = Vec::new();
    match check_username(&request.username, maker) {
        Err(problem) => problems.push(problem),
        Ok(()) => {
            let reader = state.database.reader();
            if credentials::is_local_name_taken(reader, &request.username).await? {
                problems.push(username_taken());
            }
        }
    }
    problems.extend(check_email(&request.email).err());
    // Taken out, so that no copy of the password stays in the request.
    let text = std::mem::take(&mut request.password);
    let password = choose_password(state, text, [&request.username, &request.email]);
    let password = password.map_err(|problem| problems.push(problem)).ok();
    problems.extend(check_agreement(request.agreement).err());
    match password {
        Some(password) if problems.is_empty() => Ok(password),
        _ => Err(AccountsError::Fields(problems)),
    }
}

/// A new password for someone with this username and e-mail address.
pub(super) fn choose_password(
    state: &State,
    text: String,
    [username, email]: [&str; 2],
) -> Result<Password, FieldProblem> {
    let local_part = email.rsplit_once('@').map_or("", |(local, _)| local);
    let mut names = vec![username, email, local_part];
    names.extend(state.site_names.iter().map(String::as_str));
    password::choose(text, &names)
}

/// Spares the work of a hash for what cannot succeed; the same is checked again in the
/// transaction that counts.
pub(super) async fn check_free(
    state: &State,
    username: &str,
    email: &str,
) -> Result<(), AccountsError> {
    if credentials::is_local_name_taken(state.database.reader(), username).await? {
        return Err(username_taken().into());
    }
    if !email.is_empty() && credentials::is_email_taken(state.database.reader(), email).await? {
        return Err(email_taken().into());
    }
    Ok(())
}

async fn check_setup_token(state: &State, token: Option<SecretHash>) -> Result<(), AccountsError> {
    match token {
        Some(token) if !setup_tokens::is_valid(state.database.reader(), token).await? => {
            Err(AccountsError::SetupToken)
        }
        _ => Ok(()),
    }
}

pub(super) async fn write_account(
    state: &State,
    context: &Context,
    new: NewAccount,
) -> Result<Account, AccountsError> {
    let id = state.ids.next::<AccountId>();
    let now = state.clock.now();
    let registered = AccountRegistered {
        account_id: id.get(),
    };
    let event = Event::new(
        context,
        &state.ids,
        topics::REGISTERED,
        id.get(),
        &registered,
    );
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let account = accounts::blank(
                    id,
                    new.username.clone(),
                    new.role,
                    new.language.clone(),
                    now,
                );
                insert(connection, &account, &new, now).await?;
                outbox::append(connection, &event).await?;
                Ok(account)
            })
        })
        .await
}

fn username_taken() -> FieldProblem {
    FieldProblem::new("username", FieldReason::Taken, USERNAME_TAKEN)
}

fn email_taken() -> FieldProblem {
    FieldProblem::new("email", FieldReason::Taken, EMAIL_TAKEN)
}

/// Whether a refusal reveals whose an e-mail address is, or that a setup token is wrong: such
/// responses are rationed.
fn reveals_a_secret(error: &AccountsError) -> bool {
    match error {
        AccountsError::SetupToken => true,
        AccountsError::Fields(problems) => problems.contains(&email_taken()),
        _ => false,
    }
}

async fn insert(
    connection: &mut Connection,
    account: &Account,
    new: &NewAccount,
    now: Timestamp,
) -> Result<(), AccountsError> {
    // Again, in the transaction: two may have followed the same link.
    if let Some(token) = new.setup_token
        && !setup_tokens::is_valid_for_update(connection, token).await?
    {
        return Err(AccountsError::SetupToken);
    }
    if !accounts::insert(connection, account).await? {
        return Err(username_taken().into());
    }
    let hash = &new.password_hash;
    // The error takes the account back as well.
    if !credentials::insert(connection, account.id(), &new.email, hash, now).await? {
        return Err(email_taken().into());
    }
    account_words::replace(connection, account.id(), &words::of_account(account)).await?;
    // With the first account the link has done its work.
    setup_tokens::remove_expired(connection).await?;
    Ok(())
}

/// The checks that hold for an account of the operator's too.
pub(super) fn check_operators_account(username: &str, email: &str) -> Result<(), AccountsError> {
    check_username(username, Maker::Operator)?;
    if email.is_empty() {
        return Ok(());
    }
    Ok(check_email(email)?)
}
