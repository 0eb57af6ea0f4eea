//! Random constraints, vocabularies and places: masks, forced text and distances are what trying everything gives.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sgl_constrain::{Automaton, ConstrainError, Mask, Matcher, Rejected, Vocabulary};
use sgl_wire::{Constraint, Field, Json, KeyOrder, Literal, SchemaOptions, WhiteSpace};

use super::common::{Random, brute_fewest, brute_mask, data, gguf};
use super::generate;
use super::{Case, Tally, slow, worked};

const SLOW: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Masked {
    constraint: Constraint,
    tokens: Tokens,
    seed: u64,
}

#[derive(Clone)]
enum Tokens {
    /// None: a token without text.
    Own(Vec<Option<Vec<u8>>>),
    Real(Arc<Vocabulary>),
}

/// Makes constraints of all kinds with vocabularies of all kinds.
pub fn maker() -> impl FnMut(&mut Random) -> Masked {
    let real = gguf::vocabulary();
    let grammars = data().map(|data| grammars(&data)).unwrap_or_default();
    move |random| {
        let shared = random.below(12) == 0 && !grammars.is_empty();
        let constraint = if shared { grammars[random.below(grammars.len())].clone() } else { constraint(random, 2) };
        let tokens = match &real {
            Some(real) if random.below(25) == 0 => Tokens::Real(real.clone()),
            _ => {
                let all = has_schema(&constraint) && random.below(2) == 0;
                Tokens::Own(tokens(random, all))
            }
        };
        Masked { constraint, tokens, seed: random.below(usize::MAX) as u64 }
    }
}

/// The grammars and regular expressions of the shared data.
fn grammars(data: &std::path::Path) -> Vec<Constraint> {
    let mut out = Vec::new();
    for (file, key) in [
        ("grammar/gbnf", "grammar"),
        ("grammar/lark", "grammar"),
        ("regex/own", "regex"),
        ("regex/lookaround", "regex"),
        ("regex/rust-regex", "regex"),
        ("regex/schema-pattern", "regex"),
    ] {
        let text = std::fs::read_to_string(data.join(file).with_extension("jsonl")).unwrap();
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case[key].as_str().unwrap_or_default().into();
            out.push(match file {
                "grammar/gbnf" => Constraint::Grammar(text),
                "grammar/lark" => Constraint::Lark(text),
                _ => Constraint::Regex(text),
            });
        }
    }
    out
}

fn pick<'a, T: ?Sized>(random: &mut Random, items: &[&'a T]) -> &'a T {
    items[random.below(items.len())]
}

fn pattern(random: &mut Random, depth: usize) -> String {
    let leaves = [
        "a",
        "b",
        "ab",
        "é",
        "[ab]",
        "[^a]",
        r"\w",
        "",
        r"\b",
        "^",
        "$",
        ".",
        r"\B",
        r"\d",
        "(?i:a)",
        "(?s:.)",
        "[a-é]",
        "\u{1F600}",
        r"\s",
        "(?m:$)",
        r"\x00",
        r"\p{Greek}",
        "\\\"",
    ];
    if depth == 0 || random.below(4) == 0 {
        return pick(random, &leaves).to_owned();
    }
    let inner = |random: &mut Random| pattern(random, depth - 1);
    match random.below(7) {
        0 | 1 => format!("(?:{})", (0..1 + random.below(3)).map(|_| inner(random)).collect::<String>()),
        2 | 3 => format!("(?:{})", (0..1 + random.below(3)).map(|_| inner(random)).collect::<Vec<_>>().join("|")),
        4 => format!("(?:{}){}", inner(random), pick(random, &["*", "+", "?", "*?"])),
        5 => {
            let (min, more) = (random.below(4), random.below(4));
            format!("(?:{}){{{min},{}}}", inner(random), min + more)
        }
        _ => format!("(?:{}){}", inner(random), pick(random, &["{0,40}", "{3}", "{2,}", "{0,1000}", "{17,90}"])),
    }
}

/// A body of a rule.
fn body(random: &mut Random, depth: usize, leaves: &[&str]) -> String {
    if depth == 0 || random.below(4) == 0 {
        return pick(random, leaves).to_owned();
    }
    let parts: Vec<String> = (0..1 + random.below(3)).map(|_| body(random, depth - 1, leaves)).collect();
    match random.below(5) {
        0 | 1 => parts.join(" "),
        2 => format!("({})", parts.join(" | ")),
        3 => format!("({}){}", parts.join(" "), pick(random, &["*", "+", "?"])),
        _ => parts.join(" | "),
    }
}

