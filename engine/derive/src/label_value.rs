//! `#[derive(LabelValue)]`.

use crate::attributes::{label_crate, rename};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::collections::HashMap;
use syn::{Data, DeriveInput, Error, LitStr, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "LabelValue is derived for an enum; a struct of labels derives LabelSet",
        ));
    };
    let krate = label_crate(&input.attrs)?;
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "an enum without variants has no label value"));
    }
    let mut texts: HashMap<String, Span> = HashMap::new();
    let mut arms = Vec::new();
    let mut ordinals = Vec::new();
    let mut values = Vec::new();
    for variant in &data.variants {
        if !variant.fields.is_empty() {
            return Err(Error::new_spanned(&variant.fields, "a label value has no fields: its text must be fixed"));
        }
        let ident = &variant.ident;
        let text = rename(&variant.attrs)?
            .unwrap_or_else(|| LitStr::new(&snake_case(ident.to_string().trim_start_matches("r#")), ident.span()));
        if texts.insert(text.value(), text.span()).is_some() {
            return Err(Error::new(text.span(), format!("two variants have the text `{}`", text.value())));
        }
        let ordinal = values.len();
        arms.push(quote!(Self::#ident => #text));
        ordinals.push(quote!(Self::#ident => #ordinal));
        values.push(text);
    }
    let this = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::LabelValue for #this #type_generics #where_clause {
            const VALUES: &'static [&'static str] = &[#(#values),*];

            #[inline]
            fn with_text<StreamgaugeResult>(
                &self,
                streamgauge_show: impl ::core::ops::FnOnce(&str) -> StreamgaugeResult,
            ) -> StreamgaugeResult {
                streamgauge_show(match self { #(#arms),* })
            }

            #[inline(always)]
            fn ordinal(&self) -> usize {
                match self { #(#ordinals),* }
            }
        }
    })
}

/// `ConnectionLost` -> `connection_lost`, `IOError` -> `io_error`.
fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, char) in chars.iter().enumerate() {
        let after_lower = index > 0 && !chars[index - 1].is_uppercase() && chars[index - 1] != '_';
        let before_lower = index > 0 && chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        if char.is_uppercase() && (after_lower || (before_lower && chars[index - 1] != '_')) {
            text.push('_');
        }
        text.extend(char.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn snake_case_splits_words() {
        assert_eq!(snake_case("Insert"), "insert");
        assert_eq!(snake_case("ConnectionLost"), "connection_lost");
        assert_eq!(snake_case("IOError"), "io_error");
        assert_eq!(snake_case("Http2"), "http2");
        assert_eq!(snake_case("already_snake"), "already_snake");
    }
}
