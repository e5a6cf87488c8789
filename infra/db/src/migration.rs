//! What [`migrations!`](crate::migrations) expands to.

pub use sqlx::SqlStr;
pub use sqlx::migrate::{Migration, MigrationType, Migrator};
