//! The text of a JSON Schema → [`Shapes`].

use sgl_wire::SchemaOptions;

use crate::error::{ConstrainError, Dropped};
use crate::shape::Shapes;

/// The values that the schema `text` holds valid, and the keywords that are not kept (none unless `options` are lenient).
pub(crate) fn lower(_text: &str, _options: SchemaOptions) -> Result<(Shapes, Vec<Dropped>), ConstrainError> {
    Err(ConstrainError::Schema {
        at: "#".to_owned(),
        keyword: "$schema".to_owned(),
        reason: "JSON Schema is not read yet".to_owned(),
        hint: "write the shape as a type".to_owned(),
    })
}
