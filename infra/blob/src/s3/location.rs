//! Where a bucket is: what `media_url` and the table `[s3]` say.

use std::fmt;
use std::net::IpAddr;

use super::settings::{S3Settings, S3Style};

/// The region of servers that have none, and for which any name does.
const REGION_OF_OWN_SERVERS: &str = "us-east-1";
/// The longest prefix, in bytes: a key may have 1,024, of which a blob's name and folders take 70.
const PREFIX_BYTES_MAX: usize = 512;
/// What a URL looks like, for the operator who wrote another one.
const EXAMPLE: &str = "s3://bucket/prefix";

/// A bucket on an object store that speaks S3, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The name of the bucket.
    pub bucket: String,
    /// What the names of all objects begin with, without a slash at its ends; may be empty.
    pub prefix: String,
    /// The server, `http://host:port` or `https://host`; Amazon's own when not set.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket is a part of the path and not of the host's name.
    pub is_path_style: bool,
}

/// A setting by its name, and what is wrong with it.
pub type S3Problem = (&'static str, String);

impl S3Location {
    /// The place `s3://bucket/prefix`, reached as the settings say.
    ///
    /// # Errors
    /// The setting that is wrong, and a sentence without any key in it.
    pub fn of(url: &str, settings: &S3Settings) -> Result<Self, S3Problem> {
        let (bucket, prefix) = bucket_and_prefix(url).map_err(|problem| ("media_url", problem))?;
        let endpoint =
            (!settings.endpoint.is_empty()).then(|| checked_endpoint(&settings.endpoint));
        let endpoint = endpoint
            .transpose()
            .map_err(|problem| ("s3.endpoint", problem))?;
        let region = region(settings, endpoint.is_none());
        let location = Self {
            bucket,
            prefix,
            is_path_style: match settings.style {
                S3Style::Auto => endpoint.is_some(),
                S3Style::Path => true,
                S3Style::Virtual => false,
            },
            region: region.map_err(|problem| ("s3.region", problem))?,
            endpoint,
        };
        location.require_safe(settings)?;
        Ok(location)
    }

    /// Says no to what would show photos to a network, or to a name for which no server can have a
    /// certificate.
    fn require_safe(&self, settings: &S3Settings) -> Result<(), S3Problem> {
        if self.is_plain_http() && !self.is_on_this_machine() && !settings.plain_http {
            let problem = "photos would travel to it without encryption: say https://, or set \
                           s3.plain_http = true if the whole way is a network of your own";
            return Err(("s3.endpoint", problem.to_owned()));
        }
        if !self.is_path_style && !self.is_plain_http() && self.bucket.contains('.') {
            let problem = format!(
                "no certificate holds for the host's name that a bucket with a dot in its name ({}) makes: \
                 set it to \"path\"",
                self.bucket
            );
            return Err(("s3.style", problem));
        }
        Ok(())
    }

    /// The URL that the names of objects are appended to.
    pub(super) fn base_url(&self) -> String {
        let (bucket, region) = (&self.bucket, &self.region);
        let Some(endpoint) = &self.endpoint else {
            return match self.is_path_style {
                true => format!("https://s3.{region}.amazonaws.com/{bucket}"),
                false => format!("https://{bucket}.s3.{region}.amazonaws.com"),
            };
        };
        match endpoint.split_once("://") {
            Some((scheme, host)) if !self.is_path_style => format!("{scheme}://{bucket}.{host}"),
            _ => format!("{endpoint}/{bucket}"),
        }
    }

    /// Whether requests travel without encryption, as the URL says.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        endpoint.starts_with("http://")
    }

    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        let host = endpoint.split_once("://").map_or("", |(_, host)| host);
        // An IPv6 address is in brackets, for it has colons of its own.
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => host.split(':').next(),
        };
        let name = name.unwrap_or_default();
        name == "localhost"
            || name
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(formatter, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(formatter, " at {endpoint}"),
            None => write!(formatter, " in {}", self.region),
        }
    }
}

