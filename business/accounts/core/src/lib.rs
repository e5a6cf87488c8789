//! business-accounts
