//! The host library: one table of methods and functions, each with its signature, a sentence and an example.
//!
//! The checker reads the signatures, completion and the reference show them, and `sgl-host` computes them; what reaches
//! outside of the program ([`Builtin::effect`]) is performed by the world of a run. A signature is written in the language
//! itself; `T`, `U` and `K` stand for any type. What stands before the dot is a namespace (one of [`NAMESPACES`]) or the
//! type of a method's receiver, in parentheses where it is called like a namespace: `(json).keys() -> list<str>`. An example
//! is an expression that is true: a test of `sgl-host` evaluates each.

use crate::signature;
use crate::types::Type;

/// The words before the dot of functions that are no methods: `fs.read(…)`. They mean that only where nothing else has the name.
pub const NAMESPACES: &[&str] = &["http", "fs", "process", "env", "time", "json", "math", "date", "mcp"];

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

/// What stands before the dot of a signature, and the name.
pub(crate) fn parts(signature: &str) -> (Option<&str>, &str) {
    let receiver_end = match signature.strip_prefix('(') {
        Some(_) => signature.find(").").map(|at| at + 1),
        None => signature.find(">.").map(|at| at + 1),
    };
    let head_end = signature.find(['(', ':']).unwrap_or(signature.len());
    let dot = receiver_end.or_else(|| signature.get(..head_end)?.find('.'));
    let (before, rest) = match dot {
        Some(dot) => (signature.get(..dot), signature.get(dot + 1..).unwrap_or_default()),
        None => (None, signature),
    };
    (before, rest.split(['(', ':']).next().unwrap_or_default())
}

impl Builtin {
    /// The name that calls it: `fs.read`, `len`.
    pub fn name(self) -> &'static str {
        let signature = self.signature();
        let (before, name) = parts(signature);
        match before {
            Some(namespace) if NAMESPACES.contains(&namespace) => {
                signature.get(..namespace.len() + 1 + name.len()).unwrap_or(name)
            }
            _ => name,
        }
    }

    /// What stands before the dot of its signature: a receiver's type or a namespace.
    pub fn before_dot(self) -> Option<&'static str> {
        parts(self.signature()).0
    }

    /// What the outside must allow; none for what is computed from its arguments alone.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Builtin::HttpGet | Builtin::HttpPost => Some(Effect::Net),
            Builtin::Image | Builtin::FsRead | Builtin::FsList | Builtin::FsExists => Some(Effect::Read),
            Builtin::FsWrite | Builtin::FsAppend => Some(Effect::Write),
            Builtin::ProcessRun | Builtin::McpCall => Some(Effect::Run),
            Builtin::EnvGet => Some(Effect::Env),
            Builtin::TimeNow | Builtin::TimeSleep => Some(Effect::Clock),
            _ => None,
        }
    }

    /// Whether a call does more than give a value.
    pub fn has_effect(self) -> bool {
        self.effect().is_some() || matches!(self, Builtin::ToolRun | Builtin::CallRun)
    }
}

/// The record that a signature calls `date`: a day and a time of the civil calendar.
pub const DATE: &str = "{ year: int, month: int, day: int, hour: int, minute: int, second: int }";

macro_rules! builtins {
    ($($variant:ident $signature:literal $doc:literal $($example:literal)?;)*) => {
        /// One method or function of the host library.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

            /// An expression that uses it and is true.
            pub fn example(self) -> Option<&'static str> {
                match self { $(Builtin::$variant => <[&str]>::first(&[$($example)?]).copied(),)* }
            }
        }
    };
}

impl Builtin {
    /// The methods of a type, by name.
    pub fn methods_of(ty: &Type) -> Vec<Builtin> {
        let mut found: Vec<Builtin> = signature::methods(ty)
            .filter_map(|name| signature::method(ty, name))
            .map(|method| method.builtin)
            .collect();
        found.sort_by_key(|method| method.name());
        found
    }

    /// The functions and constants of a namespace, by name; those without one for the empty name.
    pub fn in_namespace(namespace: &str) -> Vec<Builtin> {
        let names = signature::in_namespace(namespace);
        let mut found: Vec<Builtin> =
            names.filter_map(|name| signature::namespaced(namespace, name)).map(|function| function.builtin).collect();
        found.sort_by_key(|function| function.name());
        found
    }

    /// Whether it is a constant: a name without a call.
    pub fn is_constant(self) -> bool {
        signature::of(self).is_some_and(|signature| signature.constant)
    }

    /// Which of its arguments, the receiver included, is a function that it calls.
    pub fn function_at(self) -> Option<usize> {
        let signature = signature::of(self)?;
        let at = signature.params.iter().position(|(_, ty)| matches!(ty, Type::Fn(..)))?;
        Some(at + usize::from(signature.receiver.is_some()))
    }

    /// How many arguments that function takes.
    pub fn function_arity(self) -> usize {
        let params = signature::of(self).map(|signature| signature.params.as_slice()).unwrap_or_default();
        let arity =
            params.iter().find_map(|(_, ty)| if let Type::Fn(params, _) = ty { Some(params.len()) } else { None });
        arity.unwrap_or_default()
    }
}

