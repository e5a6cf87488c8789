//! What a part of a multipart form says of itself: `Content-Disposition`, as foreign programs write
//! it.
//!
//! Names with quotes or without, in letters of any case and in any order; a file's name in RFC
//! 5987's form (`filename*`), which wins over the plain one.

use percent_encoding::percent_decode_str;

/// A part's name, and the name of its file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    pub(crate) name: Option<String>,
    pub(crate) file_name: Option<String>,
}

impl Disposition {
    /// Reads the header's value. What is not well formed ends it; what came before counts.
    pub(crate) fn parse(header: &[u8]) -> Self {
        let header = String::from_utf8_lossy(header);
        let mut disposition = Self::default();
        let mut plain_file_name = None;
        let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = value_of(after.trim_start());
            let key = key.trim_start_matches([';', ' ', '\t']).trim_end();
            match key.to_ascii_lowercase().as_str() {
                "name" => disposition.name = Some(value),
                "filename" => plain_file_name = Some(value),
                "filename*" => disposition.file_name = extended(&value),
                _ => {}
            }
            rest = after;
        }
        disposition.file_name = disposition.file_name.or(plain_file_name);
        disposition
    }
}

/// A value with quotes or without, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            // Only a quote is escaped: the backslashes of a Windows path stand for themselves.
            '\\' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                letters.next();
            }
            letter => value.push(letter),
        }
    }
    (value, "")
}

/// `UTF-8'en'%e2%82%ac.jpg`
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes())?;
    Some(encoding.decode_without_bom_handling(&bytes).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, name: Option<&str>, file_name: Option<&str>) {
        let expected = Disposition {
            name: name.map(str::to_owned),
            file_name: file_name.map(str::to_owned),
        };
        assert_eq!(Disposition::parse(header.as_bytes()), expected, "{header}");
    }

    #[test]
    fn parts_are_named_in_every_way_that_programs_know() {
        check(
            "form-data; name=\"file\"; filename=\"a.jpg\"",
            Some("file"),
            Some("a.jpg"),
        );
        check(
            "form-data; filename=\"a.jpg\"; name=\"file\"",
            Some("file"),
            Some("a.jpg"),
        );
        check(
            "form-data; name=file; filename=a.jpg",
            Some("file"),
            Some("a.jpg"),
        );
        check(
            "Form-Data;Name = \"file\" ;FileName=\"a.jpg\"",
            Some("file"),
            Some("a.jpg"),
        );
        check("form-data; name=\"a\"", Some("a"), None);
        check("form-data; name=\"a\"; filename=\"\"", Some("a"), Some(""));
        check("form-data; name=\"a=b; c\"", Some("a=b; c"), None);
        check("form-data; name=\"a \\\"b\\\"\"", Some("a \"b\""), None);
        check(
            "form-data; name=x; filename=\"C:\\photos\\a.jpg\"",
            Some("x"),
            Some("C:\\photos\\a.jpg"),
        );
        check(
            "form-data; name=x; filename*=UTF-8''%e2%82%ac.jpg",
            Some("x"),
            Some("€.jpg"),
        );
        check(
            "form-data; name=x; filename*=utf-8'de'M%C3%B6we.jpg; filename=\"Moewe.jpg\"",
            Some("x"),
            Some("Möwe.jpg"),
        );
        check(
            "form-data; name=x; filename*=ISO-8859-1''M%F6we.jpg",
            Some("x"),
            Some("Möwe.jpg"),
        );
    }

    #[test]
    fn what_is_not_well_formed_is_read_as_far_as_it_goes() {
        for header in [
            "",
            "form-data",
            "form-data;",
            "form-data; name",
            "form-data; ;;",
        ] {
            check(header, None, None);
        }
        check("form-data; name=\"never closed", Some("never closed"), None);
        check("form-data; name=x; filename*=nonsense", Some("x"), None);
        check("form-data; name=", Some(""), None);
    }
}