fn gbnf(random: &mut Random) -> String {
    let leaves = [
        "\"a\"",
        "\"ab\"",
        "[ab]",
        "[^a\\n]",
        "x",
        "y",
        "root",
        "\"\"",
        "\"é\"",
        "\"a\"{1,3}",
        "\"(\" x \")\"",
        ".",
        "\"\\\"\"",
    ];
    format!(
        "root ::= {}\nx ::= {}\ny ::= {}\n",
        body(random, 2, &leaves),
        body(random, 2, &leaves),
        body(random, 1, &leaves)
    )
}

fn lark(random: &mut Random) -> String {
    let leaves = [
        "\"a\"",
        "\"ab\"i",
        "/[ab]+/",
        "x",
        "y",
        "start",
        "[y]",
        "\"é\"",
        "\"a\"~1..3",
        "(\"(\" x \")\")",
        "T",
        "U",
        "/a(?=b)/",
        "\"a\"..\"c\"",
        "(x |)",
        "(y |)",
    ];
    let terminals = ["T: /[a-c]{2,4}/", "T: \"a\" | \"bb\"", "T: /(?!a)./"];
    let ignore = ["", "%ignore \" \"", "%ignore /[ \\n]+/", "%ignore \" \"\n%ignore /[ \\n]+/"];
    format!(
        "start: {}\nx: {}\ny: {}\n{}\nU: /\\w/\n{}\n",
        body(random, 2, &leaves),
        body(random, 2, &leaves),
        body(random, 1, &leaves),
        pick(random, &terminals),
        pick(random, &ignore)
    )
}

fn json(random: &mut Random, depth: usize) -> Json {
    let most = |random: &mut Random, min: u32| (random.below(2) == 0).then(|| min + random.below(3) as u32);
    if depth == 0 || random.below(5) == 0 {
        return match random.below(12) {
            0 => Json::Null,
            1 => Json::Bool,
            2 => Json::Int { min: Some(random.below(300) as i64 - 150), max: Some(150 + random.below(1000) as i64) },
            3 => Json::Int { min: None, max: None },
            4 => Json::Float { min: Some(0.0), max: (random.below(2) == 0).then_some(1.5) },
            5 | 6 => {
                let min_len = random.below(3) as u32;
                Json::Str { min_len, max_len: most(random, min_len) }
            }
            7 => Json::Pattern(pattern(random, 2).into()),
            8 => {
                Json::Literals(vec![Literal::Str("a\"b".into()), Literal::Int(12), Literal::Null, Literal::Bool(true)])
            }
            9 => Json::Grammar(gbnf(random).into()),
            10 => Json::Any,
            _ => Json::Ref(0),
        };
    }
    match random.below(6) {
        0 => {
            let min = random.below(3) as u32;
            Json::List { item: Box::new(json(random, depth - 1)), min, max: most(random, min) }
        }
        1 => Json::Tuple((0..random.below(3)).map(|_| json(random, depth - 1)).collect()),
        2 => Json::Map(Box::new(json(random, depth - 1))),
        3 | 4 => {
            let count = random.below(4);
            let field = |(name, random): (&str, &mut Random)| {
                let json = json(random, depth - 1);
                Field { name: name.into(), json, optional: random.below(2) == 0 }
            };
            let mut fields = Vec::new();
            for name in ["a", "b", "é", "\""].into_iter().take(count) {
                fields.push(field((name, random)));
            }
            Json::Object(fields)
        }
        _ => Json::AnyOf((0..1 + random.below(3)).map(|_| json(random, depth - 1)).collect()),
    }
}