fn bucket_and_prefix(url: &str) -> Result<(String, String), String> {
    // Neither of the first two shows the URL: keys may stand in it.
    let place = url
        .strip_prefix("s3://")
        .ok_or_else(|| format!("it does not begin with s3://; it looks like {EXAMPLE}"))?;
    if place.contains(['@', '?']) {
        return Err(format!(
            "it is {EXAMPLE} and nothing else: keys, endpoint and region are set in the table [s3]"
        ));
    }
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    Ok((checked_bucket(bucket)?, checked_prefix(prefix)?))
}

fn region(settings: &S3Settings, is_on_amazon: bool) -> Result<String, String> {
    match settings.region.as_str() {
        "" if is_on_amazon => Err(
            "it is not set, and neither is s3.endpoint: set this for one of Amazon's buckets, or the endpoint \
             for another server's"
                .to_owned(),
        ),
        "" => Ok(REGION_OF_OWN_SERVERS.to_owned()),
        region => checked_region(region),
    }
}

fn checked_bucket(bucket: &str) -> Result<String, String> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let ends_well = |end: Option<u8>| end.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_name = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(is_plain)
        && ends_well(bucket.bytes().next())
        && ends_well(bucket.bytes().last());
    match is_name {
        true => Ok(bucket.to_owned()),
        false => Err(format!(
            "`{bucket}` is no name of a bucket: 3 to 63 lower-case letters, digits, dots and \
             hyphens, as in {EXAMPLE}"
        )),
    }
}

fn checked_prefix(prefix: &str) -> Result<String, String> {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-=".contains(&byte);
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(is_plain)
    };
    let is_good = prefix.is_empty() || prefix.split('/').all(is_segment);
    match is_good && prefix.len() <= PREFIX_BYTES_MAX {
        true => Ok(prefix.to_owned()),
        false => Err(format!(
            "`{prefix}` is no prefix: words of letters, digits, `.`, `_`, `-` and `=` with one \
             slash between two, {PREFIX_BYTES_MAX} bytes at most"
        )),
    }
}

fn checked_endpoint(endpoint: &str) -> Result<String, String> {
    let endpoint = endpoint.strip_suffix('/').unwrap_or(endpoint);
    let host = endpoint
        .strip_prefix("https://")
        .or_else(|| endpoint.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(is_plain) => Ok(endpoint.to_owned()),
        _ => Err(format!(
            "`{}` is no endpoint: it is https://host or http://host:port, without a path",
            // What stands before an `@` may be a key.
            endpoint.rsplit('@').next().unwrap_or_default()
        )),
    }
}

