mod hostile;

use super::*;

const OWN: &str = "photos.example";

fn links(text: &str) -> Vec<&str> {
    let found = entities(text, OWN);
    let links = found.iter().filter(|it| it.kind == EntityKind::Link);
    links.map(|it| &text[it.range.clone()]).collect()
}

/// The names of this server's people.
fn mentions(text: &str) -> Vec<&str> {
    let local = |entity: Entity<'static>| match entity.kind {
        EntityKind::Mention {
            username,
            is_local: true,
        } => Some(username),
        _ => None,
    };
    let text: &'static str = text.to_owned().leak();
    entities(text, OWN).into_iter().filter_map(local).collect()
}

fn hashtags(text: &str) -> Vec<&str> {
    let tag = |entity: Entity<'static>| match entity.kind {
        EntityKind::Hashtag { written } => Some(written),
        _ => None,
    };
    let text: &'static str = text.to_owned().leak();
    entities(text, OWN).into_iter().filter_map(tag).collect()
}

const LINKS: &[(&str, &str)] = &[
    ("https://a.example", "https://a.example"),
    (
        "see https://a.example/x?y=1&z=2.",
        "https://a.example/x?y=1&z=2",
    ),
    ("HTTPS://A.Example/X", "HTTPS://A.Example/X"),
    ("Http://a.example/", "Http://a.example/"),
    ("https://a.example:8443/x", "https://a.example:8443/x"),
    ("https://a.example: that one", "https://a.example"),
    ("https://a.example?q=a+b", "https://a.example?q=a+b"),
    ("https://a.example#top", "https://a.example#top"),
    ("https://a.example/x...", "https://a.example/x"),
    ("https://a.example/x?!", "https://a.example/x"),
    ("https://a.example/x/?q=", "https://a.example/x/?q="),
    (
        "https://a.example/a-b_c~d,e;f=g",
        "https://a.example/a-b_c~d,e;f=g",
    ),
    ("https://a.example/100%25", "https://a.example/100%25"),
    ("'https://a.example/x'", "https://a.example/x"),
    ("**https://a.example/x**", "https://a.example/x"),
    ("https://a.example.", "https://a.example"),
    ("https://127.0.0.1:8080/x", "https://127.0.0.1:8080/x"),
    ("http://localhost:8080/x", "http://localhost:8080/x"),
    ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
    (
        "https://sub_domain.a.example/x",
        "https://sub_domain.a.example/x",
    ),
    // Brackets.
    (
        "https://a.example/Photo_(art)",
        "https://a.example/Photo_(art)",
    ),
    (
        "(see https://a.example/Photo_(art))",
        "https://a.example/Photo_(art)",
    ),
    ("https://a.example/a_(b)_c", "https://a.example/a_(b)_c"),
    (
        "https://a.example/a_(b_(c))_d",
        "https://a.example/a_(b_(c))_d",
    ),
    ("(https://a.example/x)", "https://a.example/x"),
    ("(https://a.example/x).", "https://a.example/x"),
    ("https://a.example/x(", "https://a.example/x"),
    ("https://a.example/x(y", "https://a.example/x"),
    ("[https://a.example/x]", "https://a.example/x"),
    ("[a](https://a.example/x)b", "https://a.example/x"),
    (
        "https://a.example/?a[]=1&a[]=2",
        "https://a.example/?a[]=1&a[]=2",
    ),
    ("https://a.example/x(]y)", "https://a.example/x"),
    ("{https://a.example/x}", "https://a.example/x"),
    // Quotation marks.
    ("\"https://a.example/x\"", "https://a.example/x"),
    ("<https://a.example/x>", "https://a.example/x"),
    ("“https://a.example/x”", "https://a.example/x"),
    ("«https://a.example/x»", "https://a.example/x"),
    ("‘https://a.example/x’", "https://a.example/x"),
    ("`https://a.example/x`", "https://a.example/x"),
    ("https://a.example/\"onmouseover=\"x", "https://a.example/"),
    // Scripts without blanks.
    ("写真はこちらhttps://a.example/x", "https://a.example/x"),
    ("「https://a.example/x」を見て", "https://a.example/x"),
    ("（https://a.example/x）を見て", "https://a.example/x"),
    ("これ：https://a.example/x。次", "https://a.example/x"),
    ("https://a.example/x、次", "https://a.example/x"),
    ("https://a.example/x！", "https://a.example/x"),
    ("https://a.exampleを見て", "https://a.example"),
    ("https://a.example。次", "https://a.example"),
    ("https://a.example.次の", "https://a.example"),
    (
        "https://a.example/東京タワー",
        "https://a.example/東京タワー",
    ),
    (
        "https://a.example/ジョン・レノン",
        "https://a.example/ジョン・レノン",
    ),
    ("사진https://a.example/x", "https://a.example/x"),
    ("ดูhttps://a.example/x", "https://a.example/x"),
    ("https://a.example/x　次", "https://a.example/x"),
    ("انظر https://a.example/x، ثم", "https://a.example/x"),
    // Hosts of other scripts.
    ("https://münchen.example/x", "https://münchen.example/x"),
    ("https://例え.テスト/x", "https://例え.テスト/x"),
    ("https://例え.テスト", "https://例え.テスト"),
    ("https://пример.рф/x", "https://пример.рф/x"),
    ("https://www.a.中国/x", "https://www.a.中国/x"),
    (
        "https://xn--r8jz45g.xn--zckzah/x",
        "https://xn--r8jz45g.xn--zckzah/x",
    ),
    ("https://उदाहरण.परीक्षा/x", "https://उदाहरण.परीक्षा/x"),
    // What cannot be seen, or turns the direction of writing.
    ("https://a.example/x\u{202E}gpj.y", "https://a.example/x"),
    ("https://a.example/x\u{200B}y", "https://a.example/x"),
    ("https://a.example/x\u{7}y", "https://a.example/x"),
    ("https://a.example/x\u{2028}y", "https://a.example/x"),
    (
        "https://a.example/می\u{200C}خواهم",
        "https://a.example/می\u{200C}خواهم",
    ),
    // Addresses within addresses, and beside each other.
    (
        "https://a.example/web/https://b.example/x",
        "https://a.example/web/https://b.example/x",
    ),
    ("https://https://a.example/x", "https://a.example/x"),
    ("see:https://a.example/x", "https://a.example/x"),
];

