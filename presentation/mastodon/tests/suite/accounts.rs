use http::{Method, header};
use serde_json::json;

use crate::world::{ADA, Processing, World};

#[tokio::test]
async fn signing_up_takes_an_applications_own_token() {
    let client = World::new().client();
    let form = "username=eve&email=eve@e.example&password=long-enough&agreement=true&locale=en";
    let token = client
        .post_form("app", "/api/v1/accounts", form)
        .await
        .expect(200);
    assert_eq!(token["access_token"], "fresh");
    assert_eq!(token["scope"], "read write for account 1000");
    client
        .post_form("ada", "/api/v1/accounts", form)
        .await
        .error(403);
    client
        .post_form("", "/api/v1/accounts", form)
        .await
        .error(401);
    let response = client
        .post_form("app", "/api/v1/accounts", "username=x")
        .await;
    assert_eq!(response.expect(422)["field"], "agreement");
}

#[tokio::test]
async fn people_are_found_by_id_and_name() {
    let client = World::new().client();
    let own = client
        .get("ada", "/api/v1/accounts/verify_credentials")
        .await
        .expect(200);
    assert_eq!(own["username"], "ada");
    assert_eq!(own["source"]["privacy"], "public");
    assert_eq!(
        client.get("", "/api/v1/accounts/8").await.expect(200)["acct"],
        "bob"
    );
    client.get("", "/api/v1/accounts/9").await.error(404);
    for name in ["bob", "@Bob", "bob@p.example", "@bob@P.example"] {
        let path = format!("/api/v1/accounts/lookup?acct={name}");
        assert_eq!(client.get("", &path).await.expect(200)["id"], "8", "{name}");
    }
    for name in ["eve", "bob@elsewhere.example", ""] {
        let path = format!("/api/v1/accounts/lookup?acct={name}");
        client.get("", &path).await.error(404);
    }
    let several = client
        .get("", "/api/v1/accounts?id[]=8&id[]=9&id[]=7")
        .await
        .expect(200);
    assert_eq!(several.as_array().unwrap().len(), 2);
    for (query, found) in [
        ("bob", 1),
        ("@bob", 1),
        ("http://p.example/@bob", 1),
        ("bo", 1),
        ("b&limit=0&resolve=true", 1),
        ("b&limit=abc&offset=x", 1),
        ("b&offset=1", 0),
        ("bob@elsewhere.example", 0),
        ("b&following=true", 0),
    ] {
        let path = format!("/api/v1/accounts/search?q={query}");
        let list = client.get("ada", &path).await.expect(200);
        assert_eq!(list.as_array().unwrap().len(), found, "{query}");
    }
    let preferences = client.get("ada", "/api/v1/preferences").await.expect(200);
    assert_eq!(preferences["posting:default:visibility"], "public");
}

#[tokio::test]
async fn following_changes_how_one_stands() {
    let world = World::new();
    let client = world.client();
    let followed = client
        .post_form("ada", "/api/v1/accounts/8/follow", "notify=true")
        .await
        .expect(200);
    assert_eq!(followed["following"], true);
    assert_eq!(followed["notifying"], true);
    assert_eq!(followed["id"], "8");
    client
        .post_form("ada", "/api/v1/accounts/99/follow", "")
        .await
        .error(404);
    client
        .post_form("ada", "/api/v1/accounts/7/follow", "")
        .await
        .error(422);
    client
        .post_form("ada-reads", "/api/v1/accounts/8/follow", "")
        .await
        .error(403);
    let stand = client
        .get("bob", "/api/v1/accounts/relationships?id[]=7&id[]=99")
        .await
        .expect(200);
    assert_eq!(
        stand.as_array().unwrap().len(),
        1,
        "what is not there is left out"
    );
    assert_eq!(stand[0]["followed_by"], true);
    let stand = client
        .get("bob", "/api/v1/accounts/relationships?id=7")
        .await;
    assert_eq!(stand.expect(200)[0]["id"], "7");
    let followers = client.get("", "/api/v1/accounts/8/followers?limit=1").await;
    assert_eq!(followers.expect(200)[0]["username"], "ada");
    let follow_id = world.follows.lock().unwrap()[0].id;
    assert!(
        followers
            .header(header::LINK)
            .contains(&format!("max_id={follow_id}")),
        "pages are by the follow, not by the account"
    );
    let following = client.get("", "/api/v1/accounts/7/following").await;
    assert_eq!(following.expect(200)[0]["username"], "bob");
    let after = client
        .post_form("ada", "/api/v1/accounts/8/unfollow", "")
        .await;
    assert_eq!(after.expect(200)["following"], false);
}

#[tokio::test]
async fn a_profile_is_changed_by_json() {
    let client = World::new().client();
    let change = json!({
        "display_name": "Ada L.",
        "fields_attributes": {"0": {"name": "a", "value": "1"}},
        "source": {"privacy": "unlisted"},
        "locked": true,
    });
    let path = "/api/v1/accounts/update_credentials";
    let changed = client
        .json(Method::PATCH, "ada", path, &change)
        .await
        .expect(200);
    assert_eq!(changed["display_name"], "Ada L.");
    assert_eq!(changed["fields"][0]["name"], "a");
    assert_eq!(changed["source"]["privacy"], "unlisted");
    assert_eq!(changed["locked"], true);
    assert_eq!(changed["source"]["follow_requests_count"], 2);
    let response = client
        .json(
            Method::PATCH,
            "ada",
            path,
            &json!({"hide_collections": true}),
        )
        .await;
    assert!(response.error(422).contains("not supported yet"));
    assert_eq!(response.json()["field"], "hide_collections");
}

