use http::HeaderValue;

use super::*;

fn proxies(header: ForwardedHeader) -> TrustedProxies {
    let networks = ["10.0.0.1", "10.0.0.2", "172.16.0.0/12", "fd00::/8"];
    let networks = networks.map(|network| network.parse().unwrap());
    TrustedProxies::new(&networks, header)
}

fn client(header: ForwardedHeader, peer: &str, lines: &[&[u8]]) -> String {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header.name(), HeaderValue::from_bytes(line).unwrap());
    }
    let peer = peer.parse().unwrap();
    proxies(header).client(peer, &headers).to_string()
}

#[track_caller]
fn check(peer: &str, lines: &[&str], expected: &str) {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let found = client(ForwardedHeader::XForwardedFor, peer, &lines);
    assert_eq!(found, expected, "{peer} {lines:?}");
}

#[test]
fn only_a_trusted_proxy_is_believed_and_only_about_its_own_peer() {
    check("192.0.2.7", &["198.51.100.1"], "192.0.2.7");
    check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
    check("10.0.0.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1");
    check(
        "10.0.0.1",
        &["6.6.6.6", "198.51.100.1, 10.0.0.2"],
        "198.51.100.1",
    );
    check("10.0.0.1", &["nonsense"], "10.0.0.1");
    check("10.0.0.1", &[], "10.0.0.1");
    check("::ffff:192.0.2.7", &[], "192.0.2.7");
    check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
    check("172.31.255.1", &["198.51.100.1"], "198.51.100.1");
    check("172.32.0.1", &["198.51.100.1"], "172.32.0.1");
    check("fd12::1", &["198.51.100.1, fd00::9"], "198.51.100.1");
}

#[test]
fn an_address_is_read_however_a_proxy_writes_it() {
    for (written, address) in [
        ("198.51.100.1:40001", "198.51.100.1"),
        ("  198.51.100.1\t", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:40001", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:80", "198.51.100.1"),
        ("\"198.51.100.1\"", "198.51.100.1"),
        ("198.51.100.1,", "198.51.100.1"),
        ("198.51.100.1, , ", "198.51.100.1"),
        ("6.6.6.6:1,198.51.100.1:2, 10.0.0.2:3", "198.51.100.1"),
        ("198.51.100.1, [fd00::7]:5", "198.51.100.1"),
    ] {
        check("10.0.0.1", &[written], address);
    }
}

#[test]
fn what_no_proxy_vouches_for_is_not_believed() {
    for unreadable in [
        "6.6.6.6, unknown",
        "6.6.6.6, unix:",
        "6.6.6.6, -",
        "6.6.6.6, _hidden",
        "6.6.6.6, 1.2.3",
        "6.6.6.6, 1.2.3.4.5",
        "6.6.6.6, 198.51.100.1 7.7.7.7",
        "6.6.6.6, [2001:db8::1",
        "6.6.6.6, [198.51.100.1]",
        "6.6.6.6, 198.51.100.1:80:90",
        "6.6.6.6, 0x7f000001",
    ] {
        check("10.0.0.1", &[unreadable], "10.0.0.1");
    }
    // A proxy that is trusted said so much of the next one, and that one nothing that can be read.
    check("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2");
}

#[test]
fn bytes_that_are_no_text_do_not_hide_what_the_proxy_appended() {
    let lines: [&[u8]; 2] = [b"6.6.6.6", b"\xff\xfe, 198.51.100.1"];
    let found = client(ForwardedHeader::XForwardedFor, "10.0.0.1", &lines);
    assert_eq!(found, "198.51.100.1");
    let lines: [&[u8]; 2] = [b"6.6.6.6", b"\xff\xfe"];
    let found = client(ForwardedHeader::XForwardedFor, "10.0.0.1", &lines);
    assert_eq!(found, "10.0.0.1");
}

#[test]
fn forwarded_is_read_as_its_standard_has_it() {
    for (written, address) in [
        ("for=198.51.100.1", "198.51.100.1"),
        ("For=\"198.51.100.1:4711\"", "198.51.100.1"),
        ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
        (
            "by=203.0.113.43;host=a.example;proto=https ; for = 198.51.100.1",
            "198.51.100.1",
        ),
        (
            "for=6.6.6.6, for=198.51.100.1;proto=http, for=10.0.0.2",
            "198.51.100.1",
        ),
        ("for=6.6.6.6, for=unknown", "10.0.0.1"),
        ("for=6.6.6.6, for=_gazonk", "10.0.0.1"),
        ("for=6.6.6.6, proto=https", "10.0.0.1"),
    ] {
        let found = client(
            ForwardedHeader::Forwarded,
            "10.0.0.1",
            &[written.as_bytes()],
        );
        assert_eq!(found, address, "{written}");
    }
}

#[test]
fn a_header_that_the_proxy_does_not_write_is_not_looked_at() {
    let mut headers = HeaderMap::new();
    for name in ["forwarded", "x-real-ip", "x-client-ip", "cf-connecting-ip"] {
        headers.insert(name, HeaderValue::from_static("6.6.6.6"));
    }
    let peer = "10.0.0.1".parse().unwrap();
    let found = proxies(ForwardedHeader::XForwardedFor).client(peer, &headers);
    assert_eq!(found, peer);
    let found = proxies(ForwardedHeader::XRealIp).client(peer, &headers);
    assert_eq!(found.to_string(), "6.6.6.6");
}

#[test]
fn a_nearby_peer_that_speaks_for_others_and_is_not_trusted_is_an_unlisted_proxy() {
    let trusted = proxies(ForwardedHeader::XForwardedFor);
    let mut headers = HeaderMap::new();
    let is_unlisted = |peer: &str, headers: &HeaderMap| {
        let peer = peer.parse().unwrap();
        trusted.is_unlisted(peer, headers)
    };
    assert!(!is_unlisted("10.9.0.1", &headers));
    headers.insert("x-real-ip", HeaderValue::from_static("6.6.6.6"));
    assert!(!is_unlisted("10.9.0.1", &headers), "another header");
    headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
    for nearby in [
        "10.9.0.1",
        "::ffff:10.9.0.1",
        "192.168.0.7",
        "127.0.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.254",
        "::1",
        "fe80::1",
        "fc00::1",
    ] {
        assert!(is_unlisted(nearby, &headers), "{nearby}");
    }
    for other in [
        "10.0.0.1",
        "198.51.100.1",
        "100.63.0.1",
        "100.128.0.1",
        "172.32.0.1",
        "2001:db8::1",
    ] {
        assert!(!is_unlisted(other, &headers), "{other}");
    }
}
