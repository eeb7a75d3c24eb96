//! `#[derive(LabelSet)]`.

use crate::attributes::{label_crate, local, rename};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use std::collections::HashMap;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, GenericParam, Generics, Lifetime, LitStr, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let krate = label_crate(&input.attrs)?;
    let fields = named_fields(input)?;
    let mut names: HashMap<String, Span> = HashMap::new();
    let mut labels = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let name = label_name(field, ident)?;
        if names.insert(name.value(), name.span()).is_some() {
            return Err(Error::new(name.span(), format!("two labels are named `{}`", name.value())));
        }
        labels.push((ident, &field.ty, name));
    }
    let types: Vec<_> = labels.iter().map(|(_, ty, _)| ty).collect();
    let texts = labels.iter().map(|(_, _, name)| name);
    // Names that are bound are the crate's own, as a constant that is called alike would be a pattern.
    let [visitor, ordinal] = ["streamgauge_visitor", "streamgauge_ordinal"].map(local);
    // With the type's span: what is no label value is refused there, and not at the derive.
    let ordinals = labels.iter().map(|(ident, ty, _)| {
        let field = quote!(&self.#ident);
        quote_spanned! {ty.span()=>
            let streamgauge_field = #field;
            let #ordinal = #ordinal
                .wrapping_mul(<#ty as #krate::LabelValue>::VALUES.len())
                .wrapping_add(#krate::LabelValue::ordinal(streamgauge_field));
        }
    });
    let visits = labels.iter().map(|(ident, ty, _)| {
        let field = quote!(&self.#ident);
        quote_spanned! {ty.span()=>
            let streamgauge_field = #field;
            #krate::LabelValue::with_text(streamgauge_field, |streamgauge_text| {
                #krate::LabelVisitor::value(#visitor, streamgauge_text)
            });
        }
    });
    let this = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let family = family_generics(&input.generics);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::LabelSet for #this #type_generics #where_clause {
            type Family = #this #family;
            const NAMES: &'static [&'static str] = &[#(#texts),*];
            const VALUES: &'static [&'static [&'static str]] = &[#(<#types as #krate::LabelValue>::VALUES),*];

            #[inline(always)]
            fn visit<StreamgaugeVisitor: #krate::LabelVisitor>(&self, streamgauge_visitor: &mut StreamgaugeVisitor) {
                #(#visits)*
            }

            #[inline(always)]
            fn ordinal(&self) -> usize {
                let streamgauge_ordinal = 0usize;
                #(#ordinals)*
                streamgauge_ordinal
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            Fields::Unnamed(_) | Fields::Unit => Err(Error::new_spanned(
                &input.ident,
                "LabelSet needs named fields: a label's name is its field's; for no labels use `()`",
            )),
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "LabelSet is derived for a struct; for an enum that is one label's value derive LabelValue",
        )),
    }
}

/// Gives the name of a field's label, checked as the registry would check it.
fn label_name(field: &Field, ident: &Ident) -> Result<LitStr> {
    let name = match rename(&field.attrs)? {
        Some(name) => name,
        None => LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span()),
    };
    let text = name.value();
    if text.is_empty() {
        return Err(Error::new(name.span(), "a label name has at least one character"));
    }
    if text.contains('\0') {
        return Err(Error::new(name.span(), "a label name has no NUL, which Prometheus cannot read"));
    }
    if text == "le" || text == "quantile" || text.starts_with("__") {
        return Err(Error::new(
            name.span(),
            format!("the label name `{text}` is reserved; so are le, quantile and names that start with `__`"),
        ));
    }
    Ok(name)
}

/// Gives the generic arguments with every lifetime `'static`.
fn family_generics(generics: &Generics) -> TokenStream {
    if generics.params.is_empty() {
        return TokenStream::new();
    }
    let arguments = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(_) => {
            let lifetime = Lifetime::new("'static", Span::call_site());
            quote!(#lifetime)
        }
        GenericParam::Type(parameter) => {
            let ident = &parameter.ident;
            quote!(#ident)
        }
        GenericParam::Const(parameter) => {
            let ident = &parameter.ident;
            quote!(#ident)
        }
    });
    quote!(<#(#arguments),*>)
}