fn constraint(random: &mut Random, depth: usize) -> Constraint {
    match random.below(if depth == 0 { 15 } else { 18 }) {
        0..=3 => Constraint::Regex(pattern(random, 3).into()),
        4 => {
            let texts = ["a", "ab", "aab", "é", "éa", "b", "\"a\"", "abab", "a b"];
            let mut own: Vec<Arc<str>> = (0..1 + random.below(5)).map(|_| pick(random, &texts).into()).collect();
            own.sort();
            own.dedup();
            Constraint::Choice(own)
        }
        5 => {
            let min_len = random.below(4) as u32;
            Constraint::Text { min_len, max_len: (random.below(3) != 0).then(|| min_len + random.below(40) as u32) }
        }
        6 => Constraint::NotBeginning(pick(random, &["a", "ab", "éa", "aab", "\u{1F600}"]).into()),
        7 | 8 => Constraint::Grammar(gbnf(random).into()),
        9 => Constraint::Lark(lark(random).into()),
        10 | 11 => {
            let root = json(random, 2);
            Constraint::Json(Arc::new(sgl_wire::Schema { root, defs: vec![("Part".into(), json(random, 1))] }))
        }
        12..=14 => {
            let options = SchemaOptions {
                order: if random.below(2) == 0 { KeyOrder::Any } else { KeyOrder::Schema },
                space: if random.below(2) == 0 { WhiteSpace::Compact } else { WhiteSpace::Flexible },
                ..SchemaOptions::default()
            };
            Constraint::JsonSchema { text: generate::whole(random).to_string().into(), options }
        }
        15 => Constraint::AnyOf((0..1 + random.below(3)).map(|_| constraint(random, depth - 1)).collect()),
        _ => Constraint::Seq((0..1 + random.below(3)).map(|_| constraint(random, depth - 1)).collect()),
    }
}

/// Whether a JSON Schema is in it.
fn has_schema(constraint: &Constraint) -> bool {
    match constraint {
        Constraint::JsonSchema { .. } => true,
        Constraint::AnyOf(parts) | Constraint::Seq(parts) => parts.iter().any(has_schema),
        _ => false,
    }
}

/// A vocabulary, often with all bytes, with tokens of all kinds.
fn tokens(random: &mut Random, all_bytes: bool) -> Vec<Option<Vec<u8>>> {
    let parts: [&[u8]; 44] = [
        b"a",
        b"b",
        b"aa",
        b"ab",
        b"c",
        b"\xc3",
        b"\xa9",
        "é".as_bytes(),
        b"a\xc3",
        b"\xa9b",
        b"\xf0\x9f",
        b"\x98\x80",
        b"\"",
        b"\"a",
        b"a\"",
        b"\":",
        b": ",
        b", ",
        b",",
        b"{\"a\"",
        b"{",
        b"}",
        b"}}",
        b"],[",
        b"[",
        b"]",
        b"null",
        b"true",
        b"fal",
        b"se",
        b"1",
        b"12",
        b"0.",
        b".5",
        b"-",
        b"e0",
        b"\\",
        b"\\\"",
        b"\\u00",
        b"\n",
        b" ",
        b"(",
        b")",
        b"aaaaaaaa",
    ];
    let mut out: Vec<Option<Vec<u8>>> = Vec::new();
    if all_bytes || random.below(3) != 0 {
        out.extend((0..=255u8).map(|byte| Some(vec![byte])));
    } else {
        out.extend(parts.iter().filter(|_| random.below(3) != 0).map(|part| Some(part.to_vec())));
    }
    for _ in 0..random.below(40) {
        let token: Vec<u8> = (0..1 + random.below(3)).flat_map(|_| pick(random, &parts).to_vec()).collect();
        out.push(if random.below(12) == 0 { None } else { Some(token) });
    }
    for at in (1..out.len()).rev() {
        out.swap(at, random.below(at + 1));
    }
    out.push(None);
    out
}

impl Masked {
    fn vocabulary(&self) -> Arc<Vocabulary> {
        match &self.tokens {
            Tokens::Real(real) => real.clone(),
            Tokens::Own(tokens) => {
                let end = tokens.len().saturating_sub(1) as u32;
                Arc::new(Vocabulary::new(tokens.iter().cloned(), vec![end]))
            }
        }
    }
}

