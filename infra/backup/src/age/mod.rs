//! Encryption of files to X25519 recipients, in the format of age
//! (<https://c2sp.org/age>, version 1): what is written here, `age --decrypt` reads, and the other
//! way round.
//!
//! Only what backups need: no passphrases, no plugins, no armor. The primitives are those of
//! RustCrypto and dalek; here is how the format puts them together.

mod header;
mod keys;
mod stream;

pub(crate) use header::RECIPIENTS_MAX;
pub use keys::{Identity, InvalidKey, Recipient};
pub(crate) use stream::{Decryptor, Encryptor, NotDecrypted};

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Made by rage 0.11 for these vectors: an identity, and files that are encrypted to it.
    const IDENTITY: &str =
        "AGE-SECRET-KEY-1XM7U9AUTCPHH76UGMD8E3P838RZ5WJGREUU7AQDTMSV9WVVM0NAQLCN065";
    const RECIPIENT: &str = "age15hh2c03sv559qj6832e2wnt9qgj2k6dyckyn0z7hzy5vpf8t7pdstvhnp5";
    const FILES: [(&str, &str); 2] = [
        (
            "A photo of the sea",
            "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA5Y2RFVGtTS0ZOREsxeEpVSm9yUVdubzl3cGUvVUlnZkw4R2NleFlDcFdJClR0TnBwL0ppc01RcHBKYnZFZytvbWsvVGZEYkw2SXd4MGgyWU5aNkxpYXcKLT4gSyN5OS9ESS1ncmVhc2UgVD1qdSBZMDY2IElvXwpzcEM0Q2FRelRQOXY1M1hOeXdkRmcrRzJtYlN1cjZhZkEvSndqdFpCOEpwbUozQ1JaSXVlWkNXWkJnCi0tLSB6d2swalhjYzUyL0pjM3dTRUozamJsalMyODZsc0FSSXBrUmw5NnN2MzhJChjeQ5IJVxkJXa3mFv+T+L0fHVwxObJDhavdskMNEQg60cwZGhO1YYR55ew8yYqtyR78",
        ),
        (
            "",
            "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBuQXdFNkhRSVVRaDJWYTBKZjE1VjRoRFc2WWdCb2owL01GTWFCTVAwZVc4Cm9jSEtITVVXN1ErdFd6N0dCcjloakFLblZ6anFkd0RiTllnRGdHL3A1SDgKLT4gciJffC1ncmVhc2UgVCAtV3EzQUdTCm1QSWx4UGswejArbXNxTGZzV0h0bERjYmovSzE2RzNYSHFxU0tlT24KLS0tIGxXSTRMT2paNzVJd3JVVVBTYVQxNCtHOFpQSnFUV0VjR1d2OFozVTlkMTgKbI07mqJ/zJGiFh6wvv0ang5jZgTyk/XhHjvZq19lyec=",
        ),
    ];

    fn identity() -> Identity {
        IDENTITY.parse().unwrap()
    }

    fn encrypt(content: &[u8], recipients: &[Recipient]) -> Vec<u8> {
        let mut encryptor = Encryptor::new(recipients, Vec::new()).unwrap();
        // In pieces of no round size.
        for piece in content.chunks(10_007) {
            encryptor.write_all(piece).unwrap();
        }
        encryptor.finish().unwrap()
    }

    fn decrypt(encrypted: &[u8], identities: &[Identity]) -> Result<Vec<u8>, String> {
        let mut decryptor =
            Decryptor::new(identities, encrypted).map_err(|error| error.to_string())?;
        let mut content = Vec::new();
        let read = decryptor.read_to_end(&mut content);
        read.map_err(|error| error.to_string())?;
        Ok(content)
    }

    #[test]
    fn what_another_program_encrypted_is_decrypted() {
        assert_eq!(identity().recipient().to_string(), RECIPIENT);
        assert_eq!(RECIPIENT.parse(), Ok(identity().recipient()));
        for (content, encrypted) in FILES {
            let encrypted = STANDARD.decode(encrypted).unwrap();
            let decrypted = decrypt(&encrypted, &[identity()]).unwrap();
            assert_eq!(String::from_utf8(decrypted).unwrap(), content);
        }
    }

    #[test]
    fn every_length_comes_back() {
        let other: Identity =
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
                .parse()
                .unwrap();
        let recipients = [other.recipient(), identity().recipient()];
        let content: Vec<u8> = (0..200_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        for length in [0, 1, 16, 65_535, 65_536, 65_537, 131_072, 200_000] {
            let encrypted = encrypt(&content[..length], &recipients);
            for identities in [[identity()], [other.clone()]] {
                assert!(
                    decrypt(&encrypted, &identities).unwrap() == content[..length],
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn what_was_changed_or_cut_short_is_noticed() {
        let content = vec![7; 70_000];
        let encrypted = encrypt(&content, &[identity().recipient()]);
        let head = encrypted.len() - 70_000 - 2 * 16;
        let places = (0..head).chain([head + 1, head + 65_551, head + 65_552, encrypted.len() - 1]);
        for place in places {
            let mut changed = encrypted.clone();
            changed[place] ^= 1;
            assert!(
                decrypt(&changed, &[identity()]).is_err(),
                "a changed byte {place}"
            );
        }
        for length in [
            0,
            10,
            head - 1,
            head,
            head + 1,
            head + 65_552,
            encrypted.len() - 1,
        ] {
            assert!(
                decrypt(&encrypted[..length], &[identity()]).is_err(),
                "cut to {length}"
            );
        }
        let longer = [encrypted.as_slice(), b"x"].concat();
        assert!(decrypt(&longer, &[identity()]).is_err());
    }

    #[test]
    fn nobody_else_can_read_it() {
        let other: Identity =
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
                .parse()
                .unwrap();
        let encrypted = encrypt(b"mine", &[identity().recipient()]);
        let error = decrypt(&encrypted, &[other]).unwrap_err();
        assert!(error.contains("somebody else"), "{error}");
        assert!(!encrypted.windows(4).any(|bytes| bytes == b"mine"));
    }

    #[test]
    fn a_head_is_written_in_one_way() {
        let encrypted = encrypt(b"mine", &[identity().recipient()]);
        let text = String::from_utf8_lossy(&encrypted).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let (recipient, wrapped) = (lines[1], lines[2]);
        for (changed, by) in [
            (recipient, "-> X25519".to_owned()),
            (recipient, format!("{recipient} more")),
            (recipient, recipient.replace("X25519 ", "X25519  ")),
            (recipient, "-> other ".to_owned()),
            (wrapped, wrapped[..42].to_owned()),
        ] {
            let at = text.find(changed).unwrap();
            let head = [&encrypted[..at], by.as_bytes()].concat();
            let whole = [&head, &encrypted[at + changed.len()..]].concat();
            let error = decrypt(&whole, &[identity()]).unwrap_err();
            assert!(error.contains("damaged"), "{by}: {error}");
        }
    }

    #[test]
    fn as_many_recipients_as_are_written_are_read() {
        let recipients = vec![identity().recipient(); RECIPIENTS_MAX];
        let encrypted = encrypt(b"ours", &recipients);
        assert_eq!(decrypt(&encrypted, &[identity()]).unwrap(), b"ours");
    }

    /// A text of this kind with a right checksum.
    fn bech32(bytes: &[u8], padding: u8) -> String {
        use bech32::primitives::iter::{ByteIterExt as _, Fe32IterExt as _};
        let mut characters: Vec<bech32::Fe32> = bytes.iter().copied().bytes_to_fes().collect();
        let last = characters.last_mut().unwrap();
        *last = bech32::Fe32::try_from(last.to_u8() | padding).unwrap();
        let characters = characters.into_iter();
        let kind = bech32::Hrp::parse_unchecked("age");
        let text = characters.with_checksum::<bech32::Bech32>(&kind);
        text.chars().collect()
    }

    #[test]
    fn a_recipient_is_written_in_one_way_and_keeps_secrets() {
        let key = *identity().recipient().key().as_bytes();
        assert_eq!(bech32(&key, 0), RECIPIENT);
        assert!(bech32(&key, 0).parse::<Recipient>().is_ok());
        assert!(bech32(&key, 1).parse::<Recipient>().is_err());
        // With these everybody knows the file's key.
        for first in [0, 1] {
            let mut low_order = [0; 32];
            low_order[0] = first;
            assert!(bech32(&low_order, 0).parse::<Recipient>().is_err());
        }
    }

    #[test]
    fn only_keys_of_age_are_keys() {
        for text in [
            "",
            "age1",
            "age1xyz",
            IDENTITY,
            &RECIPIENT.to_uppercase()[..40],
            "ssh-ed25519 AAAA",
        ] {
            assert!(text.parse::<Recipient>().is_err(), "{text:?}");
        }
        for text in ["", RECIPIENT, &IDENTITY[..40], "# only a comment"] {
            assert!(Identity::parse_file(text).is_err(), "{text:?}");
        }
        let file = format!("# created: today\n# public key: {RECIPIENT}\n{IDENTITY}\n");
        let identities = Identity::parse_file(&file).unwrap();
        assert_eq!(identities[0].recipient().to_string(), RECIPIENT);
        // Not the secret.
        assert!(!format!("{identities:?}").to_uppercase().contains("SECRET"));
    }
}
