//! The drill with a copy of the server and its archived log, recovered to the moment of a backup.

use super::*;

/// The guide's line that takes the place of the dump.
fn restore_point() -> &'static str {
    let blocks = GUIDE.split("```sql\n").skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split_once("```"));
    let found = blocks.find(|(block, _)| block.contains("pg_create_restore_point"));
    found.unwrap().0.trim_end()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_recovered_to_the_moment_of_its_log() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let archive = postgres.archive();
    let Some(mut scene) = Scene::on(postgres, vec![(BUS, String::new())]).await else {
        return;
    };
    let with_point = |line: &str| match line.starts_with(".shell pg_dump") {
        true => format!("{}\n", restore_point()),
        false => format!("{line}\n"),
    };
    let backup: String = scene.backup.lines().map(with_point).collect();
    scene.backup = without(&backup, "test -s posts-and-people.dump");
    let people = scene.start_people().await;
    let kept = scene.back_up();
    scene.lose(people, &kept).await;

    let entries = fs::read_dir(scene.backups.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let point = names.filter(|name| name.starts_with("20")).last().unwrap();
    let postgres = archive.recover_to(&point);
    for part in ["END", "CREATE DATABASE", "pg_restore"] {
        scene.restore = without(&scene.restore, part);
    }
    let restored = scene.restore(&postgres);
    scene.go_on(restored, &postgres, &kept).await;
}
