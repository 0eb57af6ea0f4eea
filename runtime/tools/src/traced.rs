//! Effects told to the log of a run, and performed again from one: a world in, a world out.
//!
//! Values are written so that they read back as what they were: a record is no map.

use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use sgl_check::builtins::Builtin;
use sgl_check::types::Type;
use sgl_exec::{Performed, World};
use sgl_host::{Fault, Value};
use sgl_trace::{Effected, Log, Replay};
use sgl_wire::Place;

use crate::failed;

/// A world whose effects a log is told of.
pub struct Traced {
    /// Who performs them.
    pub world: Arc<dyn World>,
    /// Who is told.
    pub log: Arc<Log>,
}

impl World for Traced {
    fn perform(&self, effect: Builtin, arguments: Vec<Value>) -> Performed {
        self.world.perform(effect, arguments)
    }

    fn perform_at(&self, place: Place, effect: Builtin, arguments: Vec<Value>) -> Performed {
        let (log, began, written) = (self.log.clone(), Instant::now(), written(&arguments));
        let performed = self.world.perform_at(place.clone(), effect, arguments);
        Box::pin(async move {
            let outcome = performed.await;
            let result = match &outcome {
                Ok(value) => json!({ "value": write(value) }),
                Err(fault) => json!({ "fault": { "code": fault.code, "title": fault.title, "hint": fault.hint } }),
            };
            log.effect(Effected { place: &place, name: effect.name(), arguments: written, result, began });
            outcome
        })
    }
}

/// A world that gives what a log says was given then. Nothing outside is reached.
pub struct Replayed(pub Arc<Replay>);

impl World for Replayed {
    fn perform(&self, effect: Builtin, _: Vec<Value>) -> Performed {
        let why = format!("`{}` cannot be replayed without its place", effect.name());
        Box::pin(async move { Err(failed(why)) })
    }

    fn perform_at(&self, place: Place, effect: Builtin, arguments: Vec<Value>) -> Performed {
        let replay = self.0.clone();
        Box::pin(async move {
            let result = replay.effect(&place, effect.name(), &written(&arguments)).await;
            let result = result.map_err(|why| Fault::new("E0425", why))?;
            match (result.get("value"), result.get("fault")) {
                (Some(value), _) => read(value).map_err(failed),
                (None, Some(fault)) => Err(fault_of(fault)),
                (None, None) => Err(failed(format!("the trace does not say what `{}` gave", effect.name()))),
            }
        })
    }
}

fn written(arguments: &[Value]) -> Json {
    arguments.iter().map(write).collect()
}

/// A value with records told from maps. What no effect takes or gives reads as its kind.
fn write(value: &Value) -> Json {
    let fields = |fields: &sgl_host::Fields| -> Json {
        fields.items().iter().map(|(name, value)| (name.to_string(), write(value))).collect()
    };
    match value {
        Value::Record(_, items) => json!({ "record": fields(items) }),
        Value::Map(items) => json!({ "map": fields(items) }),
        Value::List(items) => items.items().iter().map(write).collect(),
        Value::Tuple(items) => json!({ "tuple": items.items().iter().map(write).collect::<Json>() }),
        Value::Image(picture) => json!({ "image": sgl_host::json::picture(picture) }),
        other => sgl_host::json::to_json(other).unwrap_or_else(|_| json!({ "kind": other.kind() })),
    }
}

/// The value of what [`write`] wrote. The error is a sentence.
fn read(json: &Json) -> Result<Value, String> {
    let items = |items: &[Json]| items.iter().map(read).collect::<Result<Vec<_>, _>>();
    let wrong = |error: sgl_host::HostError| error.to_string();
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::str(text.as_str()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::Float(number),
            (None, None) => return Err(format!("{number} is no number of a program")),
        },
        Json::Array(list) => Value::list(items(list)?).map_err(wrong)?,
        Json::Object(object) => match object.iter().next() {
            Some((kind, Json::Object(fields))) if kind == "record" || kind == "map" => {
                let fields = fields.iter().map(|(name, value)| Ok((name.as_str().into(), read(value)?)));
                let fields = fields.collect::<Result<IndexMap<Arc<str>, Value>, String>>()?;
                let value = if kind == "map" { Value::map(fields) } else { Value::record(None, fields) };
                value.map_err(wrong)?
            }
            Some((kind, picture)) if kind == "image" => {
                let read = sgl_host::json::from_json(picture, &Type::Image, &[]);
                read.map_err(|error| format!("the trace has a picture that is none: {error}"))?
            }
            Some((kind, Json::Array(list))) if kind == "tuple" => Value::tuple(items(list)?).map_err(wrong)?,
            _ => return Err("the trace has a value of a kind that no effect gives".into()),
        },
    })
}

fn fault_of(fault: &Json) -> Fault {
    let text = |name: &str| fault.get(name).and_then(Json::as_str);
    let code = text("code").and_then(|code| sgl_check::codes::ALL.iter().find(|(known, _)| *known == code));
    let fault = Fault::new(code.map_or("E0412", |(code, _)| code), text("title").unwrap_or("it failed then"));
    match text("hint") {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_what_they_were() {
        let fields: IndexMap<Arc<str>, Value> =
            [("status".into(), Value::Int(200)), ("took".into(), Value::Float(1.0))].into_iter().collect();
        let record = Value::record(None, fields.clone()).unwrap();
        let all = [
            Value::None,
            Value::Float(2.0),
            Value::str("</script>"),
            record.clone(),
            Value::map(fields).unwrap(),
            Value::picture(b"GIF89a, or so".to_vec()).unwrap(),
            Value::list(vec![record, Value::tuple(vec![Value::Bool(true)]).unwrap()]).unwrap(),
        ];
        for value in all {
            let text = write(&value).to_string();
            let back = read(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(format!("{back:?}"), format!("{value:?}"), "{text}");
        }
        assert!(read(&json!({ "kind": "a prompt" })).is_err() && read(&json!({})).is_err());
        assert!(read(&json!({ "image": "none" })).is_err() && read(&json!({ "image": 1 })).is_err());
    }
}
