use html5gum::{Token, Tokenizer};
use proptest::prelude::*;

use crate::chunk::{Chunker, RazdelChunker};
use crate::document::text_map::TextBuilder;
use crate::document::{Block, BlockKind, Document, DocumentOptions};
use crate::space::is_space;
use crate::span::Span;

fn texts(source: &str) -> Vec<String> {
    let document = Document::from_html(source);
    document.blocks.into_iter().map(|b| b.text).collect()
}

fn only_block(source: &str) -> Block {
    let mut blocks = Document::from_html(source).blocks;
    assert_eq!(blocks.len(), 1, "{source}");
    blocks.remove(0)
}

/// The cleaned text of a piece of HTML that is one line, bullets kept.
fn clean(source: &str) -> Option<String> {
    let lines = super::lines(source, false);
    let [line] = lines.as_slice() else {
        return None;
    };
    let mut builder = TextBuilder::default();
    for (at, character) in line.text().char_indices() {
        builder.push(character, Span::new(at, at + character.len_utf8()));
    }
    Some(builder.finish().0)
}

#[test]
fn block_tags_end_a_block_and_inline_tags_glue() {
    assert_eq!(
        texts("<p>Опы<b>т</b> <i>от</i> 3<!-- трёх -->0 лет</p>и<br>Rust<br/>SQL</br>Go"),
        ["Опыт от 30 лет", "и", "Rust", "SQL", "Go"]
    );
    assert_eq!(
        texts("<h2>A</h2><div>B<div>C</div>D</div><table><tr><td>E</td><th>F</th></tr></table>"),
        ["A", "B", "C", "D", "E", "F"]
    );
    assert_eq!(texts("a<font>b</font><unknown>c</unknown>"), ["abc"]);
    assert_eq!(texts("<P>a</P><LI>b</LI>"), ["a", "b"]);
}

#[test]
fn line_breaks_are_spaces_except_in_pre() {
    assert_eq!(texts("<p>a\nb\r\nc\u{2028}d</p>"), ["a b c d"]);
    assert_eq!(
        texts("<pre>a\nb\r\nc&#10;d</pre>e\nf"),
        ["a", "b", "c", "d", "e f"]
    );
}

#[test]
fn line_breaks_count_in_a_source_without_block_tags() {
    let source = "<b>Условия:</b>\n- оклад\n- ДМС &amp; обеды";
    assert_eq!(texts(source), ["Условия:", "оклад", "ДМС & обеды"]);
    let strict = DocumentOptions::new().with_split_flat(false);
    assert_eq!(Document::from_html_with(source, &strict).blocks.len(), 1);
}

#[test]
fn kinds_follow_lists_and_headings() {
    let kinds = |source| -> Vec<(String, BlockKind)> {
        let blocks = Document::from_html(source).blocks;
        blocks.into_iter().map(|b| (b.text, b.kind)).collect()
    };
    let owned = |expected: &[(&str, BlockKind)]| -> Vec<(String, BlockKind)> {
        expected.iter().map(|&(t, k)| (t.to_owned(), k)).collect()
    };
    use BlockKind::{Heading, ListItem, Paragraph};
    assert_eq!(
        kinds("a<ul>b<li>c<ul><li>d</li></ul>e</li>f</ul>g<h3>h</h3>i"),
        owned(&[
            ("a", Paragraph),
            ("b", Paragraph),
            ("c", ListItem),
            ("d", ListItem),
            ("e", ListItem),
            ("f", Paragraph),
            ("g", Paragraph),
            ("h", Heading),
            ("i", Paragraph),
        ])
    );
    // Items that nobody closed end with their list; bullets make items too.
    assert_eq!(
        kinds("<ul><li>a<li>b</ul><p>c<p>• d</ul></li>e"),
        owned(&[
            ("a", ListItem),
            ("b", ListItem),
            ("c", Paragraph),
            ("d", ListItem),
            ("e", Paragraph),
        ])
    );
}

#[test]
fn emphasis_is_of_the_whole_block() {
    for source in [
        "<p><b>Условия:</b></p>",
        "<p><strong>Усло</strong><b>вия</b> <strong>:</strong></p>",
        "<b><p>Условия:</p></b>",
        "<h2>Условия:</h2>",
        "<p>• <b>Условия:</b>&nbsp;</p>",
    ] {
        assert!(only_block(source).emphasis(), "{source}");
    }
    for source in [
        "<p><b>Условия</b>:</p>",
        "<p>Условия:<b></b></p>",
        "<p><em>Условия:</em></p>",
        "</b><p>Условия:</p>",
    ] {
        assert!(!only_block(source).emphasis(), "{source}");
    }
}

