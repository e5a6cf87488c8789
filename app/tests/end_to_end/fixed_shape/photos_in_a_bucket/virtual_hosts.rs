//! A bucket that requests name in the host, `photos.localhost`, on a server that looks for it
//! there.
//!
//! Few machines resolve such a name, so the test runs again where this one's list of hosts is
//! another.

use super::*;
use crate::fixed_shape::full_disk::{is_in_namespace, run_in_namespace};

/// What resolves there.
const HOSTS: &str = "127.0.0.1 localhost photos.localhost\n";

/// Has names resolve by that list, for this process and those that it starts.
fn resolve(folder: &TempDir) {
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, HOSTS).unwrap();
    let mut bind = std::process::Command::new("mount");
    bind.arg("--bind").arg(&hosts).arg("/etc/hosts");
    assert!(bind.status().unwrap().success(), "no list of hosts");
}

#[tokio::test]
async fn photos_are_kept_in_a_bucket_that_the_host_names() {
    if std::env::var_os("HELIOGRAPH_TEST_S3").is_none() {
        return;
    }
    if !is_in_namespace() {
        let module = "fixed_shape::photos_in_a_bucket::virtual_hosts";
        let story = "photos_are_kept_in_a_bucket_that_the_host_names";
        run_in_namespace(&format!("{module}::{story}"));
        return;
    }
    let folder = TempDir::new().unwrap();
    resolve(&folder);
    let s3 = S3::start().unwrap();
    let endpoint = format!("http://localhost:{}", s3.port());
    let settings = with(&bucket(&s3, "virtual"), ENDPOINT, &endpoint);
    let settings = with(&settings, "HELIOGRAPH_S3__STYLE", "virtual");
    let mut server = serve(&settings).await;
    let ada = server.person("ada").await;
    let media = ada.photo(Upload::jpeg(photo(1))).await;
    let address = text(&media, "/url");
    let served = ada.get(&address).await;
    assert_eq!(served.status, 200, "{}", served.describe());
    // Past the host's name it is where any other request finds it.
    let objects = s3.objects("virtual");
    assert_eq!(objects.read(&object(&address)), served.body);
    let path = format!("/api/v1/media/{}", text(&media, "/id"));
    assert_eq!(ada.delete(&path).await.status, 200);
    eventually("everything is deleted", async || {
        (objects.names() == ["heliograph.id"]).then_some(())
    })
    .await;
    ada.photo(Upload::jpeg(photo(2))).await;
    stop(&mut server).await;
    let words = succeed(server.folder(), &["doctor"], &settings);
    assert!(
        words.contains("can be written to, read and listed"),
        "{words}"
    );
    let back = ["move", "photos", "--to", "folder"];
    succeed(server.folder(), &back, &settings);
    assert_eq!(files(server.folder()) + 1, objects.names().len());
}