/// Masks with budgets around the fewest tokens.
fn budgets(at: &Matcher, vocabulary: &Vocabulary, shown: &str) -> Result<(), String> {
    let fewest = at.fewest();
    let ways: Vec<(u32, u32)> = (0..vocabulary.len() as u32)
        .filter_map(|token| {
            let mut next = at.clone();
            next.advance(token).ok()?;
            // As far away as can be told is no farther after one more.
            let needs = match next.fewest() {
                _ if vocabulary.ends().contains(&token) => 0,
                u32::MAX => u32::MAX,
                left => (left + 1).min(u32::MAX - 1),
            };
            Some((token, needs))
        })
        .collect();
    for budget in
        [fewest, fewest.saturating_add(1), fewest.saturating_add(3)].into_iter().filter(|budget| *budget < 10_000)
    {
        let mask = at.clone().mask(Some(budget));
        for (token, needs) in &ways {
            if mask.allows(*token) != (*needs <= budget) {
                return Err(format!(
                    "budget: after {shown} with {budget} left token {token} {:?} needs {needs}, but the mask says {}",
                    vocabulary.bytes(*token).map(String::from_utf8_lossy),
                    mask.allows(*token)
                ));
            }
        }
        if mask.count() > ways.len() {
            return Err(format!("budget: after {shown} with {budget} left more is allowed than without"));
        }
    }
    match ways.iter().map(|(_, needs)| *needs).min() {
        _ if at.is_complete() && fewest == 0 => Ok(()),
        Some(least) if least == fewest => Ok(()),
        None if fewest == u32::MAX => Ok(()),
        // The distance is a number that suffices; after a token it may be known better.
        Some(least) if least > fewest => Err(format!("fewest: {fewest} after {shown}, but each token needs more")),
        None => Err(format!("fewest: {fewest} after {shown}, but no token is allowed")),
        _ => Ok(()),
    }
}

/// What must follow, found byte by byte.
fn forced(at: &Matcher) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < 4096 && !at.completes(&out) {
        let mut next = (0..=255u8).filter(|byte| at.accepts(&[out.as_slice(), &[*byte]].concat()));
        let (Some(byte), None) = (next.next(), next.next()) else { break };
        out.push(byte);
    }
    out
}

impl Case for Masked {
    fn run(&self, tally: &mut Tally) -> Result<(), String> {
        let vocabulary = self.vocabulary();
        let mut random = Random(self.seed | 1);
        let begun = worked();
        let built = Automaton::new(&self.constraint, vocabulary.clone());
        if slow(worked() - begun, SLOW, tally) {
            return Err(format!("slow build: {:?}", worked() - begun));
        }
        let automaton = match built {
            Ok(automaton) => automaton,
            Err(ConstrainError::Unspellable | ConstrainError::Unspelled) => {
                tally.add("unspellable");
                return Ok(());
            }
            Err(_) => {
                tally.add("refused");
                return Ok(());
            }
        };
        tally.add("built");
        let real = matches!(self.tokens, Tokens::Real(_));
        let whole = vocabulary.len() > 256;
        for round in 0..if real { 1 } else { 3 } {
            let mut at = Matcher::new(automaton.clone());
            let (mut text, mut taken) = (Vec::new(), Vec::new());
            let steps = if real { 4 } else { 10 };
            for step in 0..steps {
                let shown = format!("{:?}", String::from_utf8_lossy(&text));
                let (place, begun) = (at.place(), worked());
                let mask = at.mask(None);
                let mut brute = brute_mask(&at, &vocabulary);
                if !whole {
                    // Where tokens are few, one may lead to where none go on.
                    let goes_on = |token: &u32| {
                        let mut next = at.clone();
                        next.advance(*token).is_ok() && next.fewest() < u32::MAX
                    };
                    let alive: Vec<u32> = brute.iter().filter(goes_on).collect();
                    brute = Mask::empty(vocabulary.len());
                    alive.into_iter().for_each(|token| brute.allow(token));
                }
                if *mask != brute {
                    let wrong: Vec<_> = (0..vocabulary.len() as u32)
                        .filter(|token| mask.allows(*token) != brute.allows(*token))
                        // What is too much to follow is refused late.
                        .filter(|token| !matches!(at.clone().advance(*token), Err(Rejected::Ambiguous { .. })))
                        .take(8)
                        .collect();
                    if wrong.is_empty() {
                        tally.add("ambiguous");
                        break;
                    }
                    let wrong: Vec<_> = wrong
                        .iter()
                        .map(|token| {
                            (
                                *token,
                                mask.allows(*token),
                                vocabulary.bytes(*token).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
                            )
                        })
                        .collect();
                    return Err(format!("mask: after {shown} {wrong:?}"));
                }
                if !real && step % 3 == round {
                    budgets(&at, &vocabulary, &shown)?;
                    if random.below(4) == 0 && brute.count() < 40 {
                        let (fewest, found) = (at.fewest(), brute_fewest(&at, &vocabulary, 3));
                        match found {
                            Ok(found) if fewest < found => {
                                return Err(format!("fewest: {fewest} after {shown}, but {found} are needed"));
                            }
                            Ok(found) if fewest > found => tally.add("fewest is a bound"),
                            Ok(_) => tally.add("fewest is exact"),
                            Err(few) if fewest <= few => {
                                return Err(format!("fewest: {fewest} after {shown}, but more than {few} are needed"));
                            }
                            Err(_) => {}
                        }
                    }
                }
                if whole && (at.forced() != forced(&at)) {
                    return Err(format!(
                        "forced: after {shown} {:?}, not {:?}",
                        String::from_utf8_lossy(&at.forced()),
                        String::from_utf8_lossy(&forced(&at))
                    ));
                }
                if slow(worked() - begun, SLOW * if real { 6 } else { 1 }, tally) {
                    return Err(format!("slow: {:?} at one place, after {shown}", worked() - begun));
                }
                if at.place() != place || at.mask(None) != mask {
                    return Err(format!("trace: what clones do changes the place after {shown}"));
                }
                tally.add("places");
                let allowed: Vec<u32> = mask.iter().filter(|token| !vocabulary.ends().contains(token)).collect();
                if allowed.is_empty() {
                    break;
                }
                let readable: Vec<u32> = allowed
                    .iter()
                    .copied()
                    .filter(|token| {
                        vocabulary
                            .bytes(*token)
                            .is_some_and(|bytes| bytes.iter().all(|byte| (b'!'..=b'z').contains(byte)))
                    })
                    .collect();
                let among = if readable.is_empty() || random.below(3) == 0 { &allowed } else { &readable };
                let token = among[random.below(among.len())];
                if let Err(error) = at.advance(token) {
                    return Err(format!("advance: {token} after {shown}: {error}"));
                }
                taken.push(token);
                text.extend(vocabulary.bytes(token).unwrap_or_default());
            }
            // The same text again, in an automaton that has seen nothing else.
            let Ok(fresh) = Automaton::new(&self.constraint, vocabulary.clone()) else {
                return Err("trace: built once, refused once".into());
            };
            let mut again = Matcher::new(fresh);
            for token in &taken {
                match again.advance(*token) {
                    Ok(()) => {}
                    Err(Rejected::Ambiguous { .. }) => {
                        tally.add("ambiguous");
                        return Ok(());
                    }
                    Err(error) => return Err(format!("trace: {token} was allowed, now {error}")),
                }
            }
            if again.mask(None) != at.mask(None)
                || again.is_complete() != at.is_complete()
                || again.is_final() != at.is_final()
            {
                return Err(format!(
                    "trace: a fresh automaton says otherwise after {:?}",
                    String::from_utf8_lossy(&text)
                ));
            }
            if text.len() < 64 && again.fewest() != at.fewest() {
                tally.add("fewest differs by history");
            }
        }
        Ok(())
    }

