-- Those of a subscription are replayed and counted in the order of their ids.
CREATE INDEX dead_letters_of_subscription ON dead_letters (subscription);
