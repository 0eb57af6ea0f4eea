//! The formats of JSON Schema as regular languages, each read from the grammar of its RFC.
//!
//! What these grammars leave to prose is kept where an automaton of moderate size can: true lengths of months, leap
//! seconds only where it is 23:59 in UTC (with offsets of quarters of an hour), the lengths of labels and names, the
//! contexts of RFC 5892. Not kept: whether a label in Punycode decodes, how long the host of an address of mail is in all,
//! and what a regular expression refers to.

use std::sync::OnceLock;

use super::Lang;
use super::packed;

/// A name, how its language is made, and the language once it was asked for.
type Format = (&'static str, fn() -> Option<Lang>, OnceLock<Option<Lang>>);

/// The names we know.
static KNOWN: [Format; 19] = [
    ("date", || whole(&date()), OnceLock::new()),
    ("time", || whole(&time()), OnceLock::new()),
    ("date-time", || whole(&format!("(?:{})[Tt](?:{})", date(), time())), OnceLock::new()),
    ("duration", || whole(&duration()), OnceLock::new()),
    ("email", || whole(&email(ATEXT, QTEXT, &label())), OnceLock::new()),
    (
        "idn-email",
        || whole(&email(&format!("{ATEXT}{WIDE}"), &format!("{QTEXT}{WIDE}"), &wide_label())),
        OnceLock::new(),
    ),
    ("hostname", || short(&format!("{0}(?:\\.{0})*", label())), OnceLock::new()),
    ("idn-hostname", || short(&format!("{0}(?:[.\\u3002\\uff0e\\uff61]{0})*", wide_label())), OnceLock::new()),
    ("ipv4", || whole(&ipv4()), OnceLock::new()),
    ("ipv6", || whole(&ipv6()), OnceLock::new()),
    ("uri", || whole(&Uri::ASCII.absolute()), OnceLock::new()),
    ("uri-reference", || whole(&Uri::ASCII.reference()), OnceLock::new()),
    ("iri", || whole(&Uri::WIDE.absolute()), OnceLock::new()),
    ("iri-reference", || whole(&Uri::WIDE.reference()), OnceLock::new()),
    ("uri-template", || whole(&template()), OnceLock::new()),
    ("uuid", || whole("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), OnceLock::new()),
    ("json-pointer", || whole(POINTER), OnceLock::new()),
    ("relative-json-pointer", || whole(&format!("(?:0|[1-9]\\d*)(?:#|{POINTER})")), OnceLock::new()),
    ("regex", || whole(&regex(8)), OnceLock::new()),
];

/// How many names we know.
pub(super) const COUNT: usize = KNOWN.len();

/// The texts of the format `name`.
pub(super) fn find(name: &str) -> Option<Lang> {
    let at = KNOWN.iter().position(|(known, ..)| *known == name)?;
    let (_, make, lang) = KNOWN.get(at)?;
    lang.get_or_init(|| packed::made(at).or_else(make)).clone()
}

/// The texts that `pattern` matches from end to end, as a deterministic automaton.
fn whole(pattern: &str) -> Option<Lang> {
    Lang::ecma(&format!("^(?:{pattern})$")).and_then(|lang| lang.determined()).ok()
}

/// The same, for names of at most 253 characters.
fn short(pattern: &str) -> Option<Lang> {
    whole(pattern)?.and(&Lang::lengths(0, Some(253))).ok()
}

/// RFC 3339, `full-date`.
fn date() -> String {
    let leap = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    let long = "(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])";
    let short = "(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)";
    format!("\\d{{4}}-(?:{long}|{short}|02-(?:0[1-9]|1\\d|2[0-8]))|{leap}-02-29")
}

/// RFC 3339, `full-time`.
fn time() -> String {
    let fraction = "(?:\\.\\d+)?";
    let mut out = format!("(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d{fraction}(?:[zZ]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)");
    out.push_str(&format!("|23:59:60{fraction}[zZ]"));
    // The local time of 23:59 UTC, for each offset.
    const DAY: u32 = 24 * 60;
    for local in (14..DAY).step_by(15) {
        let (ahead, behind) = ((local + 1) % DAY, (DAY - 1 - local) % DAY);
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        out.push_str(&format!("|{}:60{fraction}(?:\\+{}|-{})", clock(local), clock(ahead), clock(behind)));
    }
    out
}

/// RFC 3339, appendix A.
fn duration() -> String {
    let days = "\\d+D";
    let months = format!("\\d+M(?:{days})?");
    let years = format!("\\d+Y(?:{months})?");
    let minutes = "\\d+M(?:\\d+S)?";
    let time = format!("T(?:\\d+H(?:{minutes})?|{minutes}|\\d+S)");
    format!("P(?:(?:{days}|{months}|{years})(?:{time})?|{time}|\\d+W)")
}

/// Characters of a word in the name before the `@`.
const ATEXT: &str = "a-zA-Z0-9!#$%&'*+\\-/=?^_`{|}~";
/// Characters between quotes there.
const QTEXT: &str = " !#-\\[\\]-~";
/// All characters beyond ASCII.
const WIDE: &str = "\\u0080-\\u{10ffff}";

/// RFC 5321, `Mailbox`, and with wide characters RFC 6531.
fn email(word: &str, quoted: &str, label: &str) -> String {
    let host = format!("{label}(?:\\.{label})*|\\[(?:{}|IPv6:(?:{}))\\]", ipv4(), ipv6());
    // At most 64 characters before the `@`. An escape has two of them, so what is escaped is told by the backslashes before.
    let dots = format!("(?=[^@]{{1,64}}@)[{word}]+(?:\\.[{word}]+)*");
    let (odd, even) = (r"(?<=[^\\](?:\\\\)*\\)", r"(?<![^\\](?:\\\\)*\\)");
    let quotes = format!("\"(?:{odd}[ -~]|{even}[{quoted}\\\\]){{0,62}}{even}\"");
    format!("(?:{dots}|{quotes})@(?:{host})")
}

/// RFC 1123, one label of a host name: hyphens in the third and fourth place only in Punycode, and there nowhere else
/// beside each other. Hyphens are not counted in the length of Punycode.
fn label() -> String {
    let (end, any) = ("[a-zA-Z0-9]", "[a-zA-Z0-9-]");
    let plain = format!("{end}(?:{end}|{any}(?:{end}(?:{any}{{0,59}}{end})?|-{end}(?:{any}{{0,58}}{end})?))?");
    format!("(?:{plain}|[xX][nN]--{end}(?:-?{end}){{1,58}})")
}

/// RFC 5891 to 5893, one label of an international host name: letters, marks and digits, no mark in front, and the
/// characters that need a context only in it. How many characters Punycode needs is not counted.
fn wide_label() -> String {
    // RFC 5892 2.6 and 2.7 take these out of, or put them into, the classes.
    let disallowed = "\\u0640\\u07fa\\u302e\\u302f\\u3031-\\u3035\\u303b";
    let exceptions = "\\u06fd\\u06fe\\u0f0b\\u3007";
    let plain = format!("\\p{{Ll}}\\p{{Lo}}\\p{{Lm}}\\p{{Mn}}\\p{{Mc}}\\p{{Nd}}{exceptions}");
    let contexts = [
        "(?<=l)\\u00b7(?=l)",
        "\\u0375(?=\\p{Script=Greek})",
        "(?<=\\p{Script=Hebrew})[\\u05f3\\u05f4]",
        "(?<=\\u094d|\\u09cd|\\u0a4d|\\u0acd|\\u0b4d|\\u0bcd|\\u0c4d|\\u0ccd|\\u0d4d|\\u0dca|\\u0e3a|\\u0f84|\\u1039)[\\u200c\\u200d]",
    ]
    .join("|");
    let dot = "[^.\\u3002\\uff0e\\uff61@]";
    let japanese = "[\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Han}]";
    let middle = format!("(?!(?!{dot}*{japanese}){dot}*\\u30fb)");
    let digits =
        format!("(?!{dot}*[\\u0660-\\u0669]{dot}*[\\u06f0-\\u06f9])(?!{dot}*[\\u06f0-\\u06f9]{dot}*[\\u0660-\\u0669])");
    let ends = format!("(?!-|\\p{{M}}|{dot}*-(?!{dot})|{dot}{{2}}--)");
    let wide = format!("{ends}{middle}{digits}(?:(?![{disallowed}])[{plain}A-Z\\u30fb-]|{contexts})+");
    format!("(?:{wide}|{})", label())
}

fn ipv4() -> String {
    let byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    format!("{byte}(?:\\.{byte}){{3}}")
}

/// RFC 3986, `IPv6address`.
fn ipv6() -> String {
    let group = "[0-9a-fA-F]{1,4}";
    let low = format!("(?:{group}:{group}|{})", ipv4());
    let mut out = format!("(?:{group}:){{6}}{low}");
    for before in 0..8usize {
        // At most `before` groups stand before the `::`.
        let head = if before == 0 { String::new() } else { format!("(?:(?:{group}:){{0,{}}}{group})?", before - 1) };
        let tail = match before {
            6 => group.to_owned(),
            7 => String::new(),
            _ => format!("(?:{group}:){{{}}}{low}", 5 - before),
        };
        out.push_str(&format!("|{head}::{tail}"));
    }
    out
}

/// RFC 3986, and with wide characters RFC 3987.
struct Uri {
    /// Characters besides the unreserved ones of ASCII.
    more: &'static str,
    /// Those of queries besides.
    private: &'static str,
}

const MORE: &str = "\\u00a0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}\
    \\u{40000}-\\u{4fffd}\\u{50000}-\\u{5fffd}\\u{60000}-\\u{6fffd}\\u{70000}-\\u{7fffd}\\u{80000}-\\u{8fffd}\\u{90000}-\\u{9fffd}\
    \\u{a0000}-\\u{afffd}\\u{b0000}-\\u{bfffd}\\u{c0000}-\\u{cfffd}\\u{d0000}-\\u{dfffd}\\u{e1000}-\\u{efffd}";
const PRIVATE: &str = "\\ue000-\\uf8ff\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}";
const PERCENT: &str = "%[0-9A-Fa-f]{2}";

impl Uri {
    const ASCII: Self = Self { more: "", private: "" };
    const WIDE: Self = Self { more: MORE, private: PRIVATE };

    /// Any number of characters, with these besides the ones that always may stand.
    fn run(&self, besides: &str, times: &str) -> String {
        format!("(?:[A-Za-z0-9\\-._~!$&'()*+,;={}{besides}]|{PERCENT}){times}", self.more)
    }

    fn authority(&self) -> String {
        let future = "[vV][0-9A-Fa-f]+\\.[A-Za-z0-9\\-._~!$&'()*+,;=:]+";
        let host = format!("(?:\\[(?:{}|{future})\\]|{})", ipv6(), self.run("", "*"));
        format!("//(?:{}@)?{host}(?::\\d*)?(?:/{})*", self.run(":", "*"), self.run(":@", "*"))
    }

    /// What follows a path.
    fn end(&self) -> String {
        let run = self.run(":@/?", "*");
        let query = self.run(&format!(":@/?{}", self.private), "*");
        format!("(?:\\?{query})?(?:#{run})?")
    }

    fn absolute(&self) -> String {
        let (segment, full) = (self.run(":@", "*"), self.run(":@", "+"));
        let path = format!("{}|/?(?:{full}(?:/{segment})*)?", self.authority());
        format!("[A-Za-z][A-Za-z0-9+.\\-]*:(?:{path}){}", self.end())
    }

    fn reference(&self) -> String {
        let (segment, full, first) = (self.run(":@", "*"), self.run(":@", "+"), self.run("@", "+"));
        let path = format!("{}|/(?:{full}(?:/{segment})*)?|{first}(?:/{segment})*|", self.authority());
        format!("{}|(?:{path}){}", self.absolute(), self.end())
    }
}

/// RFC 6570.
fn template() -> String {
    let literal = format!("[!#$&(-;=?-\\[\\]_a-z~{MORE}{PRIVATE}]|{PERCENT}");
    let char = format!("(?:[A-Za-z0-9_]|{PERCENT})");
    let variable = format!("{char}(?:\\.?{char})*(?::[1-9]\\d{{0,3}}|\\*)?");
    format!("(?:{literal}|\\{{[+#./;?&=,!@|]?{variable}(?:,{variable})*\\}})*")
}

/// RFC 6901.
const POINTER: &str = "(?:/(?:[^~/]|~[01])*)*";

/// ECMA-262 with the flag `u`: groups nest up to `depth` deep, so that it is regular. The order of counts and of ranges,
/// and what back-references name, are not looked at.
fn regex(depth: usize) -> String {
    let name = "[A-Za-z_$][A-Za-z0-9_$]*";
    let hex = "x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\\{0*(?:10|[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\\}";
    let escape =
        format!("[dDwWsSfnrtv0]|c[A-Za-z]|[pP]\\{{[A-Za-z_]+(?:=[A-Za-z0-9_]+)?\\}}|{hex}|[$^\\\\.*+?()[\\]{{}}|/]");
    let atom = format!("[^$^\\\\.*+?()[\\]{{}}|]|\\.|\\\\(?:{escape}|[1-9]\\d*|k<{name}>)");
    let class = format!("\\[\\^?(?:[^\\\\\\]]|\\\\(?:{escape}|[b-]))*\\]");
    let times = "(?:(?:[*+?]|\\{\\d+(?:,\\d*)?\\})\\??)?";
    let assertion = "[$^]|\\\\[bB]";
    let mut inner = String::new();
    for _ in 0..=depth {
        let groups = match inner.as_str() {
            "" => String::new(),
            inner => format!("|\\((?:\\?:|\\?<{name}>|\\?<?[=!])?(?:{inner})\\){times}"),
        };
        inner = format!("(?:{assertion}|(?:{atom}|{class}){times}{groups}|\\|)*");
    }
    inner
}

/// All languages, from their grammars.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Option<Lang>> {
    KNOWN.iter().map(|(_, make, _)| make())
}
