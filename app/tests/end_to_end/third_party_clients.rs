//! Other people's clients against this server: Mastodon.py, toot, masto.js and megalodon.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use testing_kit::jpeg::{self, Extras};
use testing_kit::{Landscape, Mood, require};

use crate::harness::html;
use crate::harness::web::form_in;
use crate::harness::{Person, Server, WebSession};

const PYTHON: &str = "HELIOGRAPH_TEST_PYTHON";
const PYTHON_INSTALL: &str =
    "the python of a virtual environment with `pip install toot Mastodon.py`";
const NODE_MODULES: &str = "HELIOGRAPH_TEST_NODE_MODULES";
const NODE_MODULES_INSTALL: &str =
    "the `node_modules` folder that `npm install masto megalodon` makes";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// A photo as a camera writes it, in a file.
fn photo_in(folder: &Path) -> PathBuf {
    let picture = Landscape {
        seed: 5,
        mood: Mood::Dusk,
        width: 1200,
        height: 900,
    }
    .draw();
    let stored = picture.stored_with_orientation(6);
    let path = folder.join("photo.jpg");
    std::fs::write(&path, jpeg::write(&stored, 90, &Extras::everything(6))).unwrap();
    path
}

fn check(output: &Output, last_words: &str) {
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && said.contains(last_words),
        "{}\n{said}\n{complained}",
        output.status
    );
}

/// Runs a program to its end without holding up the test's own tasks.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("the client runs"))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mastodon_py_does_the_main_job() {
    let Some(python) = require::variable(PYTHON, PYTHON_INSTALL) else {
        return;
    };
    let mut server = Server::start().await;
    let moderator = moderator(&mut server).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command
        .arg(script("mastodon_py.py"))
        .arg(server.base())
        .arg(photo_in(folder.path()))
        .arg(moderator.token());
    check(&run(command).await, "all done with Mastodon.py");
}

/// Somebody who looks after reports.
async fn moderator(server: &mut Server) -> Person {
    let scopes = "read write admin:read admin:write";
    let moderator = server.person_with_scopes("iris", scopes).await;
    server.appoint("iris", "moderator").await;
    moderator
}

