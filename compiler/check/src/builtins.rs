//! The host library: one table of methods and functions, each with its signature and a line of documentation.
//!
//! The checker reads the signatures, completion and the reference show them, and `sgl-host` computes them; what reaches
//! outside of the program ([`Builtin::effect`]) is performed by the world of a run. A signature is written in the language
//! itself; `T`, `U` and `K` stand for any type. What stands before the dot is a namespace (one of [`NAMESPACES`]) or the
//! type of a method's receiver, in parentheses where it is called like a namespace: `(json).keys() -> list<str>`.

/// The words before the dot of functions that are no methods: `fs.read(…)`. They mean that only where nothing else has the name.
pub const NAMESPACES: &[&str] = &["http", "fs", "process", "env", "time", "json", "math", "date", "regex"];

/// What an effect needs to be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Talk to another machine.
    Net,
    /// Read files.
    Read,
    /// Write files.
    Write,
    /// Start other programs.
    Run,
    /// Read variables of the environment.
    Env,
    /// Read the clock, or wait: nobody needs to allow it.
    Clock,
}

impl Effect {
    /// The flag of the command line that allows it.
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Effect::Net => Some("--allow-net"),
            Effect::Read => Some("--allow-read"),
            Effect::Write => Some("--allow-write"),
            Effect::Run => Some("--allow-run"),
            Effect::Env => Some("--allow-env"),
            Effect::Clock => None,
        }
    }
}

impl Builtin {
    /// The name that calls it: `fs.read`, `len`.
    pub fn name(self) -> &'static str {
        let signature = self.signature();
        if let Some((_, method)) = signature.strip_prefix('(').and_then(|rest| rest.split_once(").")) {
            return method.split('(').next().unwrap_or_default();
        }
        let head = signature.split('(').next().unwrap_or_default();
        match head.rsplit_once('.') {
            Some((receiver, method)) if !NAMESPACES.contains(&receiver) => method,
            _ => head,
        }
    }

    /// What the outside must allow; none for what is computed from its arguments alone.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Builtin::HttpGet | Builtin::HttpPost => Some(Effect::Net),
            Builtin::FsRead | Builtin::FsList | Builtin::FsExists => Some(Effect::Read),
            Builtin::FsWrite | Builtin::FsAppend => Some(Effect::Write),
            Builtin::ProcessRun => Some(Effect::Run),
            Builtin::EnvGet => Some(Effect::Env),
            Builtin::TimeNow | Builtin::TimeSleep => Some(Effect::Clock),
            _ => None,
        }
    }
}

macro_rules! builtins {
    ($($variant:ident $signature:literal $doc:literal;)*) => {
        /// One method or function of the host library.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Builtin { $(#[doc = $doc] $variant,)* }

        impl Builtin {
            /// Every builtin, in the order of the reference.
            pub const ALL: &'static [Builtin] = &[$(Builtin::$variant,)*];

            /// The signature, as people read it: `str.split(sep: str) -> list<str>`. A method's receiver stands before
            /// the dot and is its first argument; a parameter with `?` after its name may be left out.
            pub fn signature(self) -> &'static str {
                match self { $(Builtin::$variant => $signature,)* }
            }

            /// One sentence of documentation.
            pub fn doc(self) -> &'static str {
                match self { $(Builtin::$variant => $doc,)* }
            }
        }
    };
}

