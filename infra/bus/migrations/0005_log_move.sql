-- The last move of the log from one place to another, in one row, if there was one. from_history is the history of the log that
-- was left, until that one is emptied, and NULL then; to_history is that of the log that is read since. last_event is the last
-- event of then, or NULL: ids go on above it, though neither log may hold any of it still. See infra/bus/src/log_place.rs.
CREATE TABLE log_move (from_history TEXT, to_history TEXT NOT NULL, last_event BIGINT);
