//! What a field of a metric set says: its type, its help, its `#[metric(..)]` attributes.

use crate::attributes::{Crate, peeled};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, GenericArgument, LitStr, PathArguments, Result, Type};

/// A single metric.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Counter,
    FloatCounter,
    DurationCounter,
    Gauge,
    UpDownCounter,
    Histogram,
    Summary,
    StateSet,
}

/// What a field holds, by the last name of its type, as a macro sees no more.
pub(crate) enum FieldKind {
    Metric(Metric),
    /// A family of single metrics.
    Family(Metric),
    /// A set, or a family of sets.
    Set,
}

impl Metric {
    fn of(ty: &Type) -> Option<Self> {
        let Type::Path(path) = peeled(ty) else { return None };
        Some(match path.path.segments.last()?.ident.to_string().as_str() {
            "Counter" => Self::Counter,
            "FloatCounter" => Self::FloatCounter,
            "DurationCounter" => Self::DurationCounter,
            "Gauge" => Self::Gauge,
            "UpDownCounter" => Self::UpDownCounter,
            "Histogram" => Self::Histogram,
            "Summary" => Self::Summary,
            "StateSet" => Self::StateSet,
            _ => return None,
        })
    }

    /// Returns the method of a scope that declares one.
    pub(crate) fn method(self) -> Ident {
        let name = match self {
            Self::Counter => "counter",
            Self::FloatCounter => "float_counter",
            Self::DurationCounter => "duration_counter",
            Self::Gauge => "gauge",
            Self::UpDownCounter => "up_down_counter",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::StateSet => "state_set",
        };
        Ident::new(name, Span::call_site())
    }

    pub(crate) fn article(self) -> &'static str {
        match self {
            Self::Counter => "a counter",
            Self::FloatCounter => "a float counter",
            Self::DurationCounter => "a duration counter",
            Self::Gauge => "a gauge",
            Self::UpDownCounter => "an up-down counter",
            Self::Histogram => "a histogram",
            Self::Summary => "a summary",
            Self::StateSet => "a state set",
        }
    }

    /// Checks a name as the registry would check it, with the prefix of its set. Where the set has none, its scope may
    /// have one: then the registry alone can say whether `total` is a counter's name.
    pub(crate) fn check_name(self, prefix: Option<&LitStr>, name: &LitStr, unit: Option<&LitStr>) -> Result<()> {
        let text = match prefix {
            Some(prefix) => format!("{}_{}", prefix.value(), name.value()),
            None => name.value(),
        };
        let problem = match text.is_empty() {
            true => Some("a name has at least one character".to_owned()),
            false => self.problem(&text, unit),
        };
        match problem {
            Some(problem)
                if text.is_empty() || prefix.is_some() || self.problem(&format!("_{text}"), unit).is_some() =>
            {
                Err(Error::new(name.span(), format!("`{text}`: {problem}")))
            }
            _ => Ok(()),
        }
    }

    /// Returns what is wrong with a whole name.
    fn problem(self, text: &str, unit: Option<&LitStr>) -> Option<String> {
        let is_counter = matches!(self, Self::Counter | Self::FloatCounter | Self::DurationCounter);
        let stem = match text.strip_suffix("_total") {
            Some(stem) if is_counter => stem,
            Some(_) => return Some(format!("only counters end in `_total`, and this is {}", self.article())),
            None if is_counter => {
                return Some("the name of a counter ends in `_total`; `#[metric(name = \"..\")]` gives one".to_owned());
            }
            None => text,
        };
        if self == Self::DurationCounter && !stem.ends_with("_seconds") {
            return Some("the name of a duration counter ends in `_seconds_total`".to_owned());
        }
        if let Some(suffix) =
            ["_bucket", "_sum", "_count", "_created", "_info"].iter().find(|suffix| stem.ends_with(*suffix))
        {
            return Some(format!("`{suffix}` is the suffix of samples that formats make themselves"));
        }
        if let Some(unit) = unit.map(LitStr::value)
            && !stem.strip_suffix(&*unit).is_some_and(|before| before.ends_with('_'))
        {
            let total = if is_counter { "_total" } else { "" };
            return Some(format!("with the unit {unit} the name ends in `_{unit}{total}`"));
        }
        None
    }
}

impl FieldKind {
    pub(crate) fn of(ty: &Type) -> Self {
        if let Some(metric) = Metric::of(ty) {
            return Self::Metric(metric);
        }
        family_of(ty).and_then(Metric::of).map_or(Self::Set, Self::Family)
    }
}

/// Returns `M` of `Family<L, M>`.
pub(crate) fn family_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peeled(ty) else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.last()? {
        GenericArgument::Type(ty) if last.ident == "Family" => Some(ty),
        _ => None,
    }
}

/// The `#[metric(..)]` attributes of a field or a struct.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    level: Option<LitStr>,
    limit: Option<Expr>,
    pub(crate) buckets: Option<Expr>,
    pub(crate) quantiles: Option<Expr>,
    /// Its length, and its slices.
    pub(crate) window: Option<(Expr, Expr)>,
    pub(crate) states: Option<Expr>,
    /// The names of the labels of a family whose values are given by their places.
    pub(crate) by: Option<Expr>,
    pub(crate) prefix: Option<LitStr>,
    /// Of the struct.
    pub(crate) krate: Crate,
    pub(crate) labels: Vec<(LitStr, LitStr)>,
    /// Which were given, and where.
    given: Vec<Ident>,
}

