//! The macros of `infra-db`, which passes them on.
//!
//! They are ours because sqlx's own come with all of sqlx, its encryption and a runtime, compiled a
//! second time for the compiler to run: a tenth of a first build.

mod migrations;
mod row;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, LitStr, parse_macro_input};

/// Reads a struct from a statement's row, each field from the column of its name. A field that is a
/// row itself has `#[row(flatten)]`: its fields are columns of the same row.
#[proc_macro_derive(Row, attributes(row))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    row::expand(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// The migrations of a folder, which is named from the crate's own: a constant `Migrator`.
///
/// A file is named `0001_what_it_does.sql`, and no two of a folder have the same number. Its first
/// line may be `-- no-transaction`. Other files, and folders in it, are not looked at.
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    let folder = parse_macro_input!(input as LitStr);
    migrations::expand(&folder)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}
