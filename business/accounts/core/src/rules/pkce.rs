//! PKCE (RFC 7636): a code is of use only to the one who asked for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use business_accounts_gateway::fields;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::AccountsError;

/// Characters of a challenge: base64url of a SHA-256.
const CHALLENGE_CHARACTERS: usize = 43;
/// Characters of a verifier (RFC 7636, 4.1).
const VERIFIER_CHARACTERS: std::ops::RangeInclusive<usize> = 43..=128;
/// The one method that is taken; "plain" would protect nothing.
const METHOD: &str = "S256";

/// Checks what comes with a request for a code. An empty challenge asks for no PKCE.
pub(crate) fn check_challenge(challenge: &str, method: &str) -> Result<(), AccountsError> {
    if challenge.is_empty() && method.is_empty() {
        return Ok(());
    }
    if method != METHOD {
        return Err(AccountsError::invalid(
            fields::CODE_CHALLENGE,
            "The code challenge method must be S256; plain, which is also meant when none is named, is not taken.",
        ));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if challenge.len() == CHALLENGE_CHARACTERS && challenge.bytes().all(plain) {
        return Ok(());
    }
    Err(AccountsError::invalid(
        fields::CODE_CHALLENGE,
        "The code challenge must be the base64url form of a SHA-256: 43 characters without padding.",
    ))
}

/// Checks that the verifier is the one that the challenge was made from. A verifier for a code
/// without a challenge is refused too, or an attacker could leave the challenge out (RFC 9700,
/// 2.1.1).
pub(crate) fn check_verifier(challenge: &str, verifier: &str) -> Result<(), AccountsError> {
    let fits = match (challenge.is_empty(), verifier.is_empty()) {
        (true, true) => true,
        (false, false) => is_well_formed(verifier) && is_answered(challenge, verifier),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(AccountsError::invalid(
        fields::CODE_VERIFIER,
        "The code verifier does not belong to the code challenge that the code was asked for with.",
    ))
}

fn is_well_formed(verifier: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    VERIFIER_CHARACTERS.contains(&verifier.len()) && verifier.bytes().all(unreserved)
}

fn is_answered(challenge: &str, verifier: &str) -> bool {
    let response = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    response.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_standard_fits() {
        assert!(check_challenge(CHALLENGE, "S256").is_ok());
        assert!(check_verifier(CHALLENGE, VERIFIER).is_ok());
    }

    #[test]
    fn everything_else_is_refused() {
        for (challenge, method) in [
            (CHALLENGE, "plain"),
            (CHALLENGE, ""),
            ("", "S256"),
            ("x", "S256"),
        ] {
            assert!(
                check_challenge(challenge, method).is_err(),
                "{challenge} {method}"
            );
        }
        let other = "x".repeat(43);
        for (challenge, verifier) in [
            (CHALLENGE, ""),
            (CHALLENGE, CHALLENGE),
            (CHALLENGE, other.as_str()),
            ("", VERIFIER),
        ] {
            assert!(
                check_verifier(challenge, verifier).is_err(),
                "{challenge} {verifier}"
            );
        }
        assert!(check_verifier("", "").is_ok());
    }
}