impl Attributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("metric")) {
            attribute.parse_nested_meta(|meta| {
                let Some(name) = meta.path.get_ident().cloned() else { return Err(meta.error(UNKNOWN)) };
                let repeated = name != "label" && parsed.given.contains(&name);
                if repeated {
                    return Err(meta.error(format!("`{name}` is given twice")));
                }
                match name.to_string().as_str() {
                    "name" => parsed.name = Some(meta.value()?.parse()?),
                    "unit" => parsed.unit = Some(meta.value()?.parse()?),
                    "level" => parsed.level = Some(meta.value()?.parse()?),
                    "limit" => parsed.limit = Some(meta.value()?.parse()?),
                    "crate" => parsed.krate.parse(&meta)?,
                    "prefix" => parsed.prefix = Some(meta.value()?.parse()?),
                    "buckets" => parsed.buckets = Some(meta.value()?.parse()?),
                    "quantiles" => parsed.quantiles = Some(meta.value()?.parse()?),
                    "window" => parsed.window = Some(window(meta.value()?.parse()?)?),
                    "by" => parsed.by = Some(meta.value()?.parse()?),
                    "states" => parsed.states = Some(meta.value()?.parse()?),
                    "label" => meta.parse_nested_meta(|label| {
                        let Some(ident) = label.path.get_ident() else {
                            return Err(label.error("a label is `name = \"value\"`"));
                        };
                        let text = LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span());
                        parsed.labels.push((text, label.value()?.parse()?));
                        Ok(())
                    })?,
                    _ => return Err(meta.error(UNKNOWN)),
                }
                parsed.given.push(name);
                Ok(())
            })?;
        }
        Ok(parsed)
    }

    /// Refuses attributes that do not belong here.
    pub(crate) fn allow(&self, names: &[&str], what: &str) -> Result<()> {
        match self.given.iter().find(|given| !names.iter().any(|name| *given == name)) {
            Some(given) => {
                let allowed = names.join("`, `");
                Err(Error::new(given.span(), format!("`{given}` does not apply to {what}; `{allowed}` are allowed")))
            }
            None => Ok(()),
        }
    }

    /// Returns `scope` with the prefix, the level, the limit and the labels.
    pub(crate) fn scope(&self, krate: &Crate, scope: &TokenStream) -> Result<TokenStream> {
        let prefix = self.prefix.as_ref().map(|prefix| quote!(.scope(#prefix)));
        let level = self.level(krate)?.map(|level| quote!(.with_level(#level)));
        let labels = self.labels.iter().map(|(name, value)| quote!(.label(#name, #value)));
        let limit = self.limit.as_ref().map(|limit| quote_spanned!(limit.span()=> .with_limit(#limit)));
        Ok(quote!(::core::clone::Clone::clone(#scope) #prefix #level #limit #(#labels)*))
    }

    /// Returns the call by which a metric sets the limit.
    pub(crate) fn limit(&self) -> Option<TokenStream> {
        self.limit.as_ref().map(|limit| quote_spanned!(limit.span()=> .limit(#limit)))
    }

    /// Returns the level that is stated.
    pub(crate) fn level(&self, krate: &Crate) -> Result<Option<TokenStream>> {
        let Some(level) = &self.level else { return Ok(None) };
        match level.value().as_str() {
            "basic" => Ok(Some(quote!(#krate::Level::Basic))),
            "detailed" => Ok(Some(quote!(#krate::Level::Detailed))),
            text => Err(Error::new(level.span(), format!("`{text}` is no level; these are: basic, detailed"))),
        }
    }

    /// Returns the labels as a text that tells them apart.
    pub(crate) fn label_text(&self) -> String {
        let mut labels: Vec<_> = self.labels.iter().map(|(name, value)| (name.value(), value.value())).collect();
        labels.sort_unstable();
        format!("{labels:?}")
    }

    /// Returns the variant of `Unit`.
    pub(crate) fn unit_variant(&self) -> Result<Option<Ident>> {
        let Some(unit) = &self.unit else { return Ok(None) };
        let text = unit.value();
        if !UNITS.contains(&text.as_str()) {
            let problem = format!("`{text}` is no unit; these are: {}", UNITS.join(", "));
            return Err(Error::new(unit.span(), problem));
        }
        let variant = format!("{}{}", text[..1].to_uppercase(), &text[1..]);
        Ok(Some(Ident::new(&variant, unit.span())))
    }
}

const UNKNOWN: &str = "unknown metric attribute; `name`, `unit`, `buckets`, `quantiles`, `window`, `states`, `by`, `level`, `limit`, `prefix`, `crate` = .. and `label(k = \"v\")` are allowed";
const UNITS: [&str; 9] = ["seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"];

/// Returns the two parts of `(DURATION, SLICES)`.
fn window(value: Expr) -> Result<(Expr, Expr)> {
    let problem = Error::new_spanned(&value, "a window is `(DURATION, SLICES)`");
    let Expr::Tuple(pair) = value else { return Err(problem) };
    let mut parts = pair.elems.into_iter();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(length), Some(slices), None) => Ok((length, slices)),
        _ => Err(problem),
    }
}
