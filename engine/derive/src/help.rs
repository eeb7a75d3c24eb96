//! The help text of a metric: the doc comment of its field.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Expr, ExprLit, Field, Lit, Meta, Result};

/// A piece of a doc comment.
enum Piece {
    Text(String),
    /// What only the compiler can evaluate, as `concat!(..)`. Taken whole: where its first paragraph ends cannot be
    /// seen.
    Macro(Expr),
}

/// Returns the first paragraph of a field's doc comment on one line, as an expression.
///
/// # Errors
/// Where there is none.
pub(crate) fn help(field: &Field, ident: &Ident) -> Result<TokenStream> {
    let pieces = field.attrs.iter().flat_map(pieces);
    let is_empty = |piece: &Piece| matches!(piece, Piece::Text(text) if text.is_empty());
    // What follows the first paragraph is for readers of the code.
    let pieces: Vec<Piece> = pieces.skip_while(is_empty).take_while(|piece| !is_empty(piece)).collect();
    if pieces.is_empty() {
        return Err(Error::new(ident.span(), format!("`{ident}` has no doc comment, which is its help text")));
    }
    let mut texts = vec![String::new()];
    let mut macros = Vec::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        let last = texts.last_mut().expect("there is one from the start");
        if index > 0 {
            last.push(' ');
        }
        match piece {
            Piece::Text(text) => last.push_str(&text),
            Piece::Macro(expr) => {
                macros.push(expr);
                texts.push(String::new());
            }
        }
    }
    let (first, rest) = texts.split_first().expect("there is one from the start");
    Ok(match macros.is_empty() {
        true => first.to_token_stream(),
        false => quote!(::core::concat!(#first #(, #macros, #rest)*)),
    })
}

/// Returns the lines of one attribute, trimmed: one of `///`, and any number of `/** */`, whose lines may begin with a
/// star.
fn pieces(attribute: &Attribute) -> Vec<Piece> {
    let Meta::NameValue(doc) = &attribute.meta else { return Vec::new() };
    if !doc.path.is_ident("doc") {
        return Vec::new();
    }
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &doc.value else {
        return vec![Piece::Macro(doc.value.clone())];
    };
    let text = text.value();
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    // The text may end behind the last line's star.
    let has_stars = lines.len() > 1 && lines[1..].iter().all(|line| line.is_empty() || line.starts_with('*'));
    if has_stars {
        // A star before a word is emphasis, and what stands behind one of the frame may be that of a list.
        for line in &mut lines[1..] {
            let behind = line.strip_prefix('*').filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
            *line = behind.map_or(*line, str::trim_start);
        }
    }
    if lines.is_empty() {
        lines.push("");
    }
    lines.into_iter().map(|line| Piece::Text(line.to_owned())).collect()
}