#[test]
fn each_part_of_a_line_has_its_own_emphasis() {
    let document = Document::from_html("<p><b>Условия:</b> • оклад • ДМС</p>");
    let emphasis: Vec<bool> = document.blocks.iter().map(Block::emphasis).collect();
    assert_eq!(emphasis, [true, false, false]);
}

#[test]
fn entities_are_decoded_and_characters_normalised() {
    let source = "<p>&laquo;A&amp;B&raquo;&nbsp;&nbsp;10&#160;000&#x20BD; &lt;b&gt; от&shy;пуск \u{200b}R&ampD &foo; & &#; &fjlig;</p>";
    let block = only_block(source);
    assert_eq!(block.text(), "«A&B» 10 000₽ <b> отпуск R&D &foo; & &#; fj");
    let span = |part: &str| {
        let start = block.text().find(part).unwrap();
        let span = block.source_span(Span::new(start, start + part.len()));
        span.slice(source).unwrap()
    };
    assert_eq!(span("«"), "&laquo;");
    assert_eq!(span("A&B"), "A&amp;B");
    assert_eq!(span("10 000₽"), "10&#160;000&#x20BD;");
    assert_eq!(span("отпуск"), "от&shy;пуск");
    assert_eq!(span("R&D"), "R&ampD");
    assert_eq!(span("& &#;"), "& &#;");
    assert_eq!(span("fj"), "&fjlig;");
}

#[test]
fn what_is_not_shown_is_dropped() {
    assert_eq!(
        texts(
            "<!DOCTYPE html><html><head><title>T &amp; t</title><meta name=d content='m'>\
             <style>p { color: red }</style><script>if (a < b) { '<p>x</p>' }</script></head>\
             <body>a<!-- <p>c</p> --><template><p>d<template>e</template>f</p></template>\
             <textarea><p>g</p></textarea><noscript>h</noscript>b</body></html>"
        ),
        ["ab"]
    );
    // Nothing is lost behind a self-closing tag.
    assert_eq!(texts("<style/>a<script src='s'/>b<iframe />c"), ["abc"]);
}

#[test]
fn the_bullet_is_in_the_span_and_not_in_the_text() {
    for (source, expected) in [
        ("<p> • <b>ДМС</b> </p>", "• <b>ДМС"),
        ("<li>&bull;&nbsp;ДМС</li>", "&bull;&nbsp;ДМС"),
        ("<p>&#9989;ДМС</p>", "&#9989;ДМС"),
        ("<p>➡\u{fe0f} ДМС</p>", "➡\u{fe0f} ДМС"),
        ("<p>1) ДМС</p>", "1) ДМС"),
        ("<p>&mdash; ДМС</p>", "&mdash; ДМС"),
        ("<p>– ДМС</p>", "– ДМС"),
    ] {
        let block = only_block(source);
        assert_eq!(block.text(), "ДМС", "{source}");
        assert_eq!(block.kind(), BlockKind::ListItem, "{source}");
        assert_eq!(block.span().slice(source), Some(expected));
    }
}

#[test]
fn hostile_sources_are_read_to_the_end() {
    let depth = 100_000;
    for tag in [
        "div", "b", "ul", "li", "ul><li", "template", "h1", "p", "pre", "x",
    ] {
        let source = format!(
            "{}a{}b",
            format!("<{tag}>").repeat(depth),
            "</b>".repeat(depth)
        );
        let document = Document::from_html(&source);
        assert_eq!(
            document.blocks.len(),
            usize::from(tag != "template"),
            "{tag}"
        );
        assert!(document.blocks.iter().all(|block| block.text == "ab"));
    }
    let value = "x".repeat(1 << 20);
    assert_eq!(
        texts(&format!("a<p title='{value}'>b</p>c")),
        ["a", "b", "c"]
    );
    assert_eq!(texts(&format!("a<p title='{value}")), ["a"]);
    assert_eq!(texts(&format!("a<{value}>b")), ["ab"]);
    assert_eq!(texts(&format!("a<!--{value}")), ["a"]);
    assert_eq!(texts(&"<".repeat(depth)), ["<".repeat(depth)]);
    assert_eq!(texts(&"&".repeat(depth)), ["&".repeat(depth)]);
    assert_eq!(texts(&"&#".repeat(depth)), ["&#".repeat(depth)]);
    assert_eq!(texts(&"•".repeat(depth)), ["•".repeat(depth)]);
    assert_eq!(texts(&"a<b> </b>".repeat(depth)).len(), 1);
    assert_eq!(texts(&"<b> </b>".repeat(depth)).len(), 0);
    assert_eq!(texts(&"a: • ".repeat(depth)).len(), depth);
    assert_eq!(texts(&"a</p><p>".repeat(depth)).len(), depth);
    for source in [
        "",
        "<",
        "</",
        "</p",
        "<p",
        "<!",
        "<!-",
        "<![CDATA[",
        "&",
        "&#",
        "&#x",
        "<p a",
        "<p a='",
    ] {
        let _ = Document::from_html(source);
    }
}