    fn smaller(&self) -> Vec<Self> {
        let mut out: Vec<Self> =
            reduced(&self.constraint).into_iter().map(|constraint| Self { constraint, ..self.clone() }).collect();
        if let Tokens::Own(tokens) = &self.tokens {
            let mut size = tokens.len() / 2;
            while size > 0 {
                for from in (0..tokens.len() - 1).step_by(size) {
                    let mut fewer = tokens.clone();
                    fewer.drain(from..(from + size).min(tokens.len() - 1));
                    out.push(Self { tokens: Tokens::Own(fewer), ..self.clone() });
                }
                size /= if tokens.len() > 40 { 4 } else { 2 };
            }
        }
        out
    }

    fn show(&self) -> String {
        let tokens = match &self.tokens {
            Tokens::Real(_) => "the real ones".to_owned(),
            Tokens::Own(tokens) => {
                let single: HashSet<u8> =
                    tokens.iter().flatten().filter(|token| token.len() == 1).map(|token| token[0]).collect();
                let longer = tokens.iter().flatten().filter(|token| token.len() > 1 || single.len() < 256);
                let longer: Vec<_> = longer.map(|token| token.escape_ascii().to_string()).collect();
                format!("{}{longer:?}", if single.len() == 256 { "all bytes and " } else { "" })
            }
        };
        format!("{:?}\ntokens: {tokens}", self.constraint)
    }
}

