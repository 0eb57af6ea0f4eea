//! The URI of a metaschema → its document.
//!
//! Written from the specifications, without annotations. The vocabularies of 2019-09 and 2020-12 are one schema here, which no
//! schema can tell from several: they all carry the same dynamic anchor.

use super::problem::Problem;
use super::read::Document;
use super::refs::Resources;

/// What all drafts share, with the keyword for "a schema" in place of `@`.
const COMMON: &str = r##"
"title":{"type":"string"},"description":{"type":"string"},
"multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},"minimum":{"type":"number"},
"maxLength":{"$ref":"#/$defs/count"},"minLength":{"$ref":"#/$defs/count"},"pattern":{"type":"string","format":"regex"},
"maxItems":{"$ref":"#/$defs/count"},"minItems":{"$ref":"#/$defs/count"},"uniqueItems":{"type":"boolean"},
"maxProperties":{"$ref":"#/$defs/count"},"minProperties":{"$ref":"#/$defs/count"},"required":{"$ref":"#/$defs/names"},
"additionalProperties":@,"definitions":{"type":"object","additionalProperties":@},
"properties":{"type":"object","additionalProperties":@},
"patternProperties":{"type":"object","additionalProperties":@,"propertyNames":{"format":"regex"}},
"type":{"anyOf":[{"$ref":"#/$defs/type"},{"type":"array","items":{"$ref":"#/$defs/type"},"minItems":1,"uniqueItems":true}]},
"allOf":{"$ref":"#/$defs/schemas"},"anyOf":{"$ref":"#/$defs/schemas"},"oneOf":{"$ref":"#/$defs/schemas"},"not":@,
"format":{"type":"string"},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[@,{"$ref":"#/$defs/names"}]}}"##;

const DEFINITIONS: &str = r##"
"count":{"type":"integer","minimum":0},"schemas":{"type":"array","minItems":1,"items":@},
"names":{"type":"array","items":{"type":"string"},"uniqueItems":true},
"type":{"enum":["array","boolean","integer","null","number","object","string"]}"##;

const D4: &str = r##"
"id":{"type":"string"},"$schema":{"type":"string"},"exclusiveMaximum":{"type":"boolean"},"exclusiveMinimum":{"type":"boolean"},
"additionalItems":{"anyOf":[{"type":"boolean"},@]},"items":{"anyOf":[@,{"$ref":"#/$defs/schemas"}]},
"enum":{"type":"array","minItems":1,"uniqueItems":true}"##;

const D6: &str = r##"
"$schema":{"type":"string","format":"uri"},
"$ref":{"type":"string","format":"uri-reference"},"examples":{"type":"array"},
"exclusiveMaximum":{"type":"number"},"exclusiveMinimum":{"type":"number"},"enum":{"type":"array"},
"contains":@,"propertyNames":@"##;

const ID: &str = r##""$id":{"type":"string","format":"uri-reference"}"##;

const D7: &str = r##"
"$comment":{"type":"string"},"readOnly":{"type":"boolean"},"contentMediaType":{"type":"string"},
"contentEncoding":{"type":"string"},"if":@,"then":@,"else":@"##;

const LISTS: &str = r##""additionalItems":@,"items":{"anyOf":[@,{"$ref":"#/$defs/schemas"}]}"##;

const D2019: &str = r##"
"$id":{"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"},
"$defs":{"type":"object","additionalProperties":@},"$vocabulary":{"type":"object","additionalProperties":{"type":"boolean"}},
"maxContains":{"$ref":"#/$defs/count"},"minContains":{"$ref":"#/$defs/count"},
"dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/names"}},
"dependentSchemas":{"type":"object","additionalProperties":@},"unevaluatedItems":@,"unevaluatedProperties":@,
"contentSchema":@,"deprecated":{"type":"boolean"},"writeOnly":{"type":"boolean"}"##;

const D2020: &str = r##"
"$dynamicRef":{"type":"string","format":"uri-reference"},"prefixItems":{"$ref":"#/$defs/schemas"},"items":@,
"$anchor":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},
"$dynamicAnchor":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"}"##;

const D2019_ONLY: &str = r##"
"$anchor":{"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"},
"$recursiveRef":{"type":"string","format":"uri-reference"},"$recursiveAnchor":{"type":"boolean"}"##;

