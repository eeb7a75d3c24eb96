//! The `#[label(..)]` attribute.

use syn::{Attribute, LitStr, Result};

/// Gives the text of `#[label(rename = "..")]`, if there is one.
pub(crate) fn rename(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut renamed = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("label")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("rename") {
                return Err(meta.error("unknown label attribute; `rename = \"..\"` is allowed"));
            }
            if renamed.is_some() {
                return Err(meta.error("`rename` is given twice"));
            }
            renamed = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(renamed)
}