fn checked_region(region: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    match !region.is_empty() && region.bytes().all(is_plain) {
        true => Ok(region.to_owned()),
        false => Err(format!("`{region}` is no region, like eu-central-1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str, region: &str, style: S3Style) -> S3Settings {
        S3Settings {
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            style,
            ..S3Settings::default()
        }
    }

    #[test]
    fn settings_say_where_the_bucket_is() {
        use S3Style::{Auto, Path, Virtual};
        let cases = [
            (
                "s3://photos/a/b",
                "http://127.0.0.1:8333",
                "",
                Auto,
                "http://127.0.0.1:8333/photos",
            ),
            (
                "s3://photos",
                "https://s3.example.org/",
                "",
                Virtual,
                "https://photos.s3.example.org",
            ),
            (
                "s3://photos/",
                "",
                "eu-central-1",
                Auto,
                "https://photos.s3.eu-central-1.amazonaws.com",
            ),
            (
                "s3://photos.example.org",
                "",
                "eu-west-1",
                Path,
                "https://s3.eu-west-1.amazonaws.com/photos.example.org",
            ),
            (
                "s3://photos",
                "http://[::1]:80",
                "",
                Path,
                "http://[::1]:80/photos",
            ),
        ];
        for (url, endpoint, region, style, base) in cases {
            let location = S3Location::of(url, &settings(endpoint, region, style)).unwrap();
            assert_eq!(location.base_url(), base, "{url}");
        }
        let location = S3Location::of("s3://photos/a/b/", &settings("https://x", "garage", Auto));
        let location = location.unwrap();
        assert_eq!(location.prefix, "a/b");
        assert_eq!(location.region, "garage");
        assert!(!location.is_plain_http());
        assert_eq!(location.to_string(), "s3://photos/a/b at https://x");
    }

    /// Each with the setting that is wrong, and what is said of it.
    const WRONG: [(&str, S3Style, &str, &str); 16] = [
        // URL, endpoint and region.
        ("http://photos  a", S3Style::Auto, "media_url", "s3://"),
        ("s3://photos  ", S3Style::Auto, "s3.region", "s3.endpoint"),
        ("s3://  a", S3Style::Auto, "media_url", "name of a bucket"),
        ("s3://Photos  a", S3Style::Auto, "media_url", "name of a"),
        ("s3://-photos  a", S3Style::Auto, "media_url", "name of a"),
        ("s3://ph  a", S3Style::Auto, "media_url", "name of a bucket"),
        (
            "s3://photos/../x  a",
            S3Style::Auto,
            "media_url",
            "no prefix",
        ),
        ("s3://photos//x  a", S3Style::Auto, "media_url", "no prefix"),
        (
            "s3://photos/a%2fb  a",
            S3Style::Auto,
            "media_url",
            "no prefix",
        ),
        (
            "s3://photos?region=a  a",
            S3Style::Auto,
            "media_url",
            "[s3]",
        ),
        (
            "s3://photos  eu_west",
            S3Style::Auto,
            "s3.region",
            "no region",
        ),
        (
            "s3://a.photos  eu",
            S3Style::Virtual,
            "s3.style",
            "certificate",
        ),
        (
            "s3://photos 127.0.0.1:83 ",
            S3Style::Auto,
            ENDPOINT,
            "no endpoint",
        ),
        (
            "s3://photos http://a/b ",
            S3Style::Auto,
            ENDPOINT,
            "no endpoint",
        ),
        (
            "s3://photos http://192.0.2.1 ",
            S3Style::Auto,
            ENDPOINT,
            PLAIN,
        ),
        (
            "s3://photos http://127.x.org ",
            S3Style::Auto,
            ENDPOINT,
            PLAIN,
        ),
    ];
    const ENDPOINT: &str = "s3.endpoint";
    const PLAIN: &str = "s3.plain_http";

    #[test]
    fn what_is_wrong_is_said_with_the_setting_that_is() {
        for (place, style, setting, named) in WRONG {
            let mut parts = place.split(' ');
            let mut next = || parts.next().unwrap();
            let (url, endpoint, region) = (next(), next(), next());
            let refused = S3Location::of(url, &settings(endpoint, region, style));
            let (found, problem) = refused.unwrap_err();
            assert_eq!(found, setting, "{place}: {problem}");
            assert!(problem.contains(named), "{place}: {problem}");
        }
        let allowed = S3Settings {
            plain_http: true,
            ..settings("http://192.0.2.1", "", S3Style::Auto)
        };
        S3Location::of("s3://photos", &allowed).unwrap();
    }

    #[test]
    fn keys_in_a_url_are_refused_and_not_shown() {
        for (url, endpoint) in [
            ("s3://key:secret@photos", "https://host"),
            ("s3://photos/a?secret_access_key=secret", "https://host"),
            ("https://key:secret@photos", "https://host"),
            ("s3://photos", "http://key:secret@host"),
        ] {
            let (_, problem) =
                S3Location::of(url, &settings(endpoint, "", S3Style::Auto)).unwrap_err();
            assert!(!problem.contains("secret@"), "{problem}");
            assert!(!problem.contains(":secret"), "{problem}");
            assert!(!problem.contains("=secret"), "{problem}");
        }
    }
}
