//! What the request's headers say.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use business_media_gateway::UploadHeader;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

use super::protocol::{BYTES, Refusal, UPLOAD_METADATA};
use crate::media::focus;

const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");

/// The most keys of a file's metadata.
const KEYS_MAX: usize = 64;
/// Base64 as clients write it, with the padding at its end or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A header that is a text; none when it is not sent.
pub(super) fn text<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        let text = format!("The header `{name}` came twice.");
        return Err(Refusal::header(name, text));
    }
    let value = value.to_str().map_err(|_| {
        let text = format!("The header `{name}` holds letters that it may not.");
        Refusal::header(name, text)
    })?;
    Ok(Some(value.trim()))
}

/// A header that is a count of bytes: what is more than can be counted is the most that can be.
pub(super) fn count(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Refusal> {
    let value = text(headers, name)?.unwrap_or_default();
    if value.is_empty() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
        let text = format!("The header `{name}` has to be a whole number of bytes, 0 or more.");
        return Err(Refusal::header(name, text));
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

/// Whether the body holds bytes of the file.
pub(super) fn has_bytes(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| {
        // Some HTTP libraries add a charset to every type.
        let name = value.as_bytes().split(|byte| *byte == b';').next();
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(BYTES.as_bytes()))
    })
}

/// Extensions of the protocol that are not offered here.
pub(super) fn refuse_unknown_extensions(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, what) in [
        (
            UPLOAD_DEFER_LENGTH,
            "An upload's length has to be known when it is begun",
        ),
        (UPLOAD_CONCAT, "Uploads cannot be joined here"),
    ] {
        if headers.contains_key(&name) {
            let text = format!("{what}: the header `{name}` is not taken.");
            return Err(Refusal::header(&name, text));
        }
    }
    Ok(())
}

/// A checksum: its algorithm and its digest, both empty when there is none.
pub(super) fn checksum(headers: &HeaderMap) -> Result<(String, Bytes), Refusal> {
    let Some(value) = text(headers, &UPLOAD_CHECKSUM)? else {
        return Ok(Default::default());
    };
    let pair = value.split_once(' ');
    let digest = pair.and_then(|(_, digest)| BASE64.decode(digest.trim()).ok());
    match (pair, digest) {
        (Some((algorithm, _)), Some(digest)) if !algorithm.is_empty() => {
            Ok((algorithm.to_owned(), digest.into()))
        }
        _ => {
            let text = "A checksum is the name of an algorithm, a space, and the digest in base64.";
            Err(Refusal::header(&UPLOAD_CHECKSUM, text))
        }
    }
}

/// What is said of a file, and the header itself to be returned.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) said: UploadHeader,
    pub(super) raw: String,
}

/// Reads `Upload-Metadata`: keys, each with its value in base64, with commas between them.
pub(super) fn metadata(headers: &HeaderMap) -> Result<Metadata, Refusal> {
    let raw = text(headers, &UPLOAD_METADATA)?.unwrap_or_default();
    let mut read = Metadata {
        raw: raw.to_owned(),
        ..Metadata::default()
    };
    let mut seen: Vec<&str> = Vec::new();
    for pair in raw
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        // The protocol lets an empty value be left out, with the space before it.
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if seen.contains(&key) || seen.len() >= KEYS_MAX {
            let text =
                format!("Each key of an upload's metadata may come once, and {KEYS_MAX} in all.");
            return Err(Refusal::header(&UPLOAD_METADATA, text));
        }
        seen.push(key);
        read.say(key, value)?;
    }
    Ok(read)
}

impl Metadata {
    fn say(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        let value = BASE64.decode(value.trim()).map_err(|_| {
            let text = "The values of an upload's metadata have to be in base64.";
            Refusal::header(&UPLOAD_METADATA, text)
        })?;
        match key {
            "description" => self.said.description = utf8(value)?,
            "focus" => {
                let point = focus::parse(&utf8(value)?)?;
                self.said.focus_x = point.map(|(x, _)| x);
                self.said.focus_y = point.map(|(_, y)| y);
            }
            // `filename`, `filetype` and so on: returned as they came, and used for nothing.
            _ => {}
        }
        Ok(())
    }
}

fn utf8(value: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(value).map_err(|_| {
        let text = "A text in an upload's metadata is not UTF-8.";
        Refusal::header(&UPLOAD_METADATA, text)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::uploads::protocol::{UPLOAD_LENGTH, UPLOAD_OFFSET};

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn counts_are_whole_numbers_and_none_is_too_long_to_be_read() {
        for (value, count) in [("0", 0), ("12", 12), ("99999999999999999999999", u64::MAX)] {
            let headers = with(UPLOAD_LENGTH, value);
            assert_eq!(super::count(&headers, &UPLOAD_LENGTH).unwrap(), count);
        }
        for value in ["", "-1", "+1", "1.0", "0x10", "1 2", "é"] {
            let headers = with(UPLOAD_OFFSET, value);
            assert!(super::count(&headers, &UPLOAD_OFFSET).is_err(), "{value}");
        }
        assert!(super::count(&HeaderMap::new(), &UPLOAD_OFFSET).is_err());
    }

    #[test]
    fn metadata_is_read_and_reported_back_as_it_came() {
        let raw = "filename d29ybGQ=, description RWluIFN0cmFuZA==,focus MC41LC0x,empty,filetype ";
        let read = metadata(&with(UPLOAD_METADATA, raw)).unwrap();
        assert_eq!(read.raw, raw.trim());
        assert_eq!(read.said.description, "Ein Strand");
        assert_eq!(read.said.focus_x, Some(0.5));
        assert_eq!(read.said.focus_y, Some(-1.0));
        assert_eq!(read.said.file_name, "");
        for wrong in [
            "description ***",
            "description /w==",
            "a YQ==,a YQ==",
            "focus MiwyMg==",
        ] {
            assert!(metadata(&with(UPLOAD_METADATA, wrong)).is_err(), "{wrong}");
        }
        assert_eq!(metadata(&HeaderMap::new()).unwrap().raw, "");
    }

    #[test]
    fn a_body_of_bytes_is_known_however_its_type_is_written() {
        for value in [
            "application/offset+octet-stream",
            "Application/Offset+Octet-Stream",
            "application/offset+octet-stream; charset=UTF-8",
            " application/offset+octet-stream ;charset=utf-8",
        ] {
            assert!(has_bytes(&with(header::CONTENT_TYPE, value)), "{value}");
        }
        for value in [
            "application/octet-stream",
            "application/offset+octet-streams",
            "",
        ] {
            assert!(!has_bytes(&with(header::CONTENT_TYPE, value)), "{value}");
        }
        assert!(!has_bytes(&HeaderMap::new()));
    }

    #[test]
    fn a_checksum_is_an_algorithm_and_a_digest() {
        let read = checksum(&with(UPLOAD_CHECKSUM, "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="));
        let (algorithm, digest) = read.unwrap();
        assert_eq!((algorithm.as_str(), digest.len()), ("sha1", 20));
        assert_eq!(checksum(&HeaderMap::new()).unwrap().0, "");
        for wrong in ["", "sha1", "sha1 ***", " YQ=="] {
            assert!(checksum(&with(UPLOAD_CHECKSUM, wrong)).is_err(), "{wrong}");
        }
    }
}
