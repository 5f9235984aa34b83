//! Blocks and fragments of whole vacancies written for this crate: HTML, lines, and flat text.

#![cfg(feature = "html")]

use serde::Deserialize;
use vacancy_sections::{Chunker, Document, DocumentOptions, RazdelChunker};

/// A row of the golden set; `assets/golden/README.md` describes it.
#[derive(Deserialize)]
struct Row {
    id: String,
    format: String,
    description: String,
    fragments: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    block: usize,
    text: String,
}

fn golden() -> Vec<Row> {
    let rows = include_str!("../assets/golden/golden.jsonl");
    let rows: Vec<Row> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for format in ["html", "newline", "flat"] {
        assert!(rows.iter().filter(|row| row.format == format).count() >= 10);
    }
    rows
}

fn document(row: &Row) -> Document {
    if row.format == "html" {
        Document::from_html(&row.description)
    } else {
        Document::from_plain(&row.description)
    }
}

/// A fragment without the bullet that the golden set keeps and blocks drop.
fn without_bullet(fragment: &str) -> String {
    let options = DocumentOptions::new().with_split_flat(false);
    let document = Document::from_plain_with(fragment, &options);
    document.blocks()[0].text().to_owned()
}

#[test]
fn golden_vacancies_are_cut_as_they_were_labelled() {
    for row in golden() {
        let mut expected: Vec<Vec<String>> = Vec::new();
        let mut last = None;
        for fragment in &row.fragments {
            if last != Some(fragment.block) {
                expected.push(Vec::new());
                last = Some(fragment.block);
            }
            let text = match expected.last().unwrap().is_empty() {
                true => without_bullet(&fragment.text),
                false => fragment.text.clone(),
            };
            expected.last_mut().unwrap().push(text);
        }
        let found: Vec<Vec<String>> = document(&row)
            .blocks()
            .iter()
            .map(|block| {
                let spans = RazdelChunker.chunk(block.text()).into_iter();
                spans
                    .map(|span| span.slice(block.text()).unwrap().to_owned())
                    .collect()
            })
            .collect();
        assert_eq!(found, expected, "{}", row.id);
    }
}

/// One line per block: kind, `!` for emphasis, text, and the source if it differs.
fn outline(document: &Document, source: &str) -> String {
    let mut outline = String::new();
    for block in document.blocks() {
        let emphasis = if block.emphasis() { "!" } else { "" };
        outline += &format!("{:?}{emphasis}: {}\n", block.kind(), block.text());
        let behind = block.span().slice(source).unwrap();
        if behind != block.text() {
            outline += &format!("    {behind:?}\n");
        }
    }
    outline
}

#[test]
fn the_sample_vacancy() {
    let source = include_str!("../assets/sample_vacancy.html");
    insta::assert_snapshot!(outline(&Document::from_html(source), source));
}

#[test]
fn a_golden_vacancy_of_each_format() {
    let rows = golden();
    for format in ["html", "newline", "flat"] {
        let row = rows.iter().find(|row| row.format == format).unwrap();
        insta::assert_snapshot!(format, outline(&document(row), &row.description));
    }
}

#[test]
fn a_page_that_was_pasted_as_it_is() {
    let source = r#"<!DOCTYPE html>
<html><head><title>Кондитер</title><style>li { color: brown }</style></head>
<body onload="start()">
<h1>Кондитер</h1>
<table><tr><th>График</th><td>2/2</td></tr><tr><th>Оклад</th><td>от 90&#160;000&nbsp;&#8381;</td></tr></table>
<p><b>Что делать</b>
<p>&bull; печь торты<br>&bull; украшать их <i>марци<b>пан</b>ом</i><br>
<ol><li>мыть<li>сушить<ul><li>полотенцем</ul><li>ставить</ol>
<pre>
1) смена с 8:00
2) обед
</pre>
<div><div>Пишите на <a href="mailto:a@example.com?subject=1&amp;x=2">a@example.com</a></div>&copy; 2026</div>
<script>document.write("<p>реклама</p>")</script>
</body></html>"#;
    insta::assert_snapshot!(outline(&Document::from_html(source), source));
}