builtins! {
    StrLen "str.len() -> int" "Number of characters."
        r#""žluť".len() == 4"#;
    StrIsEmpty "str.is_empty() -> bool" "Whether there is no character."
        r#""".is_empty() && !" ".is_empty()"#;
    StrLower "str.lower() -> str" "In lower case."
        r#""Ada".lower() == "ada""#;
    StrUpper "str.upper() -> str" "In upper case."
        r#""Ada".upper() == "ADA""#;
    StrCapitalize "str.capitalize() -> str" "The first character in upper case, the rest as it is."
        r#""ada Lovelace".capitalize() == "Ada Lovelace""#;
    StrTitle "str.title() -> str" "The first letter of each word in upper case, the others in lower case."
        r#""of mice AND men".title() == "Of Mice And Men""#;
    StrStrip "str.strip(chars?: str) -> str" "Without white space, or without any of `chars`, at both ends."
        r#"" ada\n".strip() == "ada" && "**ada*".strip("*") == "ada""#;
    StrStripStart "str.strip_start(chars?: str) -> str" "Without white space, or without any of `chars`, at the start."
        r#""  ada ".strip_start() == "ada ""#;
    StrStripEnd "str.strip_end(chars?: str) -> str" "Without white space, or without any of `chars`, at the end."
        r#""why?!".strip_end("!?") == "why""#;
    StrSqueeze "str.squeeze() -> str" "Runs of white space as one space, none at the ends."
        r#"" a \n b ".squeeze() == "a b""#;
    StrSplit "str.split(sep: str | regex) -> list<str>" "The parts between the separators; an empty text as separator gives the characters."
        r#""a,b;c".split(",") == ["a", "b;c"] && "a,b;c".split(re"[,;]") == ["a", "b", "c"]"#;
    StrSplitOnce "str.split_once(sep: str) -> (str, str)?" "What stands before the first `sep`, and what after it."
        r#""key: a: b".split_once(": ") == ("key", "a: b")"#;
    StrRsplitOnce "str.rsplit_once(sep: str) -> (str, str)?" "What stands before the last `sep`, and what after it."
        r#""a.tar.gz".rsplit_once(".") == ("a.tar", "gz")"#;
    StrWords "str.words() -> list<str>" "The runs of characters that are not white space."
        r#"" to be  or\nnot".words() == ["to", "be", "or", "not"]"#;
    StrLines "str.lines() -> list<str>" "The lines, without their ends."
        r#""a\nb\n".lines() == ["a", "b"]"#;
    StrChars "str.chars() -> list<str>" "The characters."
        r#""añ".chars() == ["a", "ñ"]"#;
    StrCodes "str.codes() -> list<int>" "The Unicode number of each character."
        r#""Aé".codes() == [65, 233]"#;
    StrReverse "str.reverse() -> str" "The characters, last to first."
        r#""abc".reverse() == "cba""#;
    StrReplace "str.replace(old: str | regex, new: str, limit?: int) -> str" "Every `old`, or the first `limit` of them, replaced by `new`. After a regular expression `$1` in `new` is its first group, `${name}` (in `r\"…\"`) the one of that name, `$$` a dollar."
        r#""a-b-c".replace("-", "+", limit: 1) == "a+b-c" && "7 of 9".replace(re"(\d) of (\d)", "$2/$1") == "9/7""#;
    StrContains "str.contains(part: str | regex) -> bool" "Whether `part` occurs."
        r#""seashell".contains("shell") && "no 7".contains(re"\d")"#;
    StrStartsWith "str.starts_with(part: str) -> bool" "Whether it begins with `part`."
        r#""seashell".starts_with("sea")"#;
    StrEndsWith "str.ends_with(part: str) -> bool" "Whether it ends with `part`."
        r#""seashell".ends_with("shell")"#;
    StrRemovePrefix "str.remove_prefix(part: str) -> str" "Without `part`, where it begins with it."
        r#""Answer: 7".remove_prefix("Answer: ") == "7""#;
    StrRemoveSuffix "str.remove_suffix(part: str) -> str" "Without `part`, where it ends with it."
        r#""a.sgl".remove_suffix(".sgl") == "a""#;
    StrFind "str.find(part: str | regex) -> int?" "Index in characters of the first `part`."
        r#""žluť".find("u") == 2 && "žluť".find(re"\d") == none"#;
    StrRfind "str.rfind(part: str) -> int?" "Index in characters of the last `part`."
        r#""banana".rfind("an") == 3"#;
    StrCount "str.count(part: str | regex) -> int" "How often `part` occurs, without overlaps."
        r#""banana".count("an") == 2 && "a1b22".count(re"\d+") == 2"#;
    StrRepeat "str.repeat(n: int) -> str" "`n` copies after each other."
        r#""ab".repeat(3) == "ababab""#;
    StrPadStart "str.pad_start(width: int, fill?: str) -> str" "At least `width` characters long, filled up at the start with spaces or `fill`."
        r#""7".pad_start(3, "0") == "007""#;
    StrPadEnd "str.pad_end(width: int, fill?: str) -> str" "At least `width` characters long, filled up at the end with spaces or `fill`."
        r#""ab".pad_end(4, ".") == "ab..""#;
    StrCenter "str.center(width: int, fill?: str) -> str" "At least `width` characters long, filled up at both ends; where that is uneven, one more at the end."
        r#""ab".center(5, "*") == "*ab**""#;
    StrIndent "str.indent(prefix: str) -> str" "`prefix` before each line that is not blank."
        r#""a\n\nb".indent("> ") == "> a\n\n> b""#;
    StrDedent "str.dedent() -> str" "Without the white space that all lines begin with; blank lines do not count and become empty."
        r#""  a\n\n    b".dedent() == "a\n\n  b""#;
    StrWrap "str.wrap(width: int) -> str" "Lines of at most `width` characters, broken at white space; a longer word has a line of its own. Line ends that are there stay."
        r#""to be or not to be".wrap(width: 9) == "to be or\nnot to be""#;
    StrTruncate "str.truncate(width: int, end?: str) -> str" "At most `width` characters; where some are cut, it ends in `…` or `end`."
        r#""seashell".truncate(4) == "sea…" && "sea".truncate(4) == "sea""#;
    StrIsDigit "str.is_digit() -> bool" "Whether there are only the digits 0 to 9, one at least."
        r#""007".is_digit() && !"".is_digit()"#;
    StrIsAlpha "str.is_alpha() -> bool" "Whether there are only letters, one at least."
        r#""žluť".is_alpha() && !"a1".is_alpha()"#;
    StrIsAlnum "str.is_alnum() -> bool" "Whether there are only letters and digits, one at least."
        r#""a1".is_alnum() && !"a_1".is_alnum()"#;
    StrIsSpace "str.is_space() -> bool" "Whether there is only white space, one character at least."
        r#"" \n".is_space() && !"".is_space()"#;
    StrIsUpper "str.is_upper() -> bool" "Whether there is a letter in upper case, and none in lower case."
        r#""A1".is_upper() && !"Ab".is_upper()"#;
    StrIsLower "str.is_lower() -> bool" "Whether there is a letter in lower case, and none in upper case."
        r#""a1".is_lower() && !"1".is_lower()"#;
    StrMatches "str.matches(pattern: regex) -> bool" "Whether the pattern matches the whole text."
        r#""ab12".matches(re"[a-z]+\d+") && !"ab12!".matches(re"[a-z]+\d+")"#;
    StrFindAll "str.find_all(pattern: regex) -> list<str>" "Every match of the pattern, left to right."
        r#""a1b22".find_all(re"\d+") == ["1", "22"]"#;
    StrCaptures "str.captures(pattern: regex) -> list<str>?" "The first match and its groups; a group that took no part is empty."
        r#""k=v".captures(re"(\w)=(\w)") == ["k=v", "k", "v"]"#;
    StrCapturesAll "str.captures_all(pattern: regex) -> list<list<str>>" "Every match and its groups."
        r#""a=1 b=2".captures_all(re"(\w)=(\d)") == [["a=1", "a", "1"], ["b=2", "b", "2"]]"#;
    StrCapture "str.capture(pattern: regex) -> map<str, str>?" "The named groups of the first match; a group that took no part is not there."
        r#""k=v".capture(re"(?<key>\w)=(?<value>\w)") == { "key": "k", "value": "v" }"#;
    StrCodeBlocks "str.code_blocks() -> list<{lang: str, text: str}>" "The fenced code blocks of a text in Markdown, each with the word after its fence. A block that is not closed goes to the end."
        r#""Here:\n```py\nx = 1\n```\n".code_blocks() == [{ lang: "py", text: "x = 1\n" }]"#;
    StrDistance "str.distance(other: str) -> int" "The fewest characters to insert, remove or replace to make one of the other (Levenshtein)."
        r#""kitten".distance("sitting") == 3"#;
    StrSimilarity "str.similarity(other: str) -> float" "From 0.0, nothing in common, to 1.0, equal: one less the distance as a part of the longer text."
        r#""abcd".similarity("abcx") == 0.75"#;
    StrTokens "str.tokens() -> int" "Number of tokens that the run's model reads it as, chat markup apart.";
    StrEscapeHtml "str.escape_html() -> str" "With `&`, `<`, `>` and quotes written so that HTML shows them."
        r#""<b>".escape_html() == "&lt;b&gt;""#;
    StrEscapeRegex "str.escape_regex() -> str" "The pattern that matches this text and no other."
        r#""a.c".matches(regex("a.c".escape_regex())) && !"abc".matches(regex("a.c".escape_regex()))"#;
    StrEncodeUrl "str.encode_url() -> str" "Percent-encoded, all but letters, digits and `-_.~`, as a part of a URL."
        r#""a b/ž".encode_url() == "a%20b%2F%C5%BE""#;
    StrDecodeUrl "str.decode_url() -> str?" "What is percent-encoded; none where that is not text."
        r#""a%20b".decode_url() == "a b" && "%F".decode_url() == none"#;
    StrEncodeBase64 "str.encode_base64() -> str" "Its bytes in base 64."
        r#""Ada!".encode_base64() == "QWRhIQ==""#;
    StrDecodeBase64 "str.decode_base64() -> str?" "The text that is written in base 64; none where that is not text."
        r#""QWRhIQ==".decode_base64() == "Ada!" && "?".decode_base64() == none"#;
    StrSha256 "str.sha256() -> str" "The SHA-256 of its bytes, in 64 hexadecimal digits."
        r#""".sha256()[..8] == "e3b0c442""#;
    StrToInt "str.to_int(base?: int) -> int?" "The number that it spells, to base ten or to `base` (2 to 36)."
        r#""-12".to_int() == -12 && "ff".to_int(base: 16) == 255 && "12x".to_int() == none"#;
    StrToFloat "str.to_float() -> float?" "The number that it spells."
        r#""1e3".to_float() == 1000.0 && "one".to_float() == none"#;
    ListLen "list<T>.len() -> int" "Number of elements."
        r#"[1, 2, 3].len() == 3"#;
    ListIsEmpty "list<T>.is_empty() -> bool" "Whether there is no element."
        r#"![1].is_empty()"#;
    ListJoin "list<T>.join(sep: str, last?: str) -> str" "The elements' texts with `sep` between them, and `last` before the last one."
        r#"[1, 2, 3].join("-") == "1-2-3" && ["a", "b", "c"].join(", ", last: " and ") == "a, b and c""#;
    ListBullets "list<T>.bullets(mark?: str) -> str" "A line for each element, with `- ` or `mark` before it; its further lines are indented."
        r#"["a", "b\nc"].bullets() == "- a\n- b\n  c""#;
    ListNumbered "list<T>.numbered(start?: int) -> str" "A line for each element, with its number before it, from 1 or `start`; its further lines are indented."
        r#"["a", "b"].numbered() == "1. a\n2. b""#;
    ListContains "list<T>.contains(item: T) -> bool" "Whether an element is equal to `item`."
        r#"[1, 2].contains(2)"#;
    ListIndexOf "list<T>.index_of(item: T) -> int?" "Index of the first element equal to `item`."
        r#"["a", "b"].index_of("b") == 1"#;
    ListFirst "list<T>.first() -> T?" "The first element."
        r#"[1, 2].first() == 1"#;
    ListLast "list<T>.last() -> T?" "The last element."
        r#"[1, 2].last() == 2"#;
    ListGet "list<T>.get(index: int) -> T?" "The element at `index`; a negative one counts from the end."
        r#"[1, 2, 3].get(-1) == 3 && [1].get(7) == none"#;
    ListTake "list<T>.take(n: int) -> list<T>" "The first `n` elements, or all."
        r#"[1, 2, 3].take(2) == [1, 2]"#;
    ListDrop "list<T>.drop(n: int) -> list<T>" "All but the first `n` elements."
        r#"[1, 2, 3].drop(2) == [3]"#;
    ListTakeLast "list<T>.take_last(n: int) -> list<T>" "The last `n` elements, or all."
        r#"[1, 2, 3].take_last(2) == [2, 3]"#;
    ListDropLast "list<T>.drop_last(n: int) -> list<T>" "All but the last `n` elements."
        r#"[1, 2, 3].drop_last(2) == [1]"#;
    ListSplitAt "list<T>.split_at(n: int) -> (list<T>, list<T>)" "The first `n` elements, and the others."
        r#"[1, 2, 3].split_at(1) == ([1], [2, 3])"#;
    ListStepBy "list<T>.step_by(n: int) -> list<T>" "Every `n`-th element, from the first on."
        r#"(0..10).step_by(4) == [0, 4, 8]"#;
    ListChunks "list<T>.chunks(n: int) -> list<list<T>>" "Lists of `n` elements after each other; the last one may be shorter."
        r#"[1, 2, 3].chunks(2) == [[1, 2], [3]]"#;
    ListWindows "list<T>.windows(n: int) -> list<list<T>>" "Every run of `n` elements."
        r#"[1, 2, 3].windows(2) == [[1, 2], [2, 3]]"#;
    ListInsert "list<T>.insert(index: int, item: T) -> list<T>" "With `item` at `index`, what stood there and later moved on."
        r#"[1, 3].insert(1, 2) == [1, 2, 3]"#;
    ListWith "list<T>.with(index: int, item: T) -> list<T>" "With `item` in place of the element at `index`."
        r#"[1, 2].with(0, 7) == [7, 2]"#;
    ListRemove "list<T>.remove(index: int) -> list<T>" "Without the element at `index`."
        r#"[1, 2, 3].remove(1) == [1, 3]"#;
    ListSwap "list<T>.swap(a: int, b: int) -> list<T>" "With the elements at `a` and `b` in each other's place."
        r#"[1, 2, 3].swap(0, 2) == [3, 2, 1]"#;
    ListRepeat "list<T>.repeat(n: int) -> list<T>" "`n` copies after each other."
        r#"[1, 2].repeat(2) == [1, 2, 1, 2]"#;
    ListReverse "list<T>.reverse() -> list<T>" "Last to first."
        r#"[1, 2].reverse() == [2, 1]"#;
    ListRotate "list<T>.rotate(n: int) -> list<T>" "The first `n` elements moved to the end; the last ones to the start where `n` is negative."
        r#"[1, 2, 3].rotate(1) == [2, 3, 1] && [1, 2, 3].rotate(-1) == [3, 1, 2]"#;
    ListShuffle "list<T>.shuffle(seed: int) -> list<T>" "In a random order, the same for the same `seed`."
        r#"(0..9).shuffle(seed: 1) == (0..9).shuffle(seed: 1) && (0..9).shuffle(seed: 1).sort() == (0..9)"#;
    ListSample "list<T>.sample(n: int, seed: int) -> list<T>" "`n` elements (or all) at random and in their order, the same for the same `seed`."
        r#"(0..9).sample(3, seed: 1).len() == 3"#;
    ListSort "list<T>.sort(descending?: bool) -> list<T>" "In ascending order, or descending; equal elements keep their order."
        r#"[2, 3, 1].sort() == [1, 2, 3] && [2, 3, 1].sort(descending: true) == [3, 2, 1]"#;
    ListIsSorted "list<T>.is_sorted() -> bool" "Whether no element is smaller than the one before."
        r#"[1, 1, 2].is_sorted()"#;
    ListUnique "list<T>.unique() -> list<T>" "Without later duplicates."
        r#"[1, 2, 1].unique() == [1, 2]"#;
    ListDedup "list<T>.dedup() -> list<T>" "Without elements that equal the one before."
        r#"[1, 1, 2, 1].dedup() == [1, 2, 1]"#;
    ListCompact "list<T?>.compact() -> list<T>" "Without those that are `none`."
        r#"["1", "x"].map(|s| s.to_int()).compact() == [1]"#;
    ListUnion "list<T>.union(other: list<T>) -> list<T>" "The elements of both, each once."
        r#"[1, 2].union([2, 3]) == [1, 2, 3]"#;
    ListIntersect "list<T>.intersect(other: list<T>) -> list<T>" "The elements that are in both, each once."
        r#"[1, 2, 2].intersect([2, 3]) == [2]"#;
    ListDifference "list<T>.difference(other: list<T>) -> list<T>" "The elements that are not in `other`, each once."
        r#"[1, 2, 1].difference([2, 3]) == [1]"#;
    ListIsSubset "list<T>.is_subset(other: list<T>) -> bool" "Whether every element is in `other`."
        r#"[2, 2].is_subset([1, 2])"#;
    ListCounts "list<T>.counts() -> map<str, int>" "How often each element occurs, by its text."
        r#"["a", "b", "a"].counts() == { "a": 2, "b": 1 }"#;
    ListSum "list<T>.sum() -> T" "The sum of numbers; of none, 0."
        r#"[1, 2, 3].sum() == 6"#;
    ListProduct "list<T>.product() -> T" "The product of numbers; of none, 1."
        r#"[2, 3, 4].product() == 24"#;
    ListMean "list<T>.mean() -> float?" "The mean of numbers; of none, none."
        r#"[1, 2].mean() == 1.5"#;
    ListMedian "list<T>.median() -> float?" "The middle one of the numbers in order, or the mean of the two in the middle."
        r#"[9, 1, 2].median() == 2.0"#;
    ListVariance "list<T>.variance() -> float?" "The mean of the squared distances from the mean."
        r#"[1, 3].variance() == 1.0"#;
    ListStddev "list<T>.stddev() -> float?" "The standard deviation: the root of the variance."
        r#"[1, 5].stddev() == 2.0"#;
    ListPercentile "list<T>.percentile(p: float) -> float?" "The number that `p` of a hundred lie below, between two of them in proportion."
        r#"[1, 2, 3, 4, 5].percentile(25) == 2.0"#;
    ListMin "list<T>.min() -> T?" "The smallest element; of equal ones the first."
        r#"[2, 1].min() == 1"#;
    ListMax "list<T>.max() -> T?" "The largest element; of equal ones the first."
        r#"["a", "b"].max() == "b""#;
    ListMode "list<T>.mode() -> T?" "The most frequent element; of equally frequent ones the first."
        r#"["no", "yes", "yes"].mode() == "yes""#;
    ListZip "list<T>.zip(other: list<U>) -> list<(T, U)>" "Pairs of elements at the same place, as long as the shorter list."
        r#"[1, 2].zip(["a", "b"]) == [(1, "a"), (2, "b")]"#;
    ListZip3 "list<T>.zip3(second: list<U>, third: list<K>) -> list<(T, U, K)>" "Triples of elements at the same place, as long as the shortest list."
        r#"[1].zip3(["a"], [true]) == [(1, "a", true)]"#;
    ListUnzip "list<(T, U)>.unzip() -> (list<T>, list<U>)" "The first and the second parts of pairs."
        r#"[(1, "a"), (2, "b")].unzip() == ([1, 2], ["a", "b"])"#;
    ListInterleave "list<T>.interleave(other: list<T>) -> list<T>" "By turns one of each; what is left of the longer list at the end."
        r#"[1, 3, 5].interleave([2]) == [1, 2, 3, 5]"#;
    ListCross "list<T>.cross(other: list<U>) -> list<(T, U)>" "Every element with each of `other`."
        r#"[1, 2].cross(["a", "b"]) == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]"#;
    ListPairs "list<T>.pairs() -> list<(T, T)>" "Every element with each that stands after it."
        r#"[1, 2, 3].pairs() == [(1, 2), (1, 3), (2, 3)]"#;
    ListCombinations "list<T>.combinations(n: int) -> list<list<T>>" "Every way to take `n` elements, in their order."
        r#"[1, 2, 3].combinations(2) == [[1, 2], [1, 3], [2, 3]]"#;
    ListPermutations "list<T>.permutations() -> list<list<T>>" "Every order of the elements."
        r#"[1, 2, 3].permutations().len() == 6"#;
    ListEnumerate "list<T>.enumerate(start?: int) -> list<(int, T)>" "Pairs of index and element, from 0 or `start` on."
        r#"["a", "b"].enumerate() == [(0, "a"), (1, "b")]"#;
    ListFlatten "list<list<T>>.flatten() -> list<T>" "The inner lists after each other."
        r#"[[1], [2, 3]].flatten() == [1, 2, 3]"#;
    ListTranspose "list<list<T>>.transpose() -> list<list<T>>" "Columns as rows; as many as the shortest row has."
        r#"[[1, 2], [3, 4]].transpose() == [[1, 3], [2, 4]]"#;
    ListToMap "list<(str, T)>.to_map() -> map<str, T>" "The map of these keys and values; of a key that stands twice the last value counts."
        r#"[("a", 1), ("b", 2)].to_map() == { "a": 1, "b": 2 }"#;
    ListMap "list<T>.map(f: fn(T) -> U) -> list<U>" "`f` of each element."
        r#"[1, 2].map(|x| x * 10) == [10, 20]"#;
    ListFilter "list<T>.filter(f: fn(T) -> bool) -> list<T>" "The elements for which `f` is true."
        r#"[1, 2, 3].filter(|x| x > 1) == [2, 3]"#;
    ListFilterMap "list<T>.filter_map(f: fn(T) -> U?) -> list<U>" "`f` of each element, without `none`."
        r#"["1", "x"].filter_map(|s| s.to_int()) == [1]"#;
    ListFlatMap "list<T>.flat_map(f: fn(T) -> list<U>) -> list<U>" "The lists `f` of each element after each other."
        r#"[1, 2].flat_map(|x| [x, x]) == [1, 1, 2, 2]"#;
    ListAny "list<T>.any(f: fn(T) -> bool) -> bool" "Whether `f` is true for some element."
        r#"[1, 2].any(|x| x > 1)"#;
    ListAll "list<T>.all(f: fn(T) -> bool) -> bool" "Whether `f` is true for every element."
        r#"[1, 2].all(|x| x > 0)"#;
    ListCount "list<T>.count(f: fn(T) -> bool) -> int" "For how many elements `f` is true."
        r#"[1, 2, 3].count(|x| x > 1) == 2"#;
    ListFind "list<T>.find(f: fn(T) -> bool) -> T?" "The first element for which `f` is true."
        r#"[1, 2, 3].find(|x| x > 1) == 2"#;
    ListPosition "list<T>.position(f: fn(T) -> bool) -> int?" "Index of the first element for which `f` is true."
        r#"[1, 2, 3].position(|x| x > 1) == 1"#;
    ListPartition "list<T>.partition(f: fn(T) -> bool) -> (list<T>, list<T>)" "The elements for which `f` is true, and the others."
        r#"[1, 2, 3].partition(|x| x > 1) == ([2, 3], [1])"#;
    ListTakeWhile "list<T>.take_while(f: fn(T) -> bool) -> list<T>" "The elements before the first for which `f` is false."
        r#"[1, 2, 1].take_while(|x| x < 2) == [1]"#;
    ListDropWhile "list<T>.drop_while(f: fn(T) -> bool) -> list<T>" "The elements from the first on for which `f` is false."
        r#"[1, 2, 1].drop_while(|x| x < 2) == [2, 1]"#;
    ListSortBy "list<T>.sort_by(key: fn(T) -> K, descending?: bool) -> list<T>" "In ascending order of `key`, or descending; equal keys keep their order."
        r#"["bb", "a"].sort_by(|s| s.len()) == ["a", "bb"] && ["b", "a", "c"].sort_by(|s| (s == "c", s)) == ["a", "b", "c"]"#;
    ListTop "list<T>.top(n: int, key: fn(T) -> K) -> list<T>" "The `n` elements with the largest `key`, largest first."
        r#"["a", "ccc", "bb"].top(2, |s| s.len()) == ["ccc", "bb"]"#;
    ListUniqueBy "list<T>.unique_by(key: fn(T) -> K) -> list<T>" "Without elements whose `key` an earlier one has."
        r#"["a", "A", "b"].unique_by(|s| s.lower()) == ["a", "b"]"#;
    ListMinBy "list<T>.min_by(key: fn(T) -> K) -> T?" "The element with the smallest `key`; of equal ones the first."
        r#"["bb", "a"].min_by(|s| s.len()) == "a""#;
    ListMaxBy "list<T>.max_by(key: fn(T) -> K) -> T?" "The element with the largest `key`; of equal ones the first."
        r#"["bb", "a"].max_by(|s| s.len()) == "bb""#;
    ListGroupBy "list<T>.group_by(key: fn(T) -> str) -> map<str, list<T>>" "The elements of each `key`, keys in order of appearance."
        r#"["bat", "ant", "bee"].group_by(|s| s[0]) == { "b": ["bat", "bee"], "a": ["ant"] }"#;
    ListKeyBy "list<T>.key_by(key: fn(T) -> str) -> map<str, T>" "Each element under its `key`; of a key that stands twice the last element counts."
        r#"["bat", "ant"].key_by(|s| s[0]) == { "b": "bat", "a": "ant" }"#;
    ListFold "list<T>.fold(start: U, f: fn(U, T) -> U) -> U" "`f` of what came before and each element, first to last."
        r#"[1, 2, 3].fold("", |text, x| "{text}{x}") == "123""#;
    ListReduce "list<T>.reduce(f: fn(T, T) -> T) -> T?" "`f` of what came before and each element, beginning with the first; of no elements, none."
        r#"[1, 2, 3].reduce(|a, b| a * 10 + b) == 123"#;
    ListScan "list<T>.scan(start: U, f: fn(U, T) -> U) -> list<U>" "What `fold` has after each element."
        r#"[1, 2, 3].scan(0, |sum, x| sum + x) == [1, 3, 6]"#;
    MapLen "map<str, T>.len() -> int" "Number of keys."
        r#"{ "a": 1 }.len() == 1"#;
    MapIsEmpty "map<str, T>.is_empty() -> bool" "Whether there is no key."
        r#"!{ "a": 1 }.is_empty()"#;
    MapKeys "map<str, T>.keys() -> list<str>" "The keys, in order of insertion."
        r#"{ "b": 1, "a": 2 }.keys() == ["b", "a"]"#;
    MapValues "map<str, T>.values() -> list<T>" "The values, in the order of their keys."
        r#"{ "b": 1, "a": 2 }.values() == [1, 2]"#;
    MapItems "map<str, T>.items() -> list<(str, T)>" "Pairs of key and value, in order of insertion."
        r#"{ "b": 1, "a": 2 }.items() == [("b", 1), ("a", 2)]"#;
    MapGet "map<str, T>.get(key: str) -> T?" "The value of `key`."
        r#"{ "a": 1 }.get("a") == 1 && ({ "a": 1 }.get("b") ?? 0) == 0"#;
    MapContains "map<str, T>.contains(key: str) -> bool" "Whether `key` is there."
        r#"{ "a": 1 }.contains("a")"#;
    MapWith "map<str, T>.with(key: str, value: T) -> map<str, T>" "With `key` set to `value`."
        r#"{ "a": 1 }.with("b", 2) == { "a": 1, "b": 2 }"#;
    MapUpdate "map<str, T>.update(key: str, f: fn(T?) -> T) -> map<str, T>" "With `key` set to `f` of its value, or of none where it is not there."
        r#"{ "a": 1 }.update("a", |n| (n ?? 0) + 1) == { "a": 2 }"#;
    MapWithout "map<str, T>.without(key: str) -> map<str, T>" "Without `key`."
        r#"{ "a": 1, "b": 2 }.without("a") == { "b": 2 }"#;
    MapOnly "map<str, T>.only(keys: list<str>) -> map<str, T>" "Without all other keys."
        r#"{ "a": 1, "b": 2 }.only(["b", "c"]) == { "b": 2 }"#;
    MapExcept "map<str, T>.except(keys: list<str>) -> map<str, T>" "Without these keys."
        r#"{ "a": 1, "b": 2 }.except(["b", "c"]) == { "a": 1 }"#;
    MapMerge "map<str, T>.merge(other: map<str, T>) -> map<str, T>" "With the keys of `other`, which win."
        r#"{ "a": 1 }.merge({ "a": 7, "b": 2 }) == { "a": 7, "b": 2 }"#;
    MapInvert "map<str, T>.invert() -> map<str, str>" "The key of each value, by the value's text; of equal values the last key counts."
        r#"{ "one": 1, "two": 2 }.invert() == { "1": "one", "2": "two" }"#;
    MapSort "map<str, T>.sort(descending?: bool) -> map<str, T>" "With its keys in ascending order, or descending."
        r#"{ "b": 1, "a": 2 }.sort().keys() == ["a", "b"]"#;
    MapSortBy "map<str, T>.sort_by(key: fn(str, T) -> K, descending?: bool) -> map<str, T>" "In ascending order of `key`, or descending."
        r#"{ "a": 1, "b": 2 }.sort_by(|_, n| n, descending: true).keys() == ["b", "a"]"#;
    MapMapValues "map<str, T>.map_values(f: fn(T) -> U) -> map<str, U>" "`f` of each value, under the same key."
        r#"{ "a": 1 }.map_values(|n| n * 10) == { "a": 10 }"#;
    MapMap "map<str, T>.map(f: fn(str, T) -> U) -> list<U>" "`f` of each key and value."
        r#"{ "a": 1 }.map(|key, n| "{key}{n}") == ["a1"]"#;
    MapFilter "map<str, T>.filter(f: fn(str, T) -> bool) -> map<str, T>" "The keys and values for which `f` is true."
        r#"{ "a": 1, "b": 2 }.filter(|_, n| n > 1) == { "b": 2 }"#;
    MapAny "map<str, T>.any(f: fn(str, T) -> bool) -> bool" "Whether `f` is true for some key and value."
        r#"{ "a": 1 }.any(|key, _| key == "a")"#;
    MapAll "map<str, T>.all(f: fn(str, T) -> bool) -> bool" "Whether `f` is true for every key and value."
        r#"{ "a": 1 }.all(|_, n| n > 0)"#;
    MapCount "map<str, T>.count(f: fn(str, T) -> bool) -> int" "For how many keys and values `f` is true."
        r#"{ "a": 1, "b": 2 }.count(|_, n| n > 1) == 1"#;
    IntAbs "int.abs() -> int" "Without its sign."
        r#"(-3).abs() == 3"#;
    IntSign "int.sign() -> int" "-1, 0 or 1."
        r#"(-3).sign() == -1"#;
    IntClamp "int.clamp(low: int, high: int) -> int" "Itself, or the end of the range that it lies beyond."
        r#"12.clamp(0, 10) == 10"#;
    IntIsEven "int.is_even() -> bool" "Whether two divides it."
        r#"4.is_even()"#;
    IntIsOdd "int.is_odd() -> bool" "Whether two does not divide it."
        r#"(-3).is_odd()"#;
    IntModulo "int.modulo(n: int) -> int" "The remainder that has the sign of `n`; `%` has that of the dividend."
        r#"(-7).modulo(3) == 2 && -7 % 3 == -1"#;
    IntGcd "int.gcd(other: int) -> int" "The greatest number that divides both."
        r#"12.gcd(18) == 6"#;
    IntLcm "int.lcm(other: int) -> int" "The smallest number that both divide."
        r#"4.lcm(6) == 12"#;
    IntToBase "int.to_base(base: int) -> str" "Its digits to this base (2 to 36)."
        r#"255.to_base(16) == "ff""#;
    IntThousands "int.thousands(sep?: str) -> str" "With `,` or `sep` between each three digits."
        r#"1234567.thousands() == "1,234,567""#;
    FloatAbs "float.abs() -> float" "Without its sign."
        r#"(-0.5).abs() == 0.5"#;
    FloatSign "float.sign() -> int" "-1, 0 or 1."
        r#"0.5.sign() == 1"#;
    FloatClamp "float.clamp(low: float, high: float) -> float" "Itself, or the end of the range that it lies beyond."
        r#"1.5.clamp(0.0, 1.0) == 1.0"#;
    FloatRound "float.round() -> int" "The nearest integer; halves away from zero."
        r#"2.5.round() == 3"#;
    FloatRoundTo "float.round_to(decimals: int) -> float" "Rounded to so many decimals; halves away from zero."
        r#"2.345.round_to(1) == 2.3"#;
    FloatFloor "float.floor() -> int" "The largest integer not above it."
        r#"(-0.5).floor() == -1"#;
    FloatCeil "float.ceil() -> int" "The smallest integer not below it."
        r#"0.2.ceil() == 1"#;
    FloatTrunc "float.trunc() -> int" "Without what stands after the point."
        r#"(-1.9).trunc() == -1"#;
    FloatSqrt "float.sqrt() -> float" "The square root."
        r#"9.0.sqrt() == 3.0"#;
    FloatFormat "float.format(decimals: int) -> str" "Written with so many decimals; halves go away from zero."
        r#"2.0.format(decimals: 2) == "2.00""#;
    FloatThousands "float.thousands(decimals: int, sep?: str) -> str" "Written with so many decimals, and `,` or `sep` between each three digits before the point."
        r#"1234.5.thousands(decimals: 2) == "1,234.50""#;
    FloatPercent "float.percent(decimals?: int) -> str" "As parts of a hundred."
        r#"0.256.percent() == "26%" && 0.256.percent(decimals: 1) == "25.6%""#;
    JsonKind "(json).kind() -> str" "What it is: `none`, `bool`, `int`, `float`, `str`, `list` or `map`."
        r#"json.parse("[1]").kind() == "list""#;
    JsonAsStr "(json).as_str() -> str?" "The text that it is."
        r#"json.parse("\"a\"").as_str() == "a" && json.parse("1").as_str() == none"#;
    JsonAsInt "(json).as_int() -> int?" "The integer that it is."
        r#"json.parse("7").as_int() == 7"#;
    JsonAsFloat "(json).as_float() -> float?" "The number that it is."
        r#"json.parse("7").as_float() == 7.0"#;
    JsonAsBool "(json).as_bool() -> bool?" "The truth value that it is."
        r#"json.parse("true").as_bool() == true"#;
    JsonAsList "(json).as_list() -> list<json>?" "The list that it is."
        r#"(json.parse("[1, 2]").as_list() ?? []).len() == 2"#;
    JsonAsMap "(json).as_map() -> map<str, json>?" "The object that it is, as a map."
        r#"(json.parse("\{\"a\": 1}").as_map() ?? {}).keys() == ["a"]"#;
    JsonGet "(json).get(key: str) -> json" "The value of a key; none where it is not there, or this is no object."
        r#"json.parse("\{\"a\": 1}").get("a").as_int() == 1"#;
    JsonAt "(json).at(index: int) -> json" "The element at an index, from the end where negative; none where it is not there, or this is no list."
        r#"json.parse("[1, 2]").at(-1).as_int() == 2"#;
    JsonKeys "(json).keys() -> list<str>" "The keys of an object; of anything else, no keys."
        r#"json.parse("\{\"a\": 1}").keys() == ["a"]"#;
    JsonLen "(json).len() -> int" "Number of elements, keys or characters; of anything else, 0."
        r#"json.parse("[1, 2]").len() == 2"#;
    ToText "text(value: T) -> str" "The text of any value: a `str` itself, numbers as written, the rest as JSON."
        r#"text(1.5) == "1.5" && text([1, 2]) == "[1,2]""#;
    ToJson "to_json(value: T, indent?: int) -> str" "The value as JSON, on one line or with each level indented by so many spaces."
        r#"to_json("a") == "\"a\"" && to_json([1], indent: 2) == "[\n  1\n]""#;
    ToFloat "float(value: int) -> float" "The integer as a float."
        r#"float(2) / 4 == 0.5"#;
    ToChar "char(code: int) -> str" "The character with this Unicode number."
        r#"char(233) == "é""#;
    ToRegex "regex(pattern: str) -> regex" "The regular expression that is written in a text; an error where none is."
        r#""a1".matches(regex("[a-z]" + "[0-9]"))"#;
    Min "min(a: T, b: T) -> T" "The smaller one."
        r#"min(2, 1) == 1"#;
    Max "max(a: T, b: T) -> T" "The larger one."
        r#"max("a", "b") == "b""#;
    MathPi "math.pi: float" "Half the circumference of a circle of radius 1."
        r#"math.pi.format(decimals: 2) == "3.14""#;
    MathE "math.e: float" "The base of the natural logarithm."
        r#"math.ln(math.e) == 1.0"#;
    MathSqrt "math.sqrt(x: int | float) -> float" "The square root."
        r#"math.sqrt(16) == 4.0"#;
    MathCbrt "math.cbrt(x: int | float) -> float" "The cube root."
        r#"math.cbrt(-27) == -3.0"#;
    MathExp "math.exp(x: int | float) -> float" "`math.e` to the power of `x`."
        r#"math.exp(0) == 1.0"#;
    MathLn "math.ln(x: int | float) -> float" "The natural logarithm."
        r#"math.ln(1) == 0.0"#;
    MathLog2 "math.log2(x: int | float) -> float" "The logarithm to base 2."
        r#"math.log2(8) == 3.0"#;
    MathLog10 "math.log10(x: int | float) -> float" "The logarithm to base 10."
        r#"math.log10(100) == 2.0"#;
    MathLog "math.log(x: float, base: float) -> float" "The logarithm to any base."
        r#"math.log(8, 2) == 3.0"#;
    MathPow "math.pow(x: float, y: float) -> float" "`x` to the power of `y`."
        r#"math.pow(2, 0.5) == math.sqrt(2)"#;
    MathSin "math.sin(x: int | float) -> float" "The sine of an angle in radians."
        r#"math.sin(0) == 0.0"#;
    MathCos "math.cos(x: int | float) -> float" "The cosine of an angle in radians."
        r#"math.cos(0) == 1.0"#;
    MathTan "math.tan(x: int | float) -> float" "The tangent of an angle in radians."
        r#"math.tan(0) == 0.0"#;
    MathAsin "math.asin(x: int | float) -> float" "The angle in radians that has this sine."
        r#"math.asin(0) == 0.0"#;
    MathAcos "math.acos(x: int | float) -> float" "The angle in radians that has this cosine."
        r#"math.acos(1) == 0.0"#;
    MathAtan "math.atan(x: int | float) -> float" "The angle in radians that has this tangent."
        r#"math.atan(0) == 0.0"#;
    MathAtan2 "math.atan2(y: float, x: float) -> float" "The angle in radians of the point (`x`, `y`)."
        r#"math.degrees(math.atan2(1, 0)) == 90.0"#;
    MathTanh "math.tanh(x: int | float) -> float" "The hyperbolic tangent."
        r#"math.tanh(0) == 0.0"#;
    MathHypot "math.hypot(x: float, y: float) -> float" "The root of the sum of the squares."
        r#"math.hypot(3, 4) == 5.0"#;
    MathDegrees "math.degrees(x: int | float) -> float" "Radians as degrees."
        r#"math.degrees(math.pi) == 180.0"#;
    MathRadians "math.radians(x: int | float) -> float" "Degrees as radians."
        r#"math.radians(180) == math.pi"#;
    MathSoftmax "math.softmax(scores: list<float>) -> list<float>" "Probabilities in proportion to the exponentials of the scores."
        r#"math.softmax([1.0, 1.0]) == [0.5, 0.5]"#;
    JsonParse "json.parse(text: str) -> json" "The value that a text of JSON spells; an error where it is none."
        r#"json.parse("[1]") == [1]"#;
    JsonRead "json.read(text: str) -> T" "The value of `T` that a text of JSON spells, checked like an answer of a model; an error where it is none. `T` is what is wanted, or stands in the call: `json.read<Person>(line)`."
        r#"json.read<list<int>>("[1, 2]").sum() == 3"#;
    JsonSchema "json.schema() -> json" "The JSON Schema of the type that stands in the call, with the documentation of its fields: `json.schema<Person>()` tells a model what is wanted."
        r#"json.schema<list<bool>>().get("type").as_str() == "array""#;
    JsonFind "json.find(text: str) -> json" "The first object or list of JSON that stands in a text, as a model may write it between words; none where there is none."
        r#"json.find("Sure! \{\"a\": 1} Done.").get("a").as_int() == 1"#;
    DateNew "date.new(year: int, month: int, day: int, hour?: int, minute?: int, second?: int) -> date" "A date; an error where the calendar has none such."
        r#"date.new(2026, 2, 28).hour == 0"#;
    DateParse "date.parse(text: str) -> date?" "The date that is written as in ISO 8601, in UTC; none where there is none."
        r#"date.parse("2026-02-28T13:00:00+01:00") == date.new(2026, 2, 28, hour: 12) && date.parse("2026-02-30") == none"#;
    DateFormat "date.format(date: date, pattern?: str) -> str" "As in ISO 8601, or by a pattern of %Y %m %d %e (day without zero) %H %M %S %B %b (month) %A %a (day of the week) %j (day of the year) %%."
        r#"date.format(date.new(2026, 2, 28)) == "2026-02-28T00:00:00" && date.format(date.new(2026, 2, 28), "%A, %e %B") == "Saturday, 28 February""#;
    DateAdd "date.add(date: date, years?: int, months?: int, days?: int, hours?: int, minutes?: int, seconds?: int) -> date" "So much later; where a month is too short for the day, its last day."
        r#"date.add(date.new(2026, 1, 31), months: 1, days: 1) == date.new(2026, 3, 1)"#;
    DateDaysBetween "date.days_between(from: date, to: date) -> int" "Days of the calendar from one date to the other."
        r#"date.days_between(date.new(2026, 2, 28), date.new(2026, 3, 1)) == 1"#;
    DateSecondsBetween "date.seconds_between(from: date, to: date) -> int" "Seconds from one date to the other."
        r#"date.seconds_between(date.new(2026, 2, 28), date.new(2026, 2, 28, minute: 1)) == 60"#;
    DateWeekday "date.weekday(date: date) -> int" "1 for Monday to 7 for Sunday."
        r#"date.weekday(date.new(2026, 2, 28)) == 6"#;
    DateFromEpoch "date.from_epoch(seconds: int | float) -> date" "The date so many seconds after the beginning of 1970, in UTC."
        r#"date.from_epoch(86400) == date.new(1970, 1, 2)"#;
    DateToEpoch "date.to_epoch(date: date) -> int" "Seconds since the beginning of 1970."
        r#"date.to_epoch(date.new(1970, 1, 2)) == 86400"#;
    DateDaysInMonth "date.days_in_month(year: int, month: int) -> int" "How many days a month has."
        r#"date.days_in_month(2024, 2) == 29"#;
    DateIsLeap "date.is_leap(year: int) -> bool" "Whether a year has a 29th of February."
        r#"date.is_leap(2000) && !date.is_leap(1900)"#;
    Image "image(path: str) -> image"
        "The picture in a file, a PNG, JPEG, GIF or WebP; needs `--allow-read=DIR`. Alone in a prompt it is appended.";
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
    McpCall "mcp.call(command: str, tool: str, arguments: json) -> str"
        "Calls a tool of the MCP server that `command` starts; needs `--allow-run` of its program. `import mcp` knows its types.";
    EnvGet "env.get(name: str) -> str?" "A variable of the environment; needs `--allow-env=NAME`.";
    TimeNow "time.now() -> float" "Seconds since the beginning of 1970, in UTC.";
    ToolRun "tool.run(arguments: json) -> str"
        "Calls the tool with arguments by name, checked against the types of its parameters; the text of its result.";
    CallRun "call.run() -> str" "Does what the model has called for; the text of the tool's result.";
    ToolsDescribe "list<tool>.describe() -> str"
        "The tools with their parameters, and how to call them, as a model wants to be told.";
    Race "race(items: list<T>) -> T"
        "The first element that is there without an error; the others are cancelled. Which one that is depends on time.";
    TimeSleep "time.sleep(seconds: float) -> none" "Waits.";
}
