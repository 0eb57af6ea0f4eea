//! The text of a JSON Schema (drafts 4, 6, 7, 2019-09, 2020-12) → [`Shapes`].
//!
//! The steps:
//! 1. [`read`] reads the text, [`refs`] finds what its references can name.
//! 2. [`keywords`], with [`assertions`] and [`unevaluated`], makes [`formula`]s of the keywords.
//! 3. [`normal`] makes a shape of each list of formulas that hold of one value: [`tableau`] finds the alternatives (with [`refute`], which
//!    sees contradictions early), [`scalars`], [`arrays`] and [`objects`] what they allow.
//! 4. [`prune`] leaves out what no value can be.
//!
//! What is decided: `format` is asserted for the formats that we know, if the options do not say otherwise; others are annotations,
//! as are keywords that the schema's draft does not have. In draft 7, `contentEncoding` is asserted; `dependencies` is read in every draft. A list at `items` is `prefixItems`.
//! The properties of a schema come in the order of `properties`, schemas that hold together in the order of the text.
//!
//! Architecture invariant: nothing is weakened; what cannot be decided is an error, or listed where the options are lenient.

mod arrays;
mod assertions;
mod formula;
#[cfg(test)]
mod hostile;
mod keywords;
mod metaschemas;
mod normal;
mod objects;
#[cfg(test)]
mod oracle;
mod problem;
mod prune;
mod read;
mod refs;
mod refute;
mod scalars;
mod tableau;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
mod unevaluated;

use sgl_wire::{Draft, KeyOrder, SchemaOptions, WhiteSpace};

use crate::error::{ConstrainError, Dropped};
use crate::lower::shape::{Order, Shapes, Space};

/// The values that the schema `text` holds valid, and the keywords that are not kept (none unless `options` are lenient).
pub(crate) fn lower(text: &str, options: SchemaOptions) -> Result<(Shapes, Vec<Dropped>), ConstrainError> {
    let mut document = read::Document::default();
    let root = document.read(text)?;
    let mut resources = refs::Resources::new(options.draft.unwrap_or(Draft::D2020));
    resources.add(&document, root, "")?;
    let mut translator = keywords::Translator::new(document, resources, options);
    let said = translator.whole(root)?;
    let order = match options.order {
        KeyOrder::Schema => Order::Schema,
        KeyOrder::Any => Order::Any,
    };
    let space = match options.space {
        WhiteSpace::Compact => Space::Compact,
        WhiteSpace::Flexible => Space::Flexible,
    };
    let mut normal = normal::Normal::new(translator, order);
    let shapes = normal.shapes(said, space)?;
    Ok((prune::prune(shapes, &normal.causes)?, normal.translator.dropped))
}
