//! Uploads in parts, as this crate speaks of them.

use axum::body::Body;
use http::{Method, header};

use crate::world::{Answer, Client, Processing, World, request};

const UPLOADS: &str = "/api/v1/media/uploads";

fn tus(method: Method, path: &str) -> http::request::Builder {
    request(method, "ada", path)
        .header("Tus-Resumable", "1.0.0")
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
}

async fn ask(client: &Client, method: Method, path: &str) -> Answer {
    let request = tus(method, path).body(Body::empty());
    client.send(request.unwrap()).await
}

async fn begin(client: &Client, bytes: usize, body: Body) -> Answer {
    let request = tus(Method::POST, UPLOADS).header("Upload-Length", bytes);
    client.send(request.body(body).unwrap()).await
}

async fn patch(client: &Client, path: &str, offset: usize, body: Body) -> Answer {
    let request = tus(Method::PATCH, path).header("Upload-Offset", offset);
    client.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn giving_up_a_whole_file_does_not_take_it() {
    let world = World::new();
    let client = world.client();
    for refusing in [true, false] {
        let begun = begin(&client, 8, Body::from("four")).await;
        assert_eq!(begun.header("upload-offset"), "4", "{begun:?}");
        let path = begun.header("location");
        world.set(Processing::Refusing);
        patch(&client, path, 4, Body::from("more")).await.error(429);
        if !refusing {
            world.set(Processing::Quick);
        }
        let gone = ask(&client, Method::DELETE, path).await;
        assert_eq!(gone.status, 204, "{gone:?}");
        ask(&client, Method::DELETE, path).await.error(404);
        assert!(world.media.lock().unwrap().is_empty(), "it was taken");
    }
}