/// Runs a script in Node for two people, one of whom posts a photo that the other finds.
async fn node_does_the_main_job(script_name: &str, last_words: &str) {
    let Some(modules) = require::variable(NODE_MODULES, NODE_MODULES_INSTALL) else {
        return;
    };
    let Some(node) = require::tool("node", "Debian's package `nodejs`") else {
        return;
    };
    let mut server = Server::start().await;
    let moderator = moderator(&mut server).await;
    let (author, reader) = (server.person("author").await, server.person("reader").await);
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(node);
    command.arg(script(script_name)).args([
        &modules,
        server.base(),
        author.token(),
        reader.token(),
    ]);
    command.arg(photo_in(folder.path())).arg(moderator.token());
    check(&run(command).await, last_words);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masto_js_does_the_main_job() {
    node_does_the_main_job("masto.mjs", "all done with masto.js").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn megalodon_does_the_main_job() {
    node_does_the_main_job("megalodon.cjs", "all done with megalodon").await;
}

/// `toot`, with a configuration folder of its own.
struct Toot {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Toot {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--no-color"])
            .args(arguments)
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("PYTHONUNBUFFERED", "1");
        command
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let output = run(self.command(arguments)).await;
        check(&output, "");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Signs in the way toot tells people to: open an address in the browser, say yes, copy the
    /// code back.
    async fn sign_in(&self, server: &Server, web: &WebSession) {
        let mut child = self
            .command(&["login", "--instance", server.base()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("toot runs");
        let (mut child, address) = tokio::task::spawn_blocking(move || {
            let address = address_it_shows(&mut child);
            (child, address)
        })
        .await
        .unwrap();
        let page = web.open(&address).await;
        let reply = web
            .submit(&form_in(&page, "/oauth/authorize").press("allow"))
            .await;
        let page = web.follow(reply).await;
        let code =
            html::attribute_where(&page.text(), "id", "code", "value").expect("a code on the page");
        let mut stdin = child.stdin.take().unwrap();
        // First answer: no, it need not open a browser.
        stdin.write_all(format!("n\n{code}\n").as_bytes()).unwrap();
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        assert!(ended.success(), "toot does not sign in: {ended}");
    }
}

fn address_it_shows(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let address = lines
        .find(|line| line.contains("/oauth/authorize"))
        .expect("toot shows an address");
    // Continues reading, so that toot is not stopped by a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    address.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toot_signs_in_posts_and_reads() {
    let Some(python) = require::variable(PYTHON, PYTHON_INSTALL) else {
        return;
    };
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    let bob = server.person("bob").await;
    let toot = Toot {
        program: Path::new(&python).with_file_name("toot"),
        home: tempfile::tempdir().unwrap(),
    };
    toot.sign_in(&server, &web).await;
    assert!(toot.run(&["whoami"]).await.contains("@ada"));

    let photo = photo_in(toot.home.path()).to_string_lossy().into_owned();
    let ada = bob
        .get("/api/v1/accounts/lookup?acct=ada")
        .await
        .expect(200);
    let follow = format!("/api/v1/accounts/{}/follow", ada["id"].as_str().unwrap());
    bob.post(&follow, &serde_json::json!({})).await.expect(200);
    toot.run(&[
        "post",
        "From toot #light",
        "--media",
        &photo,
        "--description",
        "A photo",
    ])
    .await;
    let post = crate::harness::eventually("the post from toot", async || {
        let home = bob.home().await;
        home.into_iter().find(|post| {
            post["content"]
                .as_str()
                .is_some_and(|content| content.contains("From toot"))
        })
    })
    .await;
    assert_eq!(post["media_attachments"][0]["description"], "A photo");
    let home = toot
        .run(&["timelines", "home", "--no-pager", "--no-clear"])
        .await;
    assert!(home.contains("From toot"), "{home}");
    reads_round_a_post(&toot, &server, post["id"].as_str().unwrap()).await;
    toot.run(&["delete", post["id"].as_str().unwrap()]).await;
    bob.misses_at_home(post["id"].as_str().unwrap()).await;
}

/// A list, with somebody whom one follows on it for a while.
async fn keeps_a_list(toot: &Toot) {
    toot.run(&["lists", "create", "Friends"]).await;
    toot.run(&["lists", "add", "Friends", "bob"]).await;
    let listed = toot.run(&["lists", "accounts", "Friends"]).await;
    assert!(listed.contains("@bob"), "{listed}");
    toot.run(&["lists", "remove", "Friends", "bob"]).await;
    toot.run(&["lists", "delete", "Friends"]).await;
}

/// What else toot shows of a post, and of who wrote it.
async fn reads_round_a_post(toot: &Toot, server: &Server, post_id: &str) {
    let shown = toot.run(&["status", post_id]).await;
    assert!(shown.contains("From toot"), "{shown}");
    let thread = toot.run(&["thread", post_id]).await;
    assert!(thread.contains("From toot"), "{thread}");
    let public = toot
        .run(&["timelines", "public", "--local", "--no-pager", "--no-clear"])
        .await;
    assert!(public.contains("From toot"), "{public}");
    let account = toot
        .run(&["timelines", "account", "ada", "--no-pager", "--no-clear"])
        .await;
    assert!(account.contains("From toot"), "{account}");
    for verb in ["mute", "unmute", "block", "unblock"] {
        toot.run(&[verb, "bob"]).await;
    }
    for verb in ["favourite", "unfavourite", "bookmark", "reblog"] {
        toot.run(&[verb, post_id]).await;
    }
    let resharers = toot.run(&["reblogged_by", post_id]).await;
    assert!(resharers.contains("ada"), "{resharers}");
    toot.run(&["unreblog", post_id]).await;
    for verb in ["pin", "unpin"] {
        toot.run(&[verb, post_id]).await;
    }
    let bookmarks = toot.run(&["bookmarks", "--once"]).await;
    assert!(bookmarks.contains("From toot"), "{bookmarks}");
    toot.run(&["unbookmark", post_id]).await;
    toot.run(&["notifications"]).await;
    toot.run(&["notifications", "--clear"]).await;
    // It looks people up by searching.
    let found = toot.run(&["search", "ada"]).await;
    assert!(found.contains("@ada"), "{found}");
    toot.run(&["follow", "bob"]).await;
    keeps_a_list(toot).await;
    toot.run(&["unfollow", "bob"]).await;
    let tagged = toot
        .run(&["timelines", "tag", "light", "--no-pager", "--no-clear"])
        .await;
    assert!(tagged.contains("From toot"), "{tagged}");
    toot.run(&["tags", "follow", "light"]).await;
    let followed = toot.run(&["tags", "followed"]).await;
    assert!(followed.contains("light"), "{followed}");
    toot.run(&["tags", "unfollow", "light"]).await;
    let instance = toot.run(&["instance", server.base()]).await;
    assert!(instance.contains("Heliograph"), "{instance}");
    toot.run(&[
        "update_account",
        "--display-name",
        "Ada",
        "--note",
        "By toot",
    ])
    .await;
    assert!(toot.run(&["whoami"]).await.contains("By toot"));
}
