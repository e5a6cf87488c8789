use axum::body::Body;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::*;
use crate::problem::status_of;

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Form {
    #[serde(deserialize_with = "lenient::truth")]
    sensitive: Option<bool>,
    #[serde(deserialize_with = "lenient::list")]
    media_ids: Vec<String>,
    #[serde(deserialize_with = "lenient::text")]
    in_reply_to_id: Option<String>,
    status: Option<String>,
    count: Option<u32>,
    source: Source,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Source {
    privacy: Option<String>,
}

fn json(body: &str) -> Result<Form, Problem> {
    deserialize(from_json(body.as_bytes())?)
}

fn form(pairs: &str) -> Result<Form, Problem> {
    parse_pairs(pairs.as_bytes())
}

/// Takes a request as a handler does.
async fn taken(method: Method, path: &str, content_type: &str, body: &str) -> Result<Form, Error> {
    let mut request = Request::builder().method(method).uri(path);
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let taken = BodyOf::<Form>::from_request(request, &()).await;
    taken
        .map(|BodyOf(form)| form)
        .map_err(|Problem(error)| error)
}

#[test]
fn of_a_json_name_that_comes_twice_the_last_value_counts() {
    let form = json(r#"{"count":1,"status":"a","count":"2","status":"b"}"#).unwrap();
    assert_eq!((form.count, form.status.unwrap()), (Some(2), "b".into()));
    // Whatever the kinds, and the whole of a list, which is not added to.
    let form = json(r#"{"media_ids":["1","2"],"status":"a","media_ids":["3"],"status":null}"#);
    let form = form.unwrap();
    assert_eq!((form.media_ids, form.status), (vec!["3".into()], None));
    // Below, too.
    let nested = from_json(br#"{"source":{"a":1,"a":2}}"#).unwrap();
    let expected = from_json(br#"{"source":{"a":2}}"#).unwrap();
    assert_eq!(nested, expected);
}

#[test]
fn forms_and_json_say_the_same_in_their_own_ways() {
    let expected = Form {
        sensitive: Some(true),
        media_ids: vec!["1".into(), "2".into()],
        in_reply_to_id: Some("7".into()),
        ..Form::default()
    };
    for pairs in [
        "sensitive=1&media_ids[]=1&media_ids[]=2&in_reply_to_id=7",
        "sensitive=true&media_ids%5B%5D=1&media_ids%5B%5D=2&in_reply_to_id=7",
        "sensitive=on&media_ids[0]=1&media_ids[1]=2&in_reply_to_id=7",
        "sensitive=T&media_ids[7]=2&media_ids[3]=1&in_reply_to_id=7",
        "sensitive=0&sensitive=1&media_ids=1&media_ids=2&in_reply_to_id=6&in_reply_to_id=7",
        "sensitive=1&media_ids=1&media_ids[]=2&in_reply_to_id=7",
        "sensitive=1&media_ids[]=1&media_ids=2&in_reply_to_id=7&&other[a]=b",
    ] {
        assert_eq!(form(pairs).unwrap(), expected, "{pairs}");
    }
    for body in [
        r#"{"sensitive":true,"media_ids":["1",2],"in_reply_to_id":7}"#,
        r#"{"sensitive":"true","media_ids":{"0":1,"1":2},"in_reply_to_id":"7","status":null,"source":null}"#,
        r#"{"sensitive":1,"media_ids":["1",null,"2"],"in_reply_to_id":"7","unknown":[{"a":null}]}"#,
    ] {
        assert_eq!(json(body).unwrap(), expected, "{body}");
    }
    assert_eq!(json("null").unwrap(), Form::default());
}

#[test]
fn texts_are_numbers_and_numbers_texts_where_they_are_wanted() {
    assert_eq!(json(r#"{"status":12}"#).unwrap().status.unwrap(), "12");
    assert_eq!(json(r#"{"count":"12"}"#).unwrap().count, Some(12));
    assert_eq!(form("count=12").unwrap().count, Some(12));
    assert_eq!(
        form("source[privacy]=direct")
            .unwrap()
            .source
            .privacy
            .unwrap(),
        "direct"
    );
    assert_eq!(form("source=").unwrap().source, Source::default());
    assert_eq!(json(r#"{"media_ids":7}"#).unwrap().media_ids, ["7"]);
    assert!(form("count=twelve").is_err());
}

#[test]
fn a_wrong_value_is_reported_by_its_field() {
    let Problem(error) = json(r#"{"in_reply_to_id":{"a":1}}"#).unwrap_err();
    assert_eq!(error.field(), Some("in_reply_to_id"));
    assert!(error.public().contains("expected a text"), "{error}");
    for (pairs, field) in [
        ("sensitive=perhaps", "sensitive"),
        ("status=%ff", "status"),
        ("media_ids[]=1&media_ids[a]=2", "media_ids[a]"),
        ("status[a][b][c][d][e]=1", "status[a][b][c][d][e]"),
        ("source=direct", "source"),
    ] {
        let Problem(error) = form(pairs).unwrap_err();
        assert_eq!(error.field(), Some(field), "{pairs}");
    }
    // Nobody asked for it, so it is nobody's fault.
    assert_eq!(form("utm=%ff").unwrap(), Form::default());
    for broken in ["{", "7", "{} {}", "[]", "\"status\""] {
        let Problem(error) = json(broken).unwrap_err();
        assert_eq!(error.field(), None, "{error}");
    }
}

#[test]
fn a_field_left_empty_is_no_error() {
    let empty = form("sensitive=&in_reply_to_id=").unwrap();
    assert_eq!(empty.sensitive, None);
    assert_eq!(empty.in_reply_to_id.as_deref().unwrap_or_default(), "");
    for pairs in ["media_ids=", "media_ids[]=", "media_ids[]"] {
        let empty = form(pairs).unwrap();
        assert!(empty.media_ids.iter().all(String::is_empty), "{pairs}");
    }
}

#[test]
fn pairs_survive_the_round_trip() {
    let mut pairs = Vec::new();
    push_pair("media_ids[]", "a&b=ü+%[]".as_bytes(), &mut pairs);
    let form: Form = parse_pairs(&pairs).unwrap();
    assert_eq!(form.media_ids, ["a&b=ü+%[]"]);
}

#[tokio::test]
async fn the_address_is_read_first_and_the_body_over_it() {
    let post = |path: &'static str, kind: &'static str, body: &'static str| {
        taken(Method::POST, path, kind, body)
    };
    let form = "application/x-www-form-urlencoded";
    let said = post("/?status=hello&media_ids[]=1&media_ids[]=2", "", "")
        .await
        .unwrap();
    assert_eq!(said.status.as_deref(), Some("hello"));
    assert_eq!(said.media_ids, ["1", "2"]);
    let both = post(
        "/?status=a&count=1&media_ids[]=1",
        form,
        "status=b&media_ids[]=2",
    )
    .await;
    let both = both.unwrap();
    assert_eq!((both.status.as_deref(), both.count), (Some("b"), Some(1)));
    assert_eq!(both.media_ids, ["2"]);
    let both = post(
        "/?status=a&count=1",
        "application/json",
        r#"{"status":"b"}"#,
    )
    .await;
    let both = both.unwrap();
    assert_eq!((both.status.as_deref(), both.count), (Some("b"), Some(1)));
    let part = "--x\r\nContent-Disposition: form-data; name=status\r\n\r\nb\r\n--x--\r\n";
    let both = post(
        "/?status=a&count=1",
        "multipart/form-data; boundary=x",
        part,
    )
    .await;
    let both = both.unwrap();
    assert_eq!((both.status.as_deref(), both.count), (Some("b"), Some(1)));
    for (path, body) in [("/?password=x", ""), ("/?a=b&pass%77ord=x", "password=y")] {
        let refused = post(path, form, body).await.unwrap_err();
        assert_eq!(refused.field(), Some("password"), "{path}");
        assert!(refused.public().contains("body"), "{refused}");
    }
    assert!(post("/", form, "password=y").await.is_ok());
}

#[tokio::test]
async fn bodies_are_taken_by_what_they_are() {
    let body = r#"{"status":"hi"}"#;
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "text/json",
        "text/plain;charset=UTF-8",
        "",
    ] {
        let said = taken(Method::POST, "/", kind, body).await.unwrap();
        assert_eq!(said.status.as_deref(), Some("hi"), "{kind}");
    }
    for kind in [
        "",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
    ] {
        let said = taken(Method::POST, "/", kind, "status=hi").await.unwrap();
        assert_eq!(said.status.as_deref(), Some("hi"), "{kind}");
    }
    // Something is said that nobody here understands: a success would be a lie.
    for (kind, body) in [
        ("text/plain", "status=hi"),
        ("image/jpeg", "status=hi"),
        ("nonsense", "status=hi"),
    ] {
        let refused = taken(Method::PUT, "/?status=hi", kind, body)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unsupported, "{kind}");
    }
    for kind in [
        "text/plain",
        "application/octet-stream",
        "application/json",
        "",
    ] {
        let said = taken(Method::DELETE, "/?status=hi", kind, "")
            .await
            .unwrap();
        assert_eq!(said.status.as_deref(), Some("hi"), "{kind}");
    }
    let refused = taken(Method::POST, "/", "application/json", "[1]")
        .await
        .unwrap_err();
    assert_eq!(status_of(refused.code()), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_parts_of_a_form_are_texts_unless_they_are_files() {
    let form = |head: &str, value: &str| {
        let text = format!("--x\r\n{head}\r\n\r\n{value}\r\n--x--\r\n");
        async move { taken(Method::POST, "/", "Multipart/Form-Data; Boundary=x", &text).await }
    };
    for head in [
        "Content-Disposition: form-data; name=\"status\"",
        "Content-Disposition: form-data; name=status",
        "content-disposition: Form-Data; Name=\"status\"\r\ncontent-type: text/plain",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"status\"",
        "Content-Disposition: form-data; name=\"status\"\r\nContent-Type: application/json; charset=UTF-8",
        "Content-Disposition: form-data; name=\"status\"; filename=\"\"",
        "Content-Disposition: form-data; name=\"status\"; filename=\"status.txt\"\r\nContent-Type: text/plain",
        "Content-Disposition: form-data; name=\"status\"\r\nContent-Transfer-Encoding: binary\r\nContent-Length: 5",
    ] {
        let said = form(head, "Möwe").await.unwrap();
        assert_eq!(said.status.as_deref(), Some("Möwe"), "{head}");
    }
    let file = "Content-Disposition: form-data; name=\"status\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg";
    assert_eq!(form(file, "x").await.unwrap().status, None);
}
