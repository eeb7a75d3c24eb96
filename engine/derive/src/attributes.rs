//! What all derives have in common: the `#[label(..)]` attribute, the path of the crate, and types out of macros.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, LitStr, Path, Result, Type};

/// The path under which the derived code finds `streamgauge`.
#[derive(Clone, Default)]
pub(crate) struct Crate(Option<Path>);

impl Crate {
    /// Takes `crate = "path"`, which may also stand without quotes, as `$crate` has to.
    pub(crate) fn parse(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if self.0.is_some() {
            return Err(meta.error("`crate` is given twice"));
        }
        let value = meta.value()?;
        self.0 = Some(match value.parse::<Option<LitStr>>()? {
            Some(text) => text.parse_with(Path::parse_mod_style)?,
            None => value.call(Path::parse_mod_style)?,
        });
        Ok(())
    }
}

impl ToTokens for Crate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote!(::streamgauge)),
        }
    }
}

/// What `#[label(..)]` says.
#[derive(Default)]
pub(crate) struct LabelAttributes {
    rename: Option<LitStr>,
    flatten: Option<Span>,
    krate: Option<(Crate, Span)>,
}

impl LabelAttributes {
    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("label")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let span = meta.path.span();
                    return parsed.krate.get_or_insert_with(|| (Crate::default(), span)).0.parse(&meta);
                }
                if meta.path.is_ident("flatten") {
                    parsed.flatten = Some(meta.path.span());
                    return Ok(());
                }
                if !meta.path.is_ident("rename") {
                    return Err(meta.error(
                        "unknown label attribute; `rename = \"..\"` is allowed, `flatten` on the field of a label set, and \
                         `crate = \"..\"` on the type",
                    ));
                }
                if parsed.rename.is_some() {
                    return Err(meta.error("`rename` is given twice"));
                }
                parsed.rename = Some(meta.value()?.parse()?);
                Ok(())
            })?;
        }
        Ok(parsed)
    }
}

/// Returns whether a field of a label set has `#[label(flatten)]`: then it is a set itself.
pub(crate) fn is_flattened(attributes: &[Attribute]) -> Result<bool> {
    match LabelAttributes::parse(attributes)? {
        LabelAttributes { flatten: Some(_), rename: Some(rename), .. } => Err(Error::new(
            rename.span(),
            "a field with `flatten` has no name of its own, so there is nothing to rename",
        )),
        LabelAttributes { flatten, .. } => Ok(flatten.is_some()),
    }
}

/// Returns the text of `#[label(rename = "..")]` on a field or variant, if there is one.
pub(crate) fn rename(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    match LabelAttributes::parse(attributes)? {
        LabelAttributes { flatten: Some(span), .. } => {
            Err(Error::new(span, "`flatten` stands on a field of a label set that is a label set itself"))
        }
        LabelAttributes { krate: Some((_, span)), .. } => {
            Err(Error::new(span, "`crate` stands on the type, not on one of its fields or variants"))
        }
        LabelAttributes { rename, .. } => Ok(rename),
    }
}

/// Returns the crate of `#[label(crate = "..")]` on a type.
pub(crate) fn label_crate(attributes: &[Attribute]) -> Result<Crate> {
    match LabelAttributes::parse(attributes)? {
        LabelAttributes { flatten: Some(span), .. } => {
            Err(Error::new(span, "`flatten` stands on a field of a label set that is a label set itself"))
        }
        LabelAttributes { rename: Some(rename), .. } => {
            Err(Error::new(rename.span(), "`rename` stands on a field or a variant, not on the type"))
        }
        LabelAttributes { krate, .. } => Ok(krate.unwrap_or((Crate::default(), Span::call_site())).0),
    }
}

/// Returns tokens in which every lifetime is `'static`: for constants, which know none of the type's parameters.
pub(crate) fn with_static_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut is_lifetime = false;
    let replaced = tokens.into_iter().map(|token| {
        let was_lifetime = std::mem::take(&mut is_lifetime);
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                is_lifetime = true;
                TokenTree::Punct(punct)
            }
            TokenTree::Ident(ident) if was_lifetime => TokenTree::Ident(Ident::new("static", ident.span())),
            TokenTree::Group(group) => {
                let mut replaced = Group::new(group.delimiter(), with_static_lifetimes(group.stream()));
                replaced.set_span(group.span());
                TokenTree::Group(replaced)
            }
            token => token,
        }
    });
    replaced.collect()
}

/// Returns a name that is bound elsewhere in the derived code, for code that has the span of a type, so that the
/// compiler's errors point there. A type that came through a macro would also bring the place where names are looked
/// up, in which there is no `self`.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// Returns a type without the invisible parentheses that a macro's `$t:ty` has around it, and without visible ones.
pub(crate) fn peeled(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}
