use std::error::Error as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::*;

const LENIENT: Settings = Settings {
    allow_private_addresses: true,
};

/// A server that replies so to each connection.
async fn server(reply: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(reply.as_bytes()).await;
            });
        }
    });
    format!("http://{address}/")
}

async fn ask(base: &str) -> Result<Reply, OutboundError> {
    let client = Client::new("Heliograph", LENIENT).unwrap();
    let address = Address::parse(base, LENIENT).unwrap();
    client
        .post(&address, HeaderMap::new(), b"hello".to_vec())
        .await
}

fn reply(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = server(reply("200 OK", "secret")).await;
    let base = server(reply(
        &format!("307 Temporary Redirect\r\nLocation: {elsewhere}"),
        "",
    ))
    .await;
    let reply = ask(&base).await.unwrap();
    assert_eq!(reply.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(reply.body.is_empty());
}

#[tokio::test]
async fn of_a_reply_so_much_is_read() {
    let base = server(reply("200 OK", &"a".repeat(REPLY_BYTES_MAX))).await;
    assert_eq!(ask(&base).await.unwrap().body.len(), REPLY_BYTES_MAX);
    let base = server(reply("200 OK", &"a".repeat(REPLY_BYTES_MAX + 1))).await;
    assert!(matches!(ask(&base).await, Err(OutboundError::TooLong)));
}

#[tokio::test]
async fn a_name_that_leads_home_is_not_connected_to() {
    let resolved = Checked::new(Settings::default()).resolve("localhost".parse().unwrap());
    let Err(error) = resolved.await else {
        panic!("this machine may be asked");
    };
    assert!(error.is::<NoAddress>(), "{error}");
    let resolved = Checked::new(LENIENT).resolve("localhost".parse().unwrap());
    assert!(
        resolved
            .await
            .unwrap()
            .all(|address| address.ip().is_loopback())
    );
}

#[tokio::test]
async fn the_client_asks_by_the_checked_names_alone() {
    // As in the client that strangers' addresses are asked by, but without its checks of the text.
    let base = server(reply("200 OK", ""))
        .await
        .replace("127.0.0.1", "localhost");
    let client = Client::new("Heliograph", Settings::default()).unwrap();
    let address = Address::parse(&base.replace("http:", "https:"), LENIENT).unwrap();
    let refused = client.post(&address, HeaderMap::new(), Vec::new()).await;
    let causes = causes(&refused.unwrap_err());
    assert!(causes.contains(&NoAddress.to_string()), "{causes:?}");
}

/// What an error says, and each of its causes.
fn causes(error: &OutboundError) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        causes.push(one.to_string());
        cause = one.source();
    }
    causes
}

#[tokio::test]
async fn an_error_does_not_say_what_was_asked() {
    // It has its port and does not listen.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}/", closed.local_addr().unwrap());
    // Neither when nobody is there, nor when the reply is no reply, nor when it breaks off.
    let nonsense = server("nonsense\r\n\r\n".to_owned()).await;
    let broken = server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_owned()).await;
    for base in [base, nonsense, broken] {
        let error = ask(&format!("{base}capability?secret")).await.unwrap_err();
        assert!(matches!(error, OutboundError::NoReply(_)), "{error:?}");
        let said = format!("{:?} {error:?}", causes(&error));
        let is_said = said.contains("capability") || said.contains("secret");
        assert!(!is_said, "{said}");
    }
}

#[tokio::test]
async fn a_look_up_that_nobody_waits_for_is_still_one_of_so_many() {
    let free = Arc::new(Semaphore::new(1));
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (end, may_end) = std::sync::mpsc::channel();
    let slow = tokio::spawn(in_turn(Arc::clone(&free), move || {
        begun.send(()).unwrap();
        may_end.recv()
    }));
    has_begun.await.unwrap();
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    assert_eq!(free.available_permits(), 0);
    end.send(()).unwrap();
    assert_eq!(in_turn(free, || 7).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_has_no_turn_is_not_looked_up() {
    let checked = Checked::new(LENIENT);
    let others = Arc::clone(&checked.free);
    let others = others.try_acquire_many_owned(LOOKUPS_MAX as u32).unwrap();
    let error = checked.resolve("localhost".parse().unwrap()).await.err();
    let error = error.expect("there is no turn");
    assert!(error.is::<LookupError>(), "{error}");
    drop(others);
    assert!(checked.resolve("localhost".parse().unwrap()).await.is_ok());
}

#[test]
fn of_a_names_addresses_those_stay_that_may_be_asked() {
    let found = ["10.0.0.1", "1.1.1.1", "::1"].map(|text| text.parse().unwrap());
    let allowed_all = allowed(found.into_iter(), LENIENT);
    assert_eq!(allowed_all.len(), 3);
    let only_public = allowed(found.into_iter(), Settings::default());
    assert_eq!(only_public, [found[1]]);
}
