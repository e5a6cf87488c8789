//! presentation-mastodon
