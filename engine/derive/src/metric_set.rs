//! `#[derive(MetricSet)]`.

use crate::attributes::{Crate, local, peeled};
use crate::help::help;
use crate::metric_field::{Attributes, FieldKind, Metric, family_of};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use std::collections::HashSet;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, LitStr, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a set of metrics has no generics: its fields are fixed"));
    }
    let attributes = Attributes::parse(&input.attrs)?;
    attributes.allow(&["prefix", "label", "level", "limit", "crate"], "the struct")?;
    let krate = &attributes.krate;
    let mut taken = HashSet::new();
    let mut idents = Vec::new();
    let mut values = Vec::new();
    let mut shows = Vec::new();
    let mut problems: Option<Error> = None;
    for field in named_fields(input)? {
        let Some(ident) = &field.ident else { continue };
        match value(field, ident, &attributes, &mut taken) {
            Ok(value) => {
                idents.push(ident);
                let (place, visitor) = (quote!(&self.#ident), local("streamgauge_visitor"));
                shows.push(quote_spanned! {field.ty.span()=>
                    let streamgauge_field = #place;
                    #krate::SetField::field(streamgauge_field, #visitor);
                });
                values.push(value);
            }
            // All mistakes at once, each at its field.
            Err(error) => match &mut problems {
                Some(problems) => problems.combine(error),
                None => problems = Some(error),
            },
        }
    }
    if let Some(problems) = problems {
        return Err(problems);
    }
    let this = &input.ident;
    let name = this.to_string();
    let scope = attributes.scope(krate, &quote!(streamgauge_scope))?;
    Ok(quote! {
        #[automatically_derived]
        impl #krate::MetricSet for #this {
            fn register(streamgauge_scope: &#krate::Scope) -> ::core::result::Result<Self, #krate::Error> {
                let streamgauge_scope = &#scope;
                ::core::result::Result::Ok(Self { #(#idents: #values),* })
            }

            fn fields(&self, streamgauge_visitor: &mut #krate::FieldVisitor<'_>) {
                let _ = &streamgauge_visitor;
                #(#shows)*
            }
        }

        #[automatically_derived]
        impl ::core::clone::Clone for #this {
            fn clone(&self) -> Self {
                Self { #(#idents: ::core::clone::Clone::clone(&self.#idents)),* }
            }
        }

        #[automatically_derived]
        impl ::core::default::Default for #this {
            fn default() -> Self {
                Self { #(#idents: ::core::default::Default::default()),* }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #this {
            fn fmt(&self, streamgauge_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                streamgauge_f.debug_struct(#name)#(.field(::core::stringify!(#idents), &self.#idents))*.finish()
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            Fields::Unnamed(_) | Fields::Unit => {
                Err(Error::new_spanned(&input.ident, "MetricSet needs named fields: a metric's name is its field's"))
            }
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(&input.ident, "MetricSet is derived for a struct")),
    }
}

/// Returns the expression that registers a field in the scope of the set, whose attributes are `set`. `taken` are the
/// names, with constant labels, so far.
fn value(field: &Field, ident: &Ident, set: &Attributes, taken: &mut HashSet<String>) -> Result<TokenStream> {
    let attributes = Attributes::parse(&field.attrs)?;
    let krate: &Crate = &set.krate;
    let ty = peeled(&field.ty);
    let kind = FieldKind::of(ty);
    let (metric, end) = match kind {
        FieldKind::Metric(metric) => (metric, quote_spanned!(ty.span()=> register())),
        FieldKind::Family(metric) => match &attributes.by {
            Some(by) => (metric, quote_spanned!(ty.span()=> family_by(#by))),
            None => (metric, quote_spanned!(ty.span()=> family())),
        },
        FieldKind::Set => {
            attributes.allow(&["prefix", "label", "level", "limit"], "a set, or a family of sets")?;
            let scope = attributes.scope(krate, &quote!(streamgauge_scope))?;
            // By trait where it can be, so that the compiler says what the type is not.
            let by = if family_of(ty).is_some() { quote!(<#ty>) } else { quote!(<#ty as #krate::MetricSet>) };
            return Ok(quote_spanned!(ty.span()=> #by::register(&#scope)?));
        }
    };
    let allowed: &[_] = match metric {
        Metric::Histogram => &["name", "unit", "label", "level", "limit", "buckets"],
        Metric::Summary => &["name", "unit", "label", "level", "limit", "quantiles", "window"],
        Metric::StateSet => &["name", "label", "level", "limit", "states"],
        _ => &["name", "unit", "label", "level", "limit"],
    };
    // Of a family alone: a single metric has no labels to name.
    match kind {
        FieldKind::Family(_) => attributes.allow(&[allowed, &["by"]].concat(), metric.article())?,
        _ => attributes.allow(allowed, metric.article())?,
    }
    let name = match &attributes.name {
        Some(name) => name.clone(),
        None => LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span()),
    };
    metric.check_name(set.prefix.as_ref(), &name, attributes.unit.as_ref())?;
    if !taken.insert(format!("{}{}", name.value(), attributes.label_text())) {
        return Err(Error::new(name.span(), format!("two metrics are named `{}`", name.value())));
    }
    let help = help(field, ident)?;
    let method = metric.method();
    let unit = attributes.unit_variant()?.map(|unit| quote!(.unit(#krate::Unit::#unit)));
    let level = attributes.level(krate)?.map(|level| quote!(.level(#level)));
    let limit = attributes.limit();
    if metric == Metric::StateSet && attributes.states.is_none() {
        return Err(Error::new(ident.span(), format!("`{ident}` needs its states: `#[metric(states = [..])]`")));
    }
    let states = attributes.states.as_ref().map(|states| quote_spanned!(states.span()=> .states(#states)));
    let buckets = attributes.buckets.as_ref().map(|buckets| quote_spanned!(buckets.span()=> .buckets(#buckets)));
    // Sliced, as an array, a vector, and a reference to either can be.
    let quantiles = attributes.quantiles.as_ref().map(|list| {
        let slice = quote!(&(#list)[..]);
        quote_spanned!(list.span()=> .quantiles(#slice))
    });
    let window = attributes.window.as_ref();
    let window = window.map(|(length, slices)| quote_spanned!(length.span()=> .window(#length, #slices)));
    let labels = attributes.labels.iter().map(|(name, value)| quote!(.label(#name, #value)));
    Ok(
        quote!(streamgauge_scope.#method(#name, #help) #unit #level #limit #buckets #quantiles #window #states #(#labels)* .#end?),
    )
}
