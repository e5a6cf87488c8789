//! Stories whose shape is fixed: they look into the files of a data folder, or start the engines
//! themselves that they are about, or need no server at all. They are told once, whatever shape the
//! run has; every other story is told on both.

pub(crate) mod backup;
mod backup_failures;
mod callers;
pub(crate) mod commands;
mod data_folder;
mod database_failover;
mod database_server;
mod engine_drill;
mod engine_faults;
pub(crate) mod engine_schemas;
mod environment;
mod event_log;
pub(crate) mod full_disk;
mod given_up_forms;
pub(crate) mod lost_databases;
pub(crate) mod media_commands;
mod moved_databases;
mod moved_log;
mod moved_photos;
pub(crate) mod photos_in_a_bucket;
pub(crate) mod power_loss;
mod redis;
mod remote_domain;
mod slow_disk;