/// Shorter constraints of the same kind.
fn reduced(constraint: &Constraint) -> Vec<Constraint> {
    let cut = |text: &str| -> Vec<Arc<str>> {
        let chars: Vec<char> = text.chars().collect();
        let (mut out, mut size) = (Vec::new(), chars.len() / 2);
        while size > 0 {
            for from in (0..chars.len()).step_by(size) {
                let to = (from + size).min(chars.len());
                out.push(chars[..from].iter().chain(&chars[to..]).collect::<String>().into());
            }
            size /= 2;
        }
        // Groups without what is around them.
        out.extend(chars.iter().enumerate().filter(|(_, c)| **c == '(').filter_map(|(from, _)| {
            let mut depth = 0;
            let to = (from..chars.len()).find(|at| {
                depth += i32::from(chars[*at] == '(') - i32::from(chars[*at] == ')');
                depth == 0
            })?;
            Some(chars[from..=to].iter().collect::<String>().into())
        }));
        out
    };
    match constraint {
        Constraint::Regex(text) => cut(text).into_iter().map(Constraint::Regex).collect(),
        Constraint::Grammar(text) => cut(text).into_iter().map(Constraint::Grammar).collect(),
        Constraint::Lark(text) => cut(text).into_iter().map(Constraint::Lark).collect(),
        Constraint::JsonSchema { text, options } => {
            let smaller = super::value::Value::read(text).map(|value| generate::smaller(&value)).unwrap_or_default();
            smaller
                .into_iter()
                .map(|value| Constraint::JsonSchema { text: value.to_string().into(), options: *options })
                .collect()
        }
        Constraint::AnyOf(parts) | Constraint::Seq(parts) => {
            let like = |parts: Vec<Constraint>| {
                if matches!(constraint, Constraint::Seq(_)) { Constraint::Seq(parts) } else { Constraint::AnyOf(parts) }
            };
            let mut out = parts.clone();
            for (at, part) in parts.iter().enumerate() {
                let mut fewer = parts.clone();
                fewer.remove(at);
                out.push(like(fewer));
                out.extend(reduced(part).into_iter().map(|part| {
                    let mut parts = parts.clone();
                    parts[at] = part;
                    like(parts)
                }));
            }
            out
        }
        Constraint::Json(schema) => {
            let with = |root: Json| Constraint::Json(Arc::new(sgl_wire::Schema { root, defs: schema.defs.clone() }));
            let mut out: Vec<Constraint> = reduced_json(&schema.root).into_iter().map(with).collect();
            let part = |json: Json| {
                let defs = vec![("Part".into(), json)];
                Constraint::Json(Arc::new(sgl_wire::Schema { root: schema.root.clone(), defs }))
            };
            out.extend(schema.defs.iter().flat_map(|(_, json)| reduced_json(json)).map(part));
            out
        }
        Constraint::Choice(texts) => (0..texts.len())
            .map(|at| {
                Constraint::Choice(
                    texts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, text)| text.clone()).collect(),
                )
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn reduced_json(json: &Json) -> Vec<Json> {
    let each = |parts: &[Json], like: &dyn Fn(Vec<Json>) -> Json| {
        let mut out = parts.to_vec();
        for (at, part) in parts.iter().enumerate() {
            let mut fewer = parts.to_vec();
            fewer.remove(at);
            out.push(like(fewer));
            out.extend(reduced_json(part).into_iter().map(|part| {
                let mut parts = parts.to_vec();
                parts[at] = part;
                like(parts)
            }));
        }
        out
    };
    match json {
        Json::List { item, min, max } => {
            let mut out: Vec<Json> = reduced_json(item)
                .into_iter()
                .map(|item| Json::List { item: Box::new(item), min: *min, max: *max })
                .collect();
            out.push((**item).clone());
            out
        }
        Json::Tuple(parts) => each(parts, &Json::Tuple),
        Json::AnyOf(parts) => each(parts, &Json::AnyOf),
        Json::Map(value) => reduced_json(value).into_iter().map(|value| Json::Map(Box::new(value))).collect(),
        Json::Object(fields) => {
            let mut out: Vec<Json> = fields.iter().map(|field| field.json.clone()).collect();
            for (at, field) in fields.iter().enumerate() {
                let mut fewer = fields.clone();
                fewer.remove(at);
                out.push(Json::Object(fewer));
                out.extend(reduced_json(&field.json).into_iter().map(|json| {
                    let mut fields = fields.clone();
                    fields[at].json = json;
                    Json::Object(fields)
                }));
            }
            out
        }
        Json::Null | Json::Bool => Vec::new(),
        _ => vec![Json::Null],
    }
}
