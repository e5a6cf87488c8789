//! Where a bucket is: what `media_url` says.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The region of servers that have none, and for which any name does.
const REGION_OF_OWN_SERVERS: &str = "us-east-1";
/// The longest prefix, in bytes: a key may have 1,024, of which a blob's name and folders take 70.
const PREFIX_BYTES_MAX: usize = 512;
/// What a URL looks like, for the operator who wrote another one.
const EXAMPLE: &str = "s3://bucket/prefix?endpoint=https://s3.example.org&region=us-east-1";

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

impl S3Location {
    /// Reads `s3://bucket/prefix?endpoint=…&region=…&style=path`. Without an endpoint it is on
    /// Amazon's servers; `style` is `path` or `virtual`, by default the first with an endpoint and
    /// the second without.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, without its user information.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or_else(|| format!("it does not begin with s3://; it looks like {EXAMPLE}"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.contains('@') {
            return Err(
                "keys do not belong in it: set media_access_key_id and media_secret_access_key"
                    .to_owned(),
            );
        }
        let mut options = Options::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            options.read(pair)?;
        }
        let is_on_amazon = options.endpoint.is_none();
        if is_on_amazon && options.region.is_none() {
            return Err(
                "it names no endpoint and no region: with one of Amazon's buckets say \
                 ?region=…, with another server ?endpoint=https://…"
                    .to_owned(),
            );
        }
        Ok(Self {
            bucket: checked_bucket(bucket)?,
            prefix: checked_prefix(prefix)?,
            endpoint: options.endpoint,
            region: options
                .region
                .unwrap_or_else(|| REGION_OF_OWN_SERVERS.to_owned()),
            is_path_style: options.is_path_style.unwrap_or(!is_on_amazon),
        })
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
        let name = host.split(':').next().unwrap_or_default();
        name.starts_with("127.") || name == "localhost" || host.starts_with("[::1]")
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

#[derive(Default)]
struct Options {
    endpoint: Option<String>,
    region: Option<String>,
    is_path_style: Option<bool>,
}

impl Options {
    fn read(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| format!("`{name}` is not UTF-8"))?;
        match name {
            "endpoint" => self.endpoint = Some(checked_endpoint(&value)?),
            "region" => self.region = Some(checked_region(&value)?),
            "style" if value == "path" => self.is_path_style = Some(true),
            "style" if value == "virtual" => self.is_path_style = Some(false),
            "style" => return Err(format!("style is `path` or `virtual`, not `{value}`")),
            _ => {
                return Err(format!(
                    "`{name}` is none of its options: endpoint, region, style"
                ));
            }
        }
        Ok(())
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

    #[test]
    fn a_url_says_where_the_bucket_is() {
        let base = |text: &str| S3Location::parse(text).unwrap().base_url();
        let cases = [
            (
                "s3://photos/a/b?endpoint=http://127.0.0.1:8333",
                "http://127.0.0.1:8333/photos",
            ),
            (
                "s3://photos?endpoint=https%3A%2F%2Fs3.example.org/&style=virtual",
                "https://photos.s3.example.org",
            ),
            (
                "s3://photos/?region=eu-central-1",
                "https://photos.s3.eu-central-1.amazonaws.com",
            ),
            (
                "s3://photos.example.org?region=eu-west-1&style=path",
                "https://s3.eu-west-1.amazonaws.com/photos.example.org",
            ),
            (
                "s3://photos?endpoint=http://[::1]:80&style=path",
                "http://[::1]:80/photos",
            ),
        ];
        for (text, url) in cases {
            assert_eq!(base(text), url, "{text}");
        }
        let location =
            S3Location::parse("s3://photos/a/b/?endpoint=https://x&region=garage").unwrap();
        assert_eq!(location.prefix, "a/b");
        assert_eq!(location.region, "garage");
        assert!(!location.is_plain_http());
        assert_eq!(location.to_string(), "s3://photos/a/b at https://x");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        let cases = [
            ("http://photos", "s3://"),
            ("s3://photos", "region"),
            ("s3://?region=a", "name of a bucket"),
            ("s3://Photos?region=a", "name of a bucket"),
            ("s3://-photos?region=a", "name of a bucket"),
            ("s3://ph?region=a", "name of a bucket"),
            ("s3://photos/../x?region=a", "no prefix"),
            ("s3://photos//x?region=a", "no prefix"),
            ("s3://photos/a%2fb?region=a", "no prefix"),
            ("s3://photos?region=", "no region"),
            ("s3://photos?endpoint=127.0.0.1:8333", "no endpoint"),
            ("s3://photos?endpoint=http://a/b", "no endpoint"),
            ("s3://photos?region=a&style=other", "style"),
            ("s3://photos?region=a&colour=red", "colour"),
        ];
        for (text, named) in cases {
            let problem = S3Location::parse(text).unwrap_err();
            assert!(problem.contains(named), "{text}: {problem}");
        }
    }

    #[test]
    fn keys_in_a_url_are_refused_and_not_shown() {
        for text in [
            "s3://key:secret@photos?region=a",
            "s3://photos?endpoint=http://key:secret@host",
        ] {
            let problem = S3Location::parse(text).unwrap_err();
            assert!(!problem.contains("secret@"), "{problem}");
            assert!(!problem.contains(":secret"), "{problem}");
        }
    }
}
