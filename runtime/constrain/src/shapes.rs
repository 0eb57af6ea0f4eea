//! [`Shapes`] → rules.

use crate::error::ConstrainError;
use crate::expr::Expr;
use crate::shape::Shapes;

/// Adds a rule for each shape that needs one, and gives the shape of the whole.
pub(crate) fn lower(shapes: &Shapes, _rules: &mut [(String, Expr)]) -> Result<Expr, ConstrainError> {
    match shapes.shapes.get(shapes.root) {
        Some(root) if root.arrays.is_empty() && root.objects.is_empty() => Ok(root.scalars.clone()),
        _ => Err(ConstrainError::Limit { what: "shapes", limit: 0 }),
    }
}
