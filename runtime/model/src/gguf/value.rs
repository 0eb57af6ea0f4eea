//! Metadata values: bytes at a cursor in, a [`Value`] out, and its typed reading by [`FromValue`].

use super::GgufError;
use super::cursor::Cursor;

/// Arrays inside arrays that are read; nothing known nests at all.
const MAX_DEPTH: usize = 4;

/// Array elements in a whole file: several times the largest vocabulary with its merges and scores.
const MAX_ELEMENTS: usize = 1 << 23;

/// A metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// Either float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Text(Box<str>),
    /// Values of one type.
    Array(Vec<Value>),
}

impl Value {
    /// The kind of value, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Unsigned(n) => format!("the number {n}"),
            Self::Signed(n) => format!("the number {n}"),
            Self::Float(x) => format!("the number {x}"),
            Self::Bool(b) => format!("{b}"),
            Self::Text(_) => "a text".into(),
            Self::Array(values) => match values.first() {
                Some(first) => format!("an array of {} whose first is {}", values.len(), first.describe()),
                None => "an empty array".into(),
            },
        }
    }
}

/// The bytes a value of a type takes at least; `None` for a type that does not exist.
fn least_bytes(kind: u32) -> Option<usize> {
    Some(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        8 | 10..=12 => 8,
        9 => 12,
        _ => return None,
    })
}

/// Reads a value and its type; `elements` counts array elements over the file.
pub(super) fn read(cursor: &mut Cursor<'_>, key: &str, elements: &mut usize) -> Result<Value, GgufError> {
    let kind = cursor.u32(key)?;
    read_as(cursor, key, kind, 0, elements)
}

fn read_as(
    cursor: &mut Cursor<'_>,
    key: &str,
    kind: u32,
    depth: usize,
    elements: &mut usize,
) -> Result<Value, GgufError> {
    Ok(match kind {
        0 => Value::Unsigned(u8::from_le_bytes(cursor.array(key)?).into()),
        1 => Value::Signed(i8::from_le_bytes(cursor.array(key)?).into()),
        2 => Value::Unsigned(u16::from_le_bytes(cursor.array(key)?).into()),
        3 => Value::Signed(i16::from_le_bytes(cursor.array(key)?).into()),
        4 => Value::Unsigned(cursor.u32(key)?.into()),
        5 => Value::Signed(i32::from_le_bytes(cursor.array(key)?).into()),
        6 => Value::Float(f32::from_le_bytes(cursor.array(key)?).into()),
        7 => match cursor.array::<1>(key)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [byte] => return Err(GgufError::Bool { key: key.to_owned(), byte }),
        },
        8 => Value::Text(cursor.string(key)?.into()),
        9 => {
            if depth == MAX_DEPTH {
                return Err(GgufError::Depth { key: key.to_owned(), most: MAX_DEPTH });
            }
            let kind = cursor.u32(key)?;
            let count = cursor.u64(key)?;
            let least = least_bytes(kind).ok_or_else(|| GgufError::ValueType { key: key.to_owned(), kind })?;
            let count = cursor.check_count(key, count, least)?;
            *elements = elements.saturating_add(count);
            if *elements > MAX_ELEMENTS {
                return Err(GgufError::Elements { key: key.to_owned(), elements: *elements, most: MAX_ELEMENTS });
            }
            let values = (0..count).map(|_| read_as(cursor, key, kind, depth + 1, elements));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        10 => Value::Unsigned(cursor.u64(key)?),
        11 => Value::Signed(i64::from_le_bytes(cursor.array(key)?)),
        12 => Value::Float(f64::from_le_bytes(cursor.array(key)?)),
        _ => return Err(GgufError::ValueType { key: key.to_owned(), kind }),
    })
}

/// What a value can be read as.
pub trait FromValue<'a>: Sized {
    /// What was wanted, for messages.
    const NAME: &'static str;

    /// The value, if it is of this type and in its range.
    fn from_value(value: &'a Value) -> Option<Self>;
}

macro_rules! whole_numbers {
    ($($ty:ty)*) => {$(
        impl FromValue<'_> for $ty {
            const NAME: &'static str = concat!("a whole number (", stringify!($ty), ")");

            fn from_value(value: &Value) -> Option<Self> {
                match *value {
                    Value::Unsigned(n) => n.try_into().ok(),
                    Value::Signed(n) => n.try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}
whole_numbers!(u64 u32 usize i32);

impl FromValue<'_> for f32 {
    const NAME: &'static str = "a number";

    fn from_value(value: &Value) -> Option<Self> {
        match *value {
            Value::Float(x) => Some(x as f32),
            Value::Unsigned(n) => Some(n as f32),
            Value::Signed(n) => Some(n as f32),
            _ => None,
        }
    }
}

impl FromValue<'_> for bool {
    const NAME: &'static str = "true or false";

    fn from_value(value: &Value) -> Option<Self> {
        match *value {
            Value::Bool(b) => Some(b),
            _ => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a str {
    const NAME: &'static str = "a text";

    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Vec<T> {
    const NAME: &'static str = "an array";

    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(values) => values.iter().map(T::from_value).collect(),
            _ => None,
        }
    }
}