/// Sources that are neither plain text nor proper HTML.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "<p>", "</p>", "<li>", "</li>", "<ul>", "</ul>", "<br>", "<br/>", "<b>", "</b>", "<strong>",
            "</strong>", "<h2>", "</h2>", "<td>", "<pre>", "</pre>", "<i a=\"b>c\">", "</i>", "<div",
            "<a href='&amp;'>", "<script>", "</script>", "<style>", "</style>", "<title>", "</title>",
            "<template>", "</template>", "<textarea>", "</textarea>", "<!-- x -->", "<!--", "-->",
            "<!x>", "<![CDATA[x]]>", "<?x?>", "</>", "</ >", "<x/>", "<style/>",
        ]),
        4 => prop::sample::select(vec![
            "Опыт", "работы", "от 3 лет.", "ДМС", "Rust", "Требования: ", "т.д.", "a", "🙂", "e\u{301}",
        ]),
        3 => prop::sample::select(vec![
            " ", "  ", "\n", "\r\n", "\r", "\u{a0}", "\u{200b}", "\u{ad}", "\t", "\0", "• ", "- ", "1) ", "2) ", "; ", ". ",
        ]),
        3 => prop::sample::select(vec![
            "&amp;", "&nbsp;", "&lt", "&lt;", "&notit;", "&notin;", "&#8226;", "&#x41", "&#0;", "&#xD800;",
            "&fjlig;", "&acE;", "&bogus;", "&", "&#", "&#x", "<", ">", "</", "\"", "'", "=", "/",
        ]),
        1 => Just("ж\u{301}\u{1d49c}"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn spans_ascend_and_fit_the_source(source in soup(), split in any::<bool>()) {
        let options = DocumentOptions::new().with_split_flat(split);
        let mut end = 0;
        for block in Document::from_html_with(&source, &options).blocks {
            // Blocks that were cut inside one entity of two characters share its source.
            prop_assert!(block.span.start >= end);
            prop_assert!(block.span.slice(&source).is_some());
            prop_assert!(!block.text.trim().is_empty());
            let inner = block.source_span(Span::new(0, block.text.len()));
            prop_assert!(inner.start >= block.span.start && inner.end <= block.span.end);
            end = block.span.end;
        }
    }

    #[test]
    fn cleaning_the_markup_of_a_fragment_gives_the_fragment(source in soup()) {
        for block in Document::from_html(&source).blocks {
            for span in RazdelChunker.chunk(block.text()) {
                let fragment = span.slice(block.text()).unwrap();
                let markup = block.source_span(span).slice(&source).unwrap();
                prop_assert_eq!(clean(markup), Some(fragment.to_owned()), "{:?}", markup);
            }
        }
    }

    #[test]
    fn no_text_is_lost_or_invented(source in soup()) {
        // The tokenizer alone does not know what is dropped.
        let source = ["script", "style", "title", "template", "textarea"]
            .iter()
            .fold(source, |source, name| source.replace(name, "span"));
        let mut expected = String::new();
        for Ok(token) in Tokenizer::new(&source) {
            if let Token::String(text) = token {
                expected.push_str(&String::from_utf8_lossy(&text));
            }
        }
        let mut found = String::new();
        for line in super::lines(&source, true) {
            found.push_str(line.text());
        }
        // An end tag that stops before its name is dropped, like any other tag cut short.
        let cut_short = source.ends_with("</");
        let ink = |text: &str| -> String {
            let text = text.strip_suffix("</").filter(|_| cut_short).unwrap_or(text);
            text.chars().filter(|&c| c != '\0' && !is_space(c)).collect()
        };
        let found: String = found.chars().filter(|&c| !is_space(c)).collect();
        let expected = ink(&expected);
        // Lines without ink are left out, invisible characters with them.
        let visible = |text: &str| text.replace(['\u{200b}', '\u{ad}', '\u{2060}', '\u{feff}'], "");
        prop_assert_eq!(visible(&found), visible(&expected));
    }

    #[test]
    fn any_text_is_read(source in any::<String>()) {
        for block in Document::from_html(&source).blocks {
            prop_assert!(block.span.slice(&source).is_some());
        }
    }
}
