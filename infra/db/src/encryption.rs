//! Whether what is said to a server can be read on the way, and why its certificate is not
//! accepted.

use std::error::Error;
use std::io;
use std::net::IpAddr;

use rustls::CertificateError;

/// Whether a connection to a server is encrypted, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// It is not, and does not leave this machine.
    Local,
    /// It is not: who is on the way reads everything.
    None,
    /// It is, to some server: who is on the way may have replied.
    Unverified,
    /// It is, to the server that was named.
    Verified,
}

impl Encryption {
    /// What a connection to these hosts is that is not encrypted.
    #[must_use]
    pub fn absent<'h>(hosts: impl IntoIterator<Item = &'h str>) -> Self {
        if hosts.into_iter().all(is_local) {
            Self::Local
        } else {
            Self::None
        }
    }
}

/// Whether a host, as a URL names it, is this machine.
fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = bare.parse().ok();
    bare == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// What is wrong with a server's certificate, if that is what this error or one that caused it is
/// about. As the rest of a sentence that begins with the server.
#[must_use]
pub fn certificate_problem(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(problem)) => return Some(describe(problem)),
            Some(rustls::Error::AlertReceived(alert)) => {
                return Some(format!(
                    "it ends the encryption ({alert:?}): it may want a client's certificate, or another one"
                ));
            }
            _ => {}
        }
        // What an I/O error wraps is not its source.
        let of_io = error.downcast_ref::<io::Error>().map(io::Error::get_ref);
        next = match of_io {
            Some(wrapped) => wrapped.map(|error| error as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn describe(problem: &CertificateError) -> String {
    match problem {
        // The latter is that of another issuer with the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is from an issuer that is not trusted here: name the file of the issuer's certificate".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "its certificate is for another name than {}: {}",
            expected.to_str(),
            presented.join(", ")
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for local in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"] {
            assert_eq!(Encryption::absent([local]), Encryption::Local, "{local}");
        }
        for remote in [
            "db.example",
            "10.0.0.1",
            "localhost.example",
            "[2001:db8::1]",
        ] {
            assert_eq!(Encryption::absent([remote]), Encryption::None, "{remote}");
        }
        assert_eq!(Encryption::absent(["localhost", "two"]), Encryption::None);
    }

    #[test]
    fn a_certificate_is_found_below_other_errors() {
        let wrong = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrong = io::Error::new(io::ErrorKind::InvalidData, wrong);
        let error = sqlx::Error::Io(io::Error::other(wrong));
        let problem = certificate_problem(&error).unwrap();
        assert!(problem.contains("not trusted"), "{problem}");
        assert_eq!(certificate_problem(&sqlx::Error::RowNotFound), None);
    }
}
