-- The history of the log elsewhere that this installation was last served over, or '' where that is the log in this database: a
-- log that was published to and that no subscription has read yet is known by nothing else. See infra/bus/src/log_place.rs.
ALTER TABLE installation ADD COLUMN log_history TEXT NOT NULL DEFAULT '';