fn form(display_name: &str, pictures: &[&str]) -> String {
    let files: String = pictures
        .iter()
        .map(|name| {
            format!(
                "--X\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.png\"\r\n\
                 Content-Type: image/png\r\n\r\npicture\r\n"
            )
        })
        .collect();
    format!(
        "{files}--X\r\nContent-Disposition: form-data; name=\"display_name\"\r\n\r\n{display_name}\r\n\
         --X\r\nContent-Disposition: form-data; name=\"fields_attributes[0][name]\"\r\n\r\na\r\n\
         --X\r\nContent-Disposition: form-data; name=\"fields_attributes[0][value]\"\r\n\r\n1\r\n--X--\r\n"
    )
}

#[tokio::test]
async fn a_new_picture_is_kept_and_the_old_one_let_go() {
    let world = World::new();
    let client = world.client();
    let path = "/api/v1/accounts/update_credentials";
    let changed = client
        .multipart(
            Method::PATCH,
            "ada",
            path,
            &form("Ada", &["avatar", "header"]),
        )
        .await
        .expect(200);
    assert_eq!(changed["avatar"], "http://p.example/media/grid1000.jpg");
    assert_eq!(changed["header"], "http://p.example/media/feed1001.jpg");
    assert_eq!(changed["fields"][0]["value"], "1");
    client
        .multipart(Method::PATCH, "ada", path, &form("Ada", &["avatar"]))
        .await
        .expect(200);
    let holders: Vec<String> = world.notes();
    let holders: Vec<&String> = holders
        .iter()
        .filter(|note| note.contains("account:"))
        .collect();
    assert_eq!(
        holders,
        [
            &format!("attach account:{ADA}:avatar:1000"),
            &format!("attach account:{ADA}:header:1001"),
            &format!("attach account:{ADA}:avatar:1002"),
            &format!("release account:{ADA}:avatar:1000"),
        ]
    );
}

#[tokio::test]
async fn a_refused_change_leaves_no_picture_behind() {
    let world = World::new();
    let client = world.client();
    let path = "/api/v1/accounts/update_credentials";
    let response = client
        .multipart(Method::PATCH, "ada", path, &form("too long", &["avatar"]))
        .await;
    assert_eq!(response.expect(422)["field"], "display_name");
    assert_eq!(
        world.notes().last().unwrap(),
        &format!("release account:{ADA}:avatar:1000")
    );
    world.set(Processing::Failing);
    let response = client
        .multipart(Method::PATCH, "ada", path, &form("Ada", &["avatar"]))
        .await;
    assert_eq!(response.expect(422)["field"], "avatar");
    assert_eq!(world.accounts.lock().unwrap()[0].avatar_media_id, 0);
}

#[tokio::test]
async fn a_change_of_which_nobody_knows_whether_it_was_made_keeps_its_picture() {
    let world = World::new();
    let client = world.client();
    let path = "/api/v1/accounts/update_credentials";
    let form = form("answer lost", &["avatar"]);
    let response = client.multipart(Method::PATCH, "ada", path, &form).await;
    response.expect(503);
    assert_eq!(world.accounts.lock().unwrap()[0].avatar_media_id, 1000);
    assert_eq!(
        world.notes().last().unwrap(),
        &format!("attach account:{ADA}:avatar:1000")
    );
}

#[tokio::test]
async fn a_picture_that_is_no_file_is_refused_by_name() {
    let world = World::new();
    let client = world.client();
    let path = "/api/v1/accounts/update_credentials";
    for field in ["avatar", "header"] {
        for picture in [
            json!("data:image/png;base64,eA=="),
            json!({"url": "x"}),
            json!(7),
        ] {
            let change = json!({"display_name": "Lost", field: picture});
            let response = client.json(Method::PATCH, "ada", path, &change).await;
            assert_eq!(response.expect(422)["field"], field, "{change}");
        }
        let in_address = format!("{path}?{field}=x");
        let response = client
            .json(Method::PATCH, "ada", &in_address, &json!({}))
            .await;
        assert_eq!(response.expect(422)["field"], field);
        let part = |bytes: &str| {
            format!(
                "--X\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{bytes}\r\n--X--\r\n"
            )
        };
        let response = client
            .multipart(Method::PATCH, "ada", path, &part("bytes"))
            .await;
        assert_eq!(response.expect(422)["field"], field);
        client
            .multipart(Method::PATCH, "ada", path, &part(""))
            .await
            .expect(200);
        for nothing in [json!(null), json!(""), json!({})] {
            let change = json!({field: nothing});
            let response = client.json(Method::PATCH, "ada", path, &change).await;
            response.expect(200);
        }
    }
    assert_ne!(world.accounts.lock().unwrap()[0].display_name, "Lost");
}

#[tokio::test]
async fn following_in_some_languages_only_is_refused() {
    let world = World::new();
    let client = world.client();
    for path in [
        "/api/v1/accounts/8/follow?languages[]=en",
        "/api/v1/accounts/8/follow?languages=en",
    ] {
        let response = client.post_form("ada", path, "").await;
        assert_eq!(response.expect(422)["field"], "languages");
    }
    assert!(world.follows.lock().unwrap().is_empty());
    let none = "/api/v1/accounts/8/follow?languages[]=";
    client.post_form("ada", none, "").await.expect(200);
}
