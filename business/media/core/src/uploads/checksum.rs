//! Checksums that come with a part.

use infra_kernel::{Error, ErrorCode, Result};

/// Hashes the bytes of a part while they arrive.
pub(crate) struct Checksum {
    hasher: Hasher,
    expected: Vec<u8>,
}

enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Md5(md5::Md5),
}

impl Checksum {
    /// A checksum of this algorithm that must give `expected`; nothing when no algorithm is named.
    pub(crate) fn new(algorithm: &str, expected: &[u8]) -> Result<Option<Self>> {
        // They are held against damage on the way, and not against forgery: MD5 and SHA-1 will do.
        let hasher = match algorithm {
            "" => return Ok(None),
            "sha1" => Hasher::Sha1(sha1::Sha1::default()),
            "sha256" => Hasher::Sha256(sha2::Sha256::default()),
            "md5" => Hasher::Md5(md5::Md5::default()),
            _ => {
                let text = "This checksum's algorithm is not known here: sha1, sha256 or md5 are.";
                return Err(Error::invalid("checksum_algorithm", text));
            }
        };
        let length = match &hasher {
            Hasher::Sha1(_) => 20,
            Hasher::Sha256(_) => 32,
            Hasher::Md5(_) => 16,
        };
        if expected.len() != length {
            let text = format!(
                "A checksum by {algorithm} has {length} bytes; this one has {}.",
                expected.len()
            );
            return Err(Error::invalid("checksum_algorithm", text));
        }
        Ok(Some(Self {
            hasher,
            expected: expected.to_vec(),
        }))
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => sha1::Digest::update(hasher, data),
            Hasher::Sha256(hasher) => sha2::Digest::update(hasher, data),
            Hasher::Md5(hasher) => md5::Digest::update(hasher, data),
        }
    }

    /// Refuses what arrived other than it was sent.
    pub(crate) fn verify(self) -> Result<()> {
        let matches = match self.hasher {
            Hasher::Sha1(hasher) => sha1::Digest::finalize(hasher)[..] == self.expected[..],
            Hasher::Sha256(hasher) => sha2::Digest::finalize(hasher)[..] == self.expected[..],
            Hasher::Md5(hasher) => md5::Digest::finalize(hasher)[..] == self.expected[..],
        };
        if matches {
            return Ok(());
        }
        let text =
            "This part arrived other than its checksum says and was dropped. Please send it again.";
        Err(Error::new(ErrorCode::Conflict, text).for_field("checksum"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests of "abc" from RFC 3174, FIPS 180-2 and RFC 1321.
    #[test]
    fn the_published_digests_of_abc_are_met() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
                .collect()
        };
        for (algorithm, digest) in [
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ] {
            for (data, fits) in [("abc", true), ("abd", false)] {
                let mut checksum = Checksum::new(algorithm, &hex(digest)).unwrap().unwrap();
                checksum.update(&data.as_bytes()[..1]);
                checksum.update(&data.as_bytes()[1..]);
                assert_eq!(checksum.verify().is_ok(), fits, "{algorithm} of {data}");
            }
            assert!(Checksum::new(algorithm, b"short").is_err());
        }
        assert!(Checksum::new("", b"").unwrap().is_none());
        assert!(Checksum::new("crc32", b"abcd").is_err());
    }
}
