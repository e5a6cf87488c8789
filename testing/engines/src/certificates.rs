//! Certificates for tests, made by the program `openssl`, which Debian's PostgreSQL comes with.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What `openssl` needs to be told when it is not to look for its own file.
const CONFIGURATION: &str = "[req]\ndistinguished_name = name\n[name]\n";

/// An authority of a test's own, and what it has certified. Its files go with it.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A certificate and its key, as files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    /// When `openssl` cannot make one.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("openssl.conf"), CONFIGURATION)
            .expect("the configuration can be written");
        let authority = Self { folder };
        let extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"];
        authority.make("authority", &extensions, None);
        authority
    }

    /// The file of its own certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.file("authority").certificate
    }

    /// A certificate for a server or a client. The name is as OpenSSL writes it: "IP:127.0.0.1",
    /// "DNS:db.example".
    ///
    /// # Panics
    /// When `openssl` cannot make one.
    #[must_use]
    pub fn certify(&self, name: &str) -> Certificate {
        let name_of_file: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let subject = format!("subjectAltName={name}");
        let extensions = ["basicConstraints=CA:FALSE", &subject];
        self.make(&name_of_file, &extensions, Some("authority"))
    }

    fn make(&self, name: &str, extensions: &[&str], issuer: Option<&str>) -> Certificate {
        let made = self.file(name);
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-noenc", "-days", "2"]);
        command.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj"]);
        command.arg(format!("/CN=heliograph test {name}"));
        command.arg("-config").arg(self.path("openssl.conf"));
        command.arg("-out").arg(&made.certificate);
        command.arg("-keyout").arg(&made.key);
        for extension in extensions {
            command.arg("-addext").arg(extension);
        }
        if let Some(issuer) = issuer {
            let issuer = self.file(issuer);
            command.arg("-CA").arg(issuer.certificate);
            command.arg("-CAkey").arg(issuer.key);
        }
        let done = command.output().expect("`openssl` can be started");
        assert!(done.status.success(), "no certificate is made: {done:?}");
        made
    }

    fn file(&self, name: &str) -> Certificate {
        Certificate {
            certificate: self.path(&format!("{name}.crt")),
            key: self.path(&format!("{name}.key")),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder: &Path = self.folder.path();
        folder.join(name)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
