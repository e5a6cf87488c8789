use super::*;

fn read(pairs: &str) -> serde_json::Value {
    let map = from_pairs(pairs.as_bytes()).unwrap();
    serde::Deserialize::deserialize(Node::Map(map)).unwrap()
}

#[test]
fn names_nest_as_rack_nests_them() {
    for (pairs, expected) in [
        ("a=1&a=2", r#"{"a":"2"}"#),
        ("a[]=1&a[]=2", r#"{"a":["1","2"]}"#),
        ("a[b]=1&a[c]=2", r#"{"a":{"b":"1","c":"2"}}"#),
        ("a[b][c]=1&a[b][d]=2", r#"{"a":{"b":{"c":"1","d":"2"}}}"#),
        (
            "a[][b]=1&a[][c]=2&a[][b]=3",
            r#"{"a":[{"b":"1","c":"2"},{"b":"3"}]}"#,
        ),
        (
            "a[][b][]=1&a[][b][]=2&a[][c]=3",
            r#"{"a":[{"b":["1","2"],"c":"3"}]}"#,
        ),
        (
            "a[0][b]=1&a[2][b]=3",
            r#"{"a":{"0":{"b":"1"},"2":{"b":"3"}}}"#,
        ),
        ("a", r#"{"a":""}"#),
        ("a=&&b=1&", r#"{"a":"","b":"1"}"#),
        ("a+b=c%20d%2B+e", r#"{"a b":"c d+ e"}"#),
        ("a=100%&b=%zz", r#"{"a":"100%","b":"%zz"}"#),
        ("a%5B%5D=1&a[]=2", r#"{"a":["1","2"]}"#),
        (
            "a[b=1&[c]=2&d]=3&e[f]g=4&=5",
            r#"{"":"5","[c]":"2","a[b":"1","d]":"3","e[f]g":"4"}"#,
        ),
    ] {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(read(pairs), expected, "{pairs}");
    }
}

#[test]
fn what_cannot_be_both_is_refused_by_its_name() {
    for (pairs, name) in [
        ("a=1&a[b]=2", "a[b]"),
        ("a[b]=1&a=2", "a"),
        ("a[]=1&a[b]=2", "a[b]"),
        ("a[b]=1&a[]=2", "a[]"),
        ("a[b]=1&a[b][c]=2", "a[b][c]"),
    ] {
        assert_eq!(
            from_pairs(pairs.as_bytes()).unwrap_err().name,
            name,
            "{pairs}"
        );
    }
}

#[test]
fn depth_and_number_have_a_bound() {
    assert!(from_pairs(format!("a{}=1", "[b]".repeat(NESTING_MAX)).as_bytes()).is_ok());
    assert!(from_pairs(format!("a{}=1", "[b]".repeat(NESTING_MAX + 1)).as_bytes()).is_err());
    assert!(from_pairs(format!("a{}=1", "[]".repeat(100_000)).as_bytes()).is_err());
    let many = |count: usize| vec!["a[]=1"; count].join("&");
    assert!(from_pairs(many(PAIRS_MAX).as_bytes()).is_ok());
    assert!(from_pairs(many(PAIRS_MAX + 1).as_bytes()).is_err());
}

/// The depth of a tree.
fn depth(node: &Node) -> usize {
    match node {
        Node::List(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Node::Map(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

#[test]
fn no_text_breaks_it_and_every_tree_is_bounded() {
    const LETTERS: &[u8] = b"aab01[][]==&&%5D+\xff\x00";
    // xorshift: the same texts at every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut read = 0;
    for _ in 0..20_000 {
        let length = next(40);
        let text: Vec<u8> = (0..length).map(|_| LETTERS[next(LETTERS.len())]).collect();
        let Ok(map) = from_pairs(&text) else {
            continue;
        };
        read += 1;
        let node = Node::Map(map);
        assert!(depth(&node) <= NESTING_MAX + 1, "{text:?}");
        // Whatever it is, it can be asked for as anything: a response or an error, no panic.
        let _ = <Vec<String> as serde::Deserialize>::deserialize(node.clone());
        let _ = <BTreeMap<String, Vec<u32>> as serde::Deserialize>::deserialize(node.clone());
        let _ = <serde_json::Value as serde::Deserialize>::deserialize(node);
    }
    assert!(read > 5_000, "only {read} texts were parameters");
}

#[test]
fn plain_pairs_come_back_as_they_went_in() {
    for value in ["", "a", "a&b=c", "+ %41", "ü[]", "\0"] {
        for name in ["a", "a b", "ü", "a=b"] {
            let mut pairs = Vec::new();
            crate::extract::push_pair(name, value.as_bytes(), &mut pairs);
            let map = from_pairs(&pairs).unwrap();
            assert_eq!(
                map.get(name),
                Some(&Node::Text(value.to_owned())),
                "{name}={value}"
            );
        }
    }
}
