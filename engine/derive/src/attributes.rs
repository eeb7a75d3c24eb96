//! What all derives have in common: the `#[label(..)]` attribute, the path of the crate, and types out of macros.

use proc_macro2::{Ident, Span, TokenStream};
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
                if !meta.path.is_ident("rename") {
                    return Err(meta.error(
                        "unknown label attribute; `rename = \"..\"` is allowed, and `crate = \"..\"` on the type",
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

/// Gives the text of `#[label(rename = "..")]` on a field or variant, if there is one.
pub(crate) fn rename(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    match LabelAttributes::parse(attributes)? {
        LabelAttributes { krate: Some((_, span)), .. } => {
            Err(Error::new(span, "`crate` stands on the type, not on one of its fields or variants"))
        }
        LabelAttributes { rename, .. } => Ok(rename),
    }
}

/// Gives the crate of `#[label(crate = "..")]` on a type.
pub(crate) fn label_crate(attributes: &[Attribute]) -> Result<Crate> {
    match LabelAttributes::parse(attributes)? {
        LabelAttributes { rename: Some(rename), .. } => {
            Err(Error::new(rename.span(), "`rename` stands on a field or a variant, not on the type"))
        }
        LabelAttributes { krate, .. } => Ok(krate.unwrap_or((Crate::default(), Span::call_site())).0),
    }
}

/// Gives a name that is bound elsewhere in the derived code, for code that has the place of a type so that the compiler
/// speaks of that. A type that came through a macro would bring along where names are looked up, and `self` is none there.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// Gives a type without the invisible parentheses that a macro's `$t:ty` has around it, and without visible ones.
pub(crate) fn peeled(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}