#[test]
fn links_end_where_a_reader_would_end_them() {
    for (text, link) in LINKS {
        assert_eq!(links(text), [*link], "`{text}`");
    }
    assert_eq!(
        links("https://a.example/x,https://b.example/y https://c.example"),
        [
            "https://a.example/x,https://b.example/y",
            "https://c.example"
        ]
    );
    assert_eq!(
        links("https://a.example/(https://b.example/y"),
        ["https://a.example/", "https://b.example/y"]
    );
}

#[test]
fn what_leads_nowhere_is_no_link() {
    let long_host = format!("https://{}.example", "a".repeat(64));
    let endless = format!("https://{}", "a.".repeat(200));
    for text in [
        "https://",
        "https://a",
        "https:// a.example",
        "https://.example",
        "https://a..example",
        "https://-a.example",
        "https://a-.example",
        "https://a.1",
        "https://1.2.3",
        "https://300.1.1.1",
        "https://[::zz]/",
        "https://?q",
        "https://user@a.example/x",
        "https://b.example@a.example/x",
        "https://b.example:80@a.example/x",
        "xhttps://a.example/x",
        "@https://a.example/x",
        "ftp://a.example/x",
        "javascript://a.example/%0aalert(1)",
        "a.example/x",
        "https:/a.example",
        &long_host,
        &endless,
    ] {
        assert_eq!(links(text), [""; 0], "`{text}`");
    }
    let path = "x".repeat(LINK_BYTES_MAX);
    assert_eq!(links(&format!("https://a.example/{path}")), [""; 0]);
    let fits = format!("https://a.example/{}", &path[18..]);
    assert_eq!(links(&fits), [&fits]);
}

const MENTIONS: &[(&str, &[&str])] = &[
    ("@ada", &["ada"]),
    ("hello @Ada, @b_2! (@c)\n@d.", &["Ada", "b_2", "c", "d"]),
    ("grüße an @ada’s haus, @ada's", &["ada", "ada"]),
    ("@ada @ada", &["ada", "ada"]),
    ("@ada@ ", &["ada"]),
    ("@bea... what", &["bea"]),
    ("\"@ada\"/@ada", &["ada"]),
    ("-@ada .@ada", &["ada", "ada"]),
    // Before and behind other scripts.
    ("@beaさん、こんにちは", &["bea"]),
    ("@bea님 안녕하세요", &["bea"]),
    ("@bea你好", &["bea"]),
    ("@beaу привет", &["bea"]),
    ("@bea、@ada。", &["bea", "ada"]),
    ("写真は@beaさん", &["bea"]),
    ("@bea🎉", &["bea"]),
    // With our own domain, in any case.
    ("@bea@photos.example", &["bea"]),
    ("@bea@Photos.Example, hi", &["bea"]),
    ("@bea@photos.exampleさん", &["bea"]),
    ("(@bea@photos.example).", &["bea"]),
    // Beside links.
    ("https://a.example/x @bea", &["bea"]),
    ("(https://a.example/x)@bea", &["bea"]),
    ("https://a.example/x。@bea", &["bea"]),
];