builtins! {
    StrLen "str.len() -> int" "Number of characters.";
    StrIsEmpty "str.is_empty() -> bool" "Whether there is no character.";
    StrLower "str.lower() -> str" "In lower case.";
    StrUpper "str.upper() -> str" "In upper case.";
    StrStrip "str.strip() -> str" "Without white space at both ends.";
    StrStripStart "str.strip_start() -> str" "Without white space at the start.";
    StrStripEnd "str.strip_end() -> str" "Without white space at the end.";
    StrSplit "str.split(sep: str) -> list<str>" "The parts between the separators; an empty separator gives the characters.";
    StrWords "str.words() -> list<str>" "The runs of characters that are not white space.";
    StrLines "str.lines() -> list<str>" "The lines, without their ends.";
    StrReplace "str.replace(old: str, new: str) -> str" "Every `old` replaced by `new`.";
    StrContains "str.contains(part: str) -> bool" "Whether `part` occurs.";
    StrStartsWith "str.starts_with(part: str) -> bool" "Whether it begins with `part`.";
    StrEndsWith "str.ends_with(part: str) -> bool" "Whether it ends with `part`.";
    StrFind "str.find(part: str) -> int?" "Index in characters of the first `part`.";
    StrRepeat "str.repeat(n: int) -> str" "`n` copies after each other.";
    StrMatches "str.matches(pattern: regex) -> bool" "Whether the pattern matches the whole text.";
    StrFindAll "str.find_all(pattern: regex) -> list<str>" "Every match of the pattern, left to right.";
    StrCaptures "str.captures(pattern: regex) -> list<str>?" "The first match and its groups; a group that took no part is empty.";
    StrToInt "str.to_int() -> int?" "The number that it spells.";
    StrToFloat "str.to_float() -> float?" "The number that it spells.";
    ListLen "list<T>.len() -> int" "Number of elements.";
    ListIsEmpty "list<T>.is_empty() -> bool" "Whether there is no element.";
    ListJoin "list<T>.join(sep: str) -> str" "The elements' texts with `sep` between them.";
    ListContains "list<T>.contains(item: T) -> bool" "Whether an element is equal to `item`.";
    ListIndexOf "list<T>.index_of(item: T) -> int?" "Index of the first element equal to `item`.";
    ListFirst "list<T>.first() -> T?" "The first element.";
    ListLast "list<T>.last() -> T?" "The last element.";
    ListTake "list<T>.take(n: int) -> list<T>" "The first `n` elements, or all.";
    ListDrop "list<T>.drop(n: int) -> list<T>" "All but the first `n` elements.";
    ListReverse "list<T>.reverse() -> list<T>" "Last to first.";
    ListSort "list<T>.sort() -> list<T>" "In ascending order; equal elements keep their order.";
    ListUnique "list<T>.unique() -> list<T>" "Without later duplicates.";
    ListSum "list<T>.sum() -> T" "The sum of numbers; of none, 0.";
    ListMean "list<T>.mean() -> float?" "The mean of numbers; of none, none.";
    ListMin "list<T>.min() -> T?" "The smallest element; of equal ones the first.";
    ListMax "list<T>.max() -> T?" "The largest element; of equal ones the first.";
    ListMode "list<T>.mode() -> T?" "The most frequent element; of equally frequent ones the first.";
    ListZip "list<T>.zip(other: list<U>) -> list<(T, U)>" "Pairs of elements at the same place, as long as the shorter list.";
    ListEnumerate "list<T>.enumerate() -> list<(int, T)>" "Pairs of index and element.";
    ListFlatten "list<list<T>>.flatten() -> list<T>" "The inner lists after each other.";
    ListMap "list<T>.map(f: fn(T) -> U) -> list<U>" "`f` of each element.";
    ListFilter "list<T>.filter(f: fn(T) -> bool) -> list<T>" "The elements for which `f` is true.";
    ListFlatMap "list<T>.flat_map(f: fn(T) -> list<U>) -> list<U>" "The lists `f` of each element after each other.";
    ListAny "list<T>.any(f: fn(T) -> bool) -> bool" "Whether `f` is true for some element.";
    ListAll "list<T>.all(f: fn(T) -> bool) -> bool" "Whether `f` is true for every element.";
    ListFind "list<T>.find(f: fn(T) -> bool) -> T?" "The first element for which `f` is true.";
    ListSortBy "list<T>.sort_by(key: fn(T) -> K) -> list<T>" "In ascending order of `key`; equal keys keep their order.";
    ListMinBy "list<T>.min_by(key: fn(T) -> K) -> T?" "The element with the smallest `key`; of equal ones the first.";
    ListMaxBy "list<T>.max_by(key: fn(T) -> K) -> T?" "The element with the largest `key`; of equal ones the first.";
    ListGroupBy "list<T>.group_by(key: fn(T) -> str) -> map<str, list<T>>" "The elements of each `key`, keys in order of appearance.";
    ListFold "list<T>.fold(start: U, f: fn(U, T) -> U) -> U" "`f` of what came before and each element, first to last.";
    MapLen "map<str, T>.len() -> int" "Number of keys.";
    MapIsEmpty "map<str, T>.is_empty() -> bool" "Whether there is no key.";
    MapKeys "map<str, T>.keys() -> list<str>" "The keys, in order of insertion.";
    MapValues "map<str, T>.values() -> list<T>" "The values, in the order of their keys.";
    MapItems "map<str, T>.items() -> list<(str, T)>" "Pairs of key and value, in order of insertion.";
    MapGet "map<str, T>.get(key: str) -> T?" "The value of `key`.";
    MapContains "map<str, T>.contains(key: str) -> bool" "Whether `key` is there.";
    MapWith "map<str, T>.with(key: str, value: T) -> map<str, T>" "With `key` set to `value`.";
    MapWithout "map<str, T>.without(key: str) -> map<str, T>" "Without `key`.";
    MapMerge "map<str, T>.merge(other: map<str, T>) -> map<str, T>" "With the keys of `other`, which win.";
    IntAbs "int.abs() -> int" "Without its sign.";
    FloatAbs "float.abs() -> float" "Without its sign.";
    FloatRound "float.round() -> int" "The nearest integer; halves away from zero.";
    FloatFloor "float.floor() -> int" "The largest integer not above it.";
    FloatCeil "float.ceil() -> int" "The smallest integer not below it.";
    FloatSqrt "float.sqrt() -> float" "The square root.";
    ToText "text(value: T) -> str" "The text of any value: a `str` itself, numbers as written, the rest as JSON.";
    ToJson "to_json(value: T) -> str" "The value as JSON.";
    ToFloat "float(value: int) -> float" "The integer as a float.";
    Min "min(a: T, b: T) -> T" "The smaller one.";
    Max "max(a: T, b: T) -> T" "The larger one.";
    HttpGet "http.get(url: str, headers?: map<str, str>) -> { status: int, body: str, headers: map<str, str> }"
        "Asks a server for a page; needs `--allow-net=HOST`. A status that says no is not an error, no answer is.";
    HttpPost "http.post(url: str, body: str, headers?: map<str, str>) -> { status: int, body: str, headers: map<str, str> }"
        "Sends `body` to a server; needs `--allow-net=HOST`.";
    FsRead "fs.read(path: str) -> str" "The text of a file; needs `--allow-read=DIR`.";
    FsList "fs.list(dir: str) -> list<str>" "The names in a folder, in alphabetical order; needs `--allow-read=DIR`.";
    FsExists "fs.exists(path: str) -> bool" "Whether there is such a file or folder; needs `--allow-read=DIR`.";
    FsWrite "fs.write(path: str, text: str) -> none" "Makes `text` all that a file holds; needs `--allow-write=DIR`.";
    FsAppend "fs.append(path: str, text: str) -> none" "Writes `text` at the end of a file; needs `--allow-write=DIR`.";
    ProcessRun "process.run(command: str, args?: list<str>, input?: str) -> { code: int, output: str, error: str }"
        "Runs a program to its end, `input` as its standard input; needs `--allow-run=COMMAND`. No shell reads the arguments.";
    EnvGet "env.get(name: str) -> str?" "A variable of the environment; needs `--allow-env=NAME`.";
    TimeNow "time.now() -> float" "Seconds since the beginning of 1970, in UTC.";
    Race "race(items: list<T>) -> T"
        "The first element that is there without an error; the others are cancelled. Which one that is depends on time.";
    TimeSleep "time.sleep(seconds: float) -> none" "Waits.";
}
