//! `#[derive(infra_db::Row)]`.

use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields};

/// The implementation of `infra_db::Row` for a struct with named fields.
pub(crate) fn expand(input: &DeriveInput) -> Result<proc_macro2::TokenStream, Error> {
    let fields = named_fields(input)?;
    let (mut names, mut reads) = (Vec::new(), Vec::new());
    for field in fields {
        let (name, kind) = (&field.ident, &field.ty);
        if is_flat(field)? {
            // In the order of the fields, in which `read` takes the values.
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
