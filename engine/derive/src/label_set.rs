//! `#[derive(LabelSet)]`.

use crate::attributes::{Crate, is_flattened, label_crate, local, rename, with_static_lifetimes};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::collections::HashMap;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, GenericParam, Generics, Lifetime, LitStr, Result, Type};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let krate = label_crate(&input.attrs)?;
    let fields = named_fields(input)?;
    let mut names: HashMap<String, Span> = HashMap::new();
    let mut parts = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        if is_flattened(&field.attrs)? {
            parts.push(Part { ident, ty: &field.ty, name: None });
            continue;
        }
        let name = label_name(field, ident)?;
        if names.insert(name.value(), name.span()).is_some() {
            return Err(Error::new(name.span(), format!("two labels are named `{}`", name.value())));
        }
        parts.push(Part { ident, ty: &field.ty, name: Some(name) });
    }
    let (all_names, all_values) = lists(&krate, &parts);
    let has_sets = parts.iter().any(|part| part.name.is_none());
    if let Some(parameter) = input.generics.params.iter().find(|it| !matches!(it, GenericParam::Lifetime(_)))
        && has_sets
    {
        let problem = "`flatten` needs a struct without type parameters: its labels are listed in constants";
        return Err(Error::new(parameter.span(), problem));
    }
    let ordinals = parts.iter().map(|part| part.ordinal(&krate, has_sets));
    let visits = parts.iter().map(|part| part.visit(&krate));
    let this = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let family = family_generics(&input.generics);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::LabelSet for #this #type_generics #where_clause {
            type Family = #this #family;
            const NAMES: &'static [&'static str] = #all_names;
            const VALUES: &'static [&'static [&'static str]] = #all_values;

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

/// One field: a label, or without a name a set of labels.
struct Part<'i> {
    ident: &'i Ident,
    ty: &'i Type,
    name: Option<LitStr>,
}

// The code of a part has the span of its type: a type that is not a label value is refused there, and not at the
// derive.
impl Part<'_> {
    fn ordinal(&self, krate: &Crate, has_sets: bool) -> TokenStream {
        let Self { ident, ty, name } = self;
        // A name that is bound is the crate's own, as a constant that is called alike would be a pattern.
        let (field, ordinal) = (quote!(&self.#ident), local("streamgauge_ordinal"));
        let (count, own) = match name {
            Some(_) => (
                quote_spanned!(ty.span()=> <#ty as #krate::LabelValue>::VALUES.len()),
                quote_spanned!(ty.span()=> #krate::LabelValue::ordinal(streamgauge_field)),
            ),
            None => (
                quote_spanned!(ty.span()=> #krate::flatten::combinations::<#ty>()),
                quote_spanned!(ty.span()=> #krate::LabelSet::ordinal(streamgauge_field)),
            ),
        };
        let next = match has_sets {
            true => quote_spanned!(ty.span()=> #krate::flatten::ordinal(#ordinal, #count, #own)),
            false => quote_spanned!(ty.span()=> #ordinal.wrapping_mul(#count).wrapping_add(#own)),
        };
        quote_spanned! {ty.span()=>
            let streamgauge_field = #field;
            let #ordinal = #next;
        }
    }

    fn visit(&self, krate: &Crate) -> TokenStream {
        let Self { ident, ty, name } = self;
        let (field, visitor) = (quote!(&self.#ident), local("streamgauge_visitor"));
        match name {
            Some(_) => quote_spanned! {ty.span()=>
                let streamgauge_field = #field;
                #krate::LabelValue::with_text(streamgauge_field, |streamgauge_text| {
                    #krate::LabelVisitor::value(#visitor, streamgauge_text)
                });
            },
            None => quote_spanned! {ty.span()=>
                let streamgauge_field = #field;
                #krate::flatten::visit(streamgauge_field, #visitor);
            },
        }
    }
}

/// Returns the constants with the names and the values of all labels.
fn lists(krate: &Crate, parts: &[Part<'_>]) -> (TokenStream, TokenStream) {
    if parts.iter().all(|part| part.name.is_some()) {
        let names = parts.iter().map(|part| &part.name);
        let types = parts.iter().map(|part| part.ty);
        return (quote!(&[#(#names),*]), quote!(&[#(<#types as #krate::LabelValue>::VALUES),*]));
    }
    let names = parts.iter().map(|Part { ty, name, .. }| {
        let ty = with_static_lifetimes(ty.to_token_stream());
        match name {
            Some(name) => quote!(&[#name]),
            None => quote_spanned!(ty.span()=> <#ty as #krate::LabelSet>::NAMES),
        }
    });
    let values = parts.iter().map(|Part { ty, name, .. }| {
        let ty = with_static_lifetimes(ty.to_token_stream());
        match name {
            Some(_) => quote_spanned!(ty.span()=> &[<#ty as #krate::LabelValue>::VALUES]),
            None => quote_spanned!(ty.span()=> #krate::flatten::values::<#ty>()),
        }
    });
    let list = |item: TokenStream, first: TokenStream, parts: Vec<TokenStream>| {
        quote!({
            const STREAMGAUGE_PARTS: &[&[#item]] = &[#(#parts),*];
            const STREAMGAUGE_ALL: [#item; #krate::flatten::count(STREAMGAUGE_PARTS)] =
                #krate::flatten::concat(STREAMGAUGE_PARTS, #first);
            &STREAMGAUGE_ALL
        })
    };
    (
        list(quote!(&'static str), quote!(""), names.collect()),
        list(quote!(&'static [&'static str]), quote!(&[]), values.collect()),
    )
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

/// Returns the name of a field's label, checked as the registry would check it.
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

/// Returns the generic arguments with every lifetime `'static`.
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
