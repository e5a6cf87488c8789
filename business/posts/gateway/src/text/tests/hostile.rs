//! Whatever is written: ranges are whole and apart, and found in linear time.

use proptest::prelude::*;

use super::*;

/// Pieces of which awkward texts are made.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "https://", "http://", "HTTPS://", "://", "a.example", "photos.example", "/", "(", ")", "[", "]", "{", "}", "@",
            "@bea", "@bea@", "#", "＃", "#tag", "tag", " ", "\n", ".", ",", "。", "「", "」", "さん", "写真", "é", "\u{301}",
            "\u{200C}", "\u{200B}", "\u{202E}", "\0", "👨‍👩‍👧‍👦", "_", "-", "1", ":", ":80", "?q=", "&", "<", ">", "\"", "'", "xn--",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) {
    let mut parser = Parser::new(text, OWN);
    parser.parse();
    let mut floor = 0;
    for entity in &parser.found {
        let shown = &text[entity.range.clone()];
        assert!(floor <= entity.range.start && !shown.is_empty(), "{text:?}");
        floor = entity.range.end;
        match entity.kind {
            EntityKind::Link => {
                let start = shown.get(..7).unwrap_or_default().to_ascii_lowercase();
                assert!(start == "http://" || start == "https:/", "{text:?}");
                assert!(
                    !shown
                        .chars()
                        .any(|it| it.is_whitespace() || it.is_control() || "\"<>".contains(it))
                );
            }
            EntityKind::Mention { username, .. } => {
                assert!(
                    shown[1..].starts_with(username) && username.is_ascii(),
                    "{text:?}"
                );
            }
            EntityKind::Hashtag { written } => {
                let name = hashtag_name(written);
                assert!(!name.is_empty() && shown.ends_with(written), "{text:?}");
                assert_eq!(hashtag_name(&name), name, "{text:?}");
            }
        }
    }
    assert!(length(text, &parser.found) <= text.len() + parser.found.len() * CHARACTERS_PER_LINK);
    // What is left of the bound is small: no character is looked at more than a few times.
    assert!(
        parser.steps <= 8 * text.len() + 8,
        "{} steps for {} bytes",
        parser.steps,
        text.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn ranges_are_whole_apart_and_found_in_linear_time(text in awkward()) {
        check(&text);
    }
}

#[test]
fn what_resolves_to_no_name_is_no_hashtag() {
    let long = format!("#{}", "\u{FDFA}".repeat(7));
    for text in [
        "#\u{FF9E}",
        "#\u{FF9F}_a",
        "a #\u{FF9E}\u{FF9E}",
        long.as_str(),
    ] {
        check(text);
        let mut parser = Parser::new(text, OWN);
        parser.parse();
        assert!(parser.found.is_empty(), "{text:?}");
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "(",
        ")",
        "()",
        "@",
        "#",
        "＃",
        ":",
        "://",
        "https://",
        "https://a.example/",
        "https://a.example/(",
        "https://a.example/)",
        "(https://a.example/",
        "https://a.example/(]",
        "[::1]://",
        "https://[",
        "https://[::",
        "https://a.example:80@",
        "@a@",
        "@a.",
        "@bea@a.example",
        "#a",
        "#·",
        "#1",
        "a",
        "。",
        "\u{301}",
        "https://a.example/x.",
        "https://a.",
        "-",
        "x://@",
    ] {
        check(&piece.repeat(100_000 / piece.len()));
        check(&format!(
            "https://a.example/{}",
            piece.repeat(100_000 / piece.len())
        ));
    }
    check(&format!("{}{}", "(".repeat(50_000), ")".repeat(50_000)));
    check(&format!(
        "https://a.example/{}{}",
        "(".repeat(50_000),
        "]".repeat(50_000)
    ));
}