/// Adds the document that `uri` names, if it is one of ours.
pub(super) fn add(uri: &str, document: &mut Document, resources: &mut Resources) -> Result<(), Problem> {
    let Some(text) = text(uri) else { return Ok(()) };
    let root = document.read(&text)?;
    resources.add(document, root, uri)
}

/// The metaschema's own text.
fn text(uri: &str) -> Option<String> {
    let name = uri.strip_prefix("http://json-schema.org/").or_else(|| uri.strip_prefix("https://json-schema.org/"))?;
    let (keywords, own, reference): (&[&str], _, _) = match name {
        "draft-04/schema" => (&[D4], "\"id\"", "\"$ref\":\"#\""),
        "draft-06/schema" => (&[ID, D6, LISTS], "\"$id\"", "\"$ref\":\"#\""),
        "draft-07/schema" => (&[ID, D6, D7, LISTS], "\"$id\"", "\"$ref\":\"#\""),
        "draft/2019-09/schema" => (&[D6, D7, LISTS, D2019, D2019_ONLY], "\"$id\"", "\"$recursiveRef\":\"#\""),
        "draft/2020-12/schema" => (&[D6, D7, D2019, D2020], "\"$id\"", "\"$dynamicRef\":\"#meta\""),
        _ => return None,
    };
    let kinds = if name == "draft-04/schema" { "\"object\"" } else { "[\"object\",\"boolean\"]" };
    let anchor = match name {
        "draft/2019-09/schema" => "\"$recursiveAnchor\":true,",
        "draft/2020-12/schema" => "\"$dynamicAnchor\":\"meta\",",
        "draft-04/schema" => {
            "\"dependencies\":{\"exclusiveMaximum\":[\"maximum\"],\"exclusiveMinimum\":[\"minimum\"]},"
        }
        _ => "",
    };
    let dialect = if name == "draft-04/schema" { "http://json-schema.org/draft-07/schema" } else { uri };
    let keywords = [&[COMMON], keywords].concat().join(",");
    // Draft 4 has no empty lists of names.
    let least = if name == "draft-04/schema" { 1 } else { 0 };
    let definitions =
        DEFINITIONS.replace("\"uniqueItems\":true", &format!("\"uniqueItems\":true,\"minItems\":{least}"));
    let whole = format!(
        r#"{{"$schema":"{dialect}",{own}:"{uri}",{anchor}"type":{kinds},"properties":{{{keywords}}},"$defs":{{{definitions}}}}}"#
    );
    Some(whole.replace('@', &format!("{{{reference}}}")))
}

#[cfg(test)]
mod tests {
    use super::super::twin::Twin;
    use super::*;
    use crate::schema::lower;
    use sgl_wire::{KeyOrder, SchemaOptions};

    #[test]
    fn schemas_can_be_held_to_the_metaschemas() {
        let uris = [
            "draft-04/schema#",
            "draft-06/schema#",
            "draft-07/schema#",
            "draft/2019-09/schema",
            "draft/2020-12/schema",
        ];
        for uri in uris.map(|name| format!("http://json-schema.org/{name}")) {
            let options = SchemaOptions { order: KeyOrder::Any, ..SchemaOptions::default() };
            let (shapes, _) = match lower(&format!(r#"{{"$ref":"{uri}"}}"#), options) {
                Ok(built) => built,
                // Equal lists of types are told in one order of properties only, and so are those of draft 4's constants.
                Err(error) => lower(&format!(r#"{{"$ref":"{uri}"}}"#), SchemaOptions::default())
                    .unwrap_or_else(|_| panic!("{uri}: {error}")),
            };
            let judge = |text: &str| {
                let mut document = Document::default();
                let value = document.read(text).unwrap();
                Twin::new(&shapes, &document).admits(shapes.root, value)
            };
            assert!(
                judge(r#"{"type":"object","properties":{"a":{"minLength":1}},"required":["a"]}"#) || uri.contains("04")
            );
            assert!(judge(r#"{"properties":{"a":{"items":{"type":["null","string"]}}}}"#), "{uri}");
            assert!(!judge(r#"{"properties":{"a":{"items":{"type":["null","text"]}}}}"#), "{uri}");
            assert!(!judge(r#"{"properties":{"a":{"minLength":-1}}}"#), "{uri}");
            assert!(!judge(r#"{"allOf":[]}"#), "{uri}");
        }
    }
}
