//! `#[derive(infra_db::Row)]`: a struct that is read from a statement's row, each field from the
//! column of its name.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, parse_macro_input};

/// Reads a struct from a row. A field that is a row itself has `#[row(flatten)]`: its fields are
/// columns of the same row.
#[proc_macro_derive(Row, attributes(row))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let tokens = expand(&input).unwrap_or_else(Error::into_compile_error);
    tokens.into()
}

fn expand(input: &DeriveInput) -> Result<proc_macro2::TokenStream, Error> {
    let fields = named_fields(input)?;
    let (mut names, mut reads) = (Vec::new(), Vec::new());
    for field in fields {
        let (name, kind) = (&field.ident, &field.ty);
        if is_flat(field)? {
            names.push(quote! { names.extend(<#kind as ::infra_db::Row>::names()); });
            reads.push(quote! { #name: ::infra_db::Row::read(columns)? });
        } else {
            names.push(quote! { names.push(stringify!(#name)); });
            reads.push(quote! { #name: columns.take()? });
        }
    }
    let (row, (generics, arguments, bounds)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        impl #generics ::infra_db::Row for #row #arguments #bounds {
            fn names() -> ::std::vec::Vec<&'static str> {
                let mut names = ::std::vec::Vec::new();
                #(#names)*
                names
            }

            fn read(columns: &mut ::infra_db::Columns<'_>) -> ::std::result::Result<Self, ::infra_db::DbError> {
                ::std::result::Result::Ok(Self { #(#reads),* })
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>, Error> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            other => Err(Error::new_spanned(other, "a row's fields have names")),
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "only a struct can be read from a row",
        )),
    }
}

/// Whether the field's own fields are columns.
fn is_flat(field: &Field) -> Result<bool, Error> {
    let mut is_flat = false;
    for attribute in field.attrs.iter().filter(|one| one.path().is_ident("row")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("flatten") {
                return Err(meta.error("`flatten` is all there is"));
            }
            is_flat = true;
            Ok(())
        })?;
    }
    Ok(is_flat)
}