#[test]
fn names_are_found_wherever_a_reader_would_see_them() {
    for (text, expected) in MENTIONS {
        assert_eq!(&mentions(text), expected, "`{text}`");
    }
    let found = entities("@bea@photos.example!", OWN);
    assert_eq!(found[0].range, 0..19);
    let with_port = entities("@bea@localhost:8080, @bea@localhost", "localhost:8080");
    let is_local = |it: &Entity<'_>| matches!(it.kind, EntityKind::Mention { is_local: true, .. });
    assert_eq!(
        with_port.iter().map(is_local).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(with_port[0].range, 0..19);
}

#[test]
fn what_only_looks_like_a_name_is_none() {
    let long = format!("@{}", "a".repeat(31));
    let long_host = format!("@bea@{}", "a".repeat(300));
    for text in [
        "",
        "@",
        "@ ada",
        "a@b",
        "mail@ada.org",
        "ada.b+c@ada.org",
        "@@ada",
        "http://p/@ada",
        "?q=@ada",
        "ü@bea",
        "@adaß",
        "@zoë",
        "@zoe\u{308}",
        "@bea.bsky.social",
        "@bea-x",
        "@ada@elsewhere.example",
        "@ada@photos.example.elsewhere.example",
        "@bea.x@photos.example",
        "@ada@b",
        "@bea@münchen.example",
        // Within addresses of any kind.
        "https://a.example/#@bea",
        "https://a.example/maps,@bea",
        "https://a.example/a.@bea",
        "https://a.example/@bea",
        "https://x,@bea",
        "https://user,@bea",
        "ssh://host/,@bea",
        "gemini://a.example/a.@bea",
        "https://a.example@bea",
        &long,
        &long_host,
    ] {
        assert_eq!(mentions(text), [""; 0], "`{text}`");
    }
    let too_long = format!("https://a.example/{},@bea", "x".repeat(LINK_BYTES_MAX));
    assert_eq!(mentions(&too_long), [""; 0]);
}

#[test]
fn hashtags_are_mastodons() {
    for (text, expected) in [
        ("#sunset", &["sunset"][..]),
        ("#Sunset, (#night)! #a_b", &["Sunset", "night", "a_b"]),
        ("#2024 #2024a #a2024 #20_24", &["2024a", "a2024", "20_24"]),
        ("# #_ #__ #· #a· #a·b", &["a", "a·b"]),
        (
            "#写真 ＃夜景。#ジョン・レノン",
            &["写真", "夜景", "ジョン・レノン"],
        ),
        ("#می\u{200C}خواهم", &["می\u{200C}خواهم"]),
        ("#हिन्दी", &["हिन्दी"]),
        ("#cafe\u{301}", &["cafe\u{301}"]),
        ("##a #b#c", &["a", "b"]),
        ("a#b 写真#b /#b =#b )#b &#x27;", &[]),
        ("#\u{FE0F}\u{20E3}abc", &[]),
        ("https://a.example/#b https://a.example#b ssh://h/,#b", &[]),
        ("#a-b #a.b", &["a", "a"]),
        ("#🎉 #a🎉", &["a"]),
        ("@bea#b", &[]),
    ] {
        assert_eq!(hashtags(text), expected, "`{text}`");
    }
    let longest = "ü".repeat(HASHTAG_CHARACTERS_MAX);
    assert_eq!(hashtags(&format!("#{longest} #{longest}x")), [&longest]);
    let many = "#a ".repeat(HASHTAGS_MAX + 1);
    assert_eq!(hashtags(&many).len(), HASHTAGS_MAX);
}

#[test]
fn hashtags_are_compared_without_regard_to_their_writing() {
    for (written, name) in [
        ("Sunset", "sunset"),
        ("#SUNSET", "sunset"),
        ("＃ｓｕｎｓｅｔ", "sunset"),
        ("Cafe\u{301}", "café"),
        ("CAFÉ", "café"),
        ("ｱｲｽ", "アイス"),
        ("ÄÖ_ß", "äö_ß"),
        ("a·B", "a·b"),
        ("", ""),
        ("2024", ""),
        ("a b", ""),
        ("a/b", ""),
        ("<script>", ""),
    ] {
        assert_eq!(hashtag_name(written), name, "`{written}`");
    }
}

#[test]
fn lengths_are_as_they_are_announced() {
    for (text, expected) in [
        ("", 0),
        ("abc", 3),
        (
            "https://a.example/a-very-long-address-that-goes-on-and-on",
            23,
        ),
        ("https://a.ex", 23),
        ("a https://a.example/x b", 27),
        ("@bea@elsewhere.example hi", 7),
        ("@bea@photos.example hi", 7),
        ("#sunset", 7),
        ("👨‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿e\u{301}", 3),
        ("한국", 2),
        ("a\r\nb", 3),
    ] {
        assert_eq!(length(text, &entities(text, OWN)), expected, "`{text}`");
    }
    let zalgo = format!("a{}", "\u{301}".repeat(1_000));
    assert_eq!(length(&zalgo, &[]), 1);
}
