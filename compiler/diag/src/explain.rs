//! A code in; the page that explains it, in Markdown, out. The pages are the files of `explain/`.

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../explain/", $code, ".md")))),*]
    };
}

/// Code and page, in order.
const PAGES: &[(&str, &str)] = pages! {
    "E0001" "E0002" "E0003" "E0004" "E0005" "E0006" "E0007" "E0008" "E0009" "E0010"
    "E0101" "E0102" "E0103" "E0104" "E0105" "E0106" "E0107" "E0109" "E0110" "E0111"
    "E0112" "E0113" "E0114" "E0115" "E0116" "E0117" "E0120" "E0125"
    "E0201" "E0202" "E0203" "E0204" "E0205" "E0206" "E0207" "E0208" "E0209" "E0210"
    "E0211" "E0212" "E0213" "E0214" "E0215" "E0216" "E0217" "E0218" "E0219" "E0220"
    "E0221" "E0222" "E0223" "E0224" "E0225" "E0226" "E0227" "E0228" "E0229" "E0230"
    "E0231" "E0232" "E0233" "E0234" "E0235" "E0246" "E0247" "E0248" "E0249" "E0298" "E0299"
    "E0301" "E0302" "E0303" "E0304" "E0305" "E0306" "E0307" "E0308" "E0309" "E0310"
    "E0311" "E0312" "E0315" "E0316" "E0317"
    "E0401" "E0402" "E0403" "E0404" "E0405" "E0406" "E0407" "E0408" "E0410" "E0411"
    "E0412" "E0413" "E0425" "E0426" "E0427" "E0428" "E0498" "E0499"
    "W0501" "W0502" "W0503" "W0504" "W0505" "W0506" "W0507" "W0508" "W0509" "W0510" "W0511" "W0512" "W0513"
    "W0514" "W0515" "W0516" "W0517"
};

/// The page of a code (`E0214`, `W0501`): a title `# CODE: sentence`, what it means and what to do, mostly with a program
/// that is wrong (fenced as `sgl error CODE`, `sgl warns CODE` or, where it goes wrong while it runs, `sgl fails CODE`) and
/// one that is right (fenced as `sgl`).
pub fn explain(code: &str) -> Option<&'static str> {
    let at = PAGES.binary_search_by(|(other, _)| (*other).cmp(code)).ok()?;
    PAGES.get(at).map(|(_, page)| *page)
}

/// Every code that has a page, with its sentence, in order.
pub fn explained() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().map(|(code, page)| {
        let title = page.lines().next().unwrap_or_default();
        (*code, title.split_once(": ").map_or(title, |(_, sentence)| sentence))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/explain");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(PAGES.iter().map(|(code, _)| format!("{code}.md")).collect::<Vec<_>>(), names);
    }

    #[test]
    fn every_page_opens_with_its_code() {
        for (code, page) in PAGES {
            let title = page.lines().next().and_then(|line| line.strip_prefix(&format!("# {code}: ")));
            assert!(title.is_some_and(|title| !title.is_empty() && !title.ends_with('.')), "{code}: {title:?}");
            assert_eq!(explain(code), Some(*page));
        }
        assert_eq!(explain("E9999"), None);
    }
}
