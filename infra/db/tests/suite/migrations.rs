//! The migrations that a program is compiled with are those that sqlx reads from the folder: the
//! databases that exist were made by its macro, and know them by their checksums.

use std::path::Path;

use infra_db::Migrator;

static FOLDER: Migrator = infra_db::migrations!("tests/suite/migrations/compiled");

#[tokio::test]
async fn compiled_migrations_are_those_of_the_folder() {
    let folder = Path::new("tests/suite/migrations/compiled");
    let read = Migrator::new(folder).await.unwrap();
    let facts = |migrator: &Migrator| {
        migrator
            .iter()
            .map(|one| {
                let texts = (one.description.to_string(), one.sql.as_str().to_owned());
                (one.version, texts, one.no_tx, one.checksum.to_vec())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(facts(&FOLDER), facts(&read));
    let numbers = FOLDER.iter().map(|one| (one.version, one.no_tx));
    assert_eq!(
        numbers.collect::<Vec<_>>(),
        [(1, false), (2, true), (10, false)]
    );
}
