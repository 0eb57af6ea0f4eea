//! A test run for build servers: outcomes in, JUnit's XML out.

use std::fmt::Write as _;
use std::time::Duration;

/// The tests of one file.
pub struct File {
    /// Its name.
    pub name: String,
    /// Its tests.
    pub cases: Vec<Case>,
}

/// One test.
pub struct Case {
    /// Its name.
    pub name: String,
    /// How long it ran.
    pub time: Duration,
    /// One sentence and everything that there is to say, where it failed.
    pub failure: Option<(String, String)>,
    /// What it printed.
    pub printed: String,
}

/// The report.
pub fn xml(files: &[File]) -> String {
    let failed = |cases: &[Case]| cases.iter().filter(|case| case.failure.is_some()).count();
    let time = |cases: &[Case]| cases.iter().map(|case| case.time.as_secs_f64()).sum::<f64>();
    let tests: usize = files.iter().map(|file| file.cases.len()).sum();
    let failures: usize = files.iter().map(|file| failed(&file.cases)).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{failures}\">");
    for File { name, cases } in files {
        let (count, failures, time, name) = (cases.len(), failed(cases), time(cases), escape(name));
        let _ =
            writeln!(out, "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failures}\" time=\"{time:.3}\">");
        for case in cases {
            let (test, time) = (escape(&case.name), case.time.as_secs_f64());
            let _ = write!(out, "    <testcase name=\"{test}\" classname=\"{name}\" time=\"{time:.3}\"");
            if case.failure.is_none() && case.printed.is_empty() {
                out.push_str("/>\n");
                continue;
            }
            out.push_str(">\n");
            if let Some((title, text)) = &case.failure {
                let _ = writeln!(out, "      <failure message=\"{}\">{}</failure>", escape(title), escape(text));
            }
            if !case.printed.is_empty() {
                let _ = writeln!(out, "      <system-err>{}</system-err>", escape(&case.printed));
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Text for content and for attributes in double quotes. Characters that XML 1.0 cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // White space in an attribute would be read as a blank.
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped() {
        let time = Duration::from_millis(1234);
        let case = |name: &str, failure: Option<(&str, &str)>| Case {
            name: name.into(),
            time,
            failure: failure.map(|(title, text)| (title.into(), text.into())),
            printed: failure.map_or("", |_| "]]> said\n").into(),
        };
        let files = [File {
            name: "a&b.sgl".into(),
            cases: vec![case("holds", None), case("\"<fails>\"\u{1}", Some(("is < & >", "two\nlines")))],
        }];
        insta::assert_snapshot!(xml(&files), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites tests="2" failures="1">
          <testsuite name="a&amp;b.sgl" tests="2" failures="1" time="2.468">
            <testcase name="holds" classname="a&amp;b.sgl" time="1.234"/>
            <testcase name="&quot;&lt;fails&gt;&quot;�" classname="a&amp;b.sgl" time="1.234">
              <failure message="is &lt; &amp; &gt;">two&#10;lines</failure>
              <system-err>]]&gt; said&#10;</system-err>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
