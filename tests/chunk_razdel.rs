//! The default chunker against razdel 0.5.0, and what every chunker promises.

use proptest::prelude::*;
use vacancy_sections::{Chunker, RazdelChunker, Span, UnicodeChunker};

/// Texts with razdel's own spans, written by `scripts/razdel_fixtures.py`.
const PARITY: &str = include_str!("data/razdel_parity.jsonl");

struct Row {
    group: String,
    text: String,
    spans: Vec<Span>,
}

fn row(line: &str) -> Row {
    let row: serde_json::Value = serde_json::from_str(line).unwrap();
    let offset = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let spans = row["spans"].as_array().unwrap().iter();
    Row {
        group: row["group"].as_str().unwrap().to_owned(),
        text: row["text"].as_str().unwrap().to_owned(),
        spans: spans
            .map(|span| Span::new(offset(&span[0]), offset(&span[1])))
            .collect(),
    }
}

fn slices<'t>(spans: &[Span], text: &'t str) -> Vec<Option<&'t str>> {
    spans.iter().map(|span| span.slice(text)).collect()
}

#[test]
fn equals_razdel_on_every_text() {
    let rows: Vec<Row> = PARITY.lines().map(row).collect();
    assert!(rows.len() >= 3_000, "only {} texts", rows.len());
    let mut different = 0;
    for Row { group, text, spans } in &rows {
        let found = RazdelChunker.chunk(text);
        if found != *spans {
            different += 1;
            eprintln!("{group}: {text:?}");
            eprintln!("  razdel {:?}", slices(spans, text));
            eprintln!("  found  {:?}", slices(&found, text));
        }
    }
    assert_eq!(different, 0, "texts of {} that differ", rows.len());
}

#[test]
fn the_texts_tell_razdel_from_another_splitter() {
    let other = |row: &Row| UnicodeChunker.chunk(&row.text) != row.spans;
    let different = PARITY.lines().map(row).filter(other).count();
    assert!(different > 1_000, "only {different} texts");
}

#[test]
fn chunkers_are_objects() {
    let chunkers: [Box<dyn Chunker>; 2] = [Box::new(RazdelChunker), Box::new(UnicodeChunker)];
    for chunker in &chunkers {
        assert_eq!(
            chunker.chunk("Да. Нет."),
            [Span::new(0, 5), Span::new(6, 13)]
        );
    }
}

/// A space to Rust or to Python.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Ascending, disjoint, on character boundaries, trimmed of `trims`, not empty, and
/// nothing but spaces is left out.
fn check_spans(text: &str, spans: &[Span], trims: fn(char) -> bool) -> Result<(), TestCaseError> {
    let mut end = 0;
    for span in spans {
        prop_assert!(span.start >= end, "{spans:?} overlap in {text:?}");
        let gap = text.get(end..span.start);
        prop_assert!(
            gap.is_some_and(|gap| gap.chars().all(is_space)),
            "{spans:?} of {text:?}"
        );
        let fragment = span.slice(text).unwrap_or_default();
        prop_assert!(!fragment.is_empty(), "{spans:?} of {text:?}");
        prop_assert_eq!(fragment.trim_matches(trims), fragment);
        end = span.end;
    }
    let rest = text.get(end..);
    prop_assert!(
        rest.is_some_and(|rest| rest.chars().all(is_space)),
        "{spans:?} of {text:?}"
    );
    Ok(())
}

/// Texts dense in what the rules look at.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::char::any().prop_map(String::from),
        8 => prop::sample::select(vec![
            ".", "!", "?", "…", ";", ")", "]", "}", "\"", "'", "„", "»", "”", "’", ":-)", "=((", "(", "«", "—", "-",
        ]).prop_map(String::from),
        8 => prop::sample::select(vec![
            " ", "  ", "\n", "\r\n", "\u{a0}", "\u{1c}", "\u{2028}", "\u{200b}", "\u{feff}", "         ",
        ]).prop_map(String::from),
        8 => prop::sample::select(vec![
            "Дом", "дом", "А", "т", "д", "ул", "тыс", "1", "12", "IV", "и\u{306}", "²", "Ⅷ", "漢", "_",
        ]).prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn razdel_spans_hold_on_any_string(text in any::<String>()) {
        check_spans(&text, &RazdelChunker.chunk(&text), is_space)?;
    }

    #[test]
    fn razdel_spans_hold_on_soups(text in soup()) {
        check_spans(&text, &RazdelChunker.chunk(&text), is_space)?;
    }

    #[test]
    fn unicode_spans_hold_on_any_string(text in any::<String>()) {
        check_spans(&text, &UnicodeChunker.chunk(&text), char::is_whitespace)?;
    }

    #[test]
    fn unicode_spans_hold_on_soups(text in soup()) {
        check_spans(&text, &UnicodeChunker.chunk(&text), char::is_whitespace)?;
    }

    /// A fragment ends at the end of the text or behind a delimiter and before a space.
    #[test]
    fn razdel_splits_only_between_a_delimiter_and_a_space(text in soup()) {
        let spans = RazdelChunker.chunk(&text);
        for span in spans.iter().rev().skip(1) {
            let last = span.slice(&text).and_then(|fragment| fragment.chars().next_back());
            prop_assert!(last.is_some_and(|c| ".?!…;\"„'»”’)]}(".contains(c)), "{last:?}");
            let next = text.get(span.end..).and_then(|rest| rest.chars().next());
            prop_assert!(next.is_some_and(is_space), "{next:?}");
        }
    }
}
