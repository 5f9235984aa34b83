//! Self-contained HTML pages.

use std::fmt::Write;

use vacancy_sections::Section;

/// The characters that mean something in HTML text and attributes, written as entities; control
/// characters that no HTML page may hold, as U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Background and ink of a section; dark enough on light to be read, and told apart in grey print
/// by the letter of [`mark`].
pub fn colours(section: Section) -> (&'static str, &'static str) {
    match section {
        Section::Responsibilities => ("#d6e6fb", "#0d3c78"),
        Section::Requirements => ("#f3dcf3", "#6b1a6b"),
        Section::Terms => ("#d8f0d8", "#135a13"),
        Section::Notes => ("#fbeec4", "#6a4c00"),
        Section::Junk => ("#eeeeee", "#646464"),
    }
}

/// One letter for a section, as in the labelling guide of the golden vacancies.
pub fn mark(section: Section) -> char {
    match section {
        Section::Responsibilities => 'R',
        Section::Requirements => 'Q',
        Section::Terms => 'T',
        Section::Notes => 'N',
        Section::Junk => 'J',
    }
}

/// A whole page without anything from the network. `title` is plain text, the rest is HTML and CSS.
pub fn page(language: &str, title: &str, style: &str, body: &str) -> String {
    let mut sections = String::new();
    for section in Section::ALL {
        let (background, ink) = colours(section);
        let _ = writeln!(
            sections,
            ".s{} {{ background: {background}; color: {ink}; }}",
            section.id()
        );
    }
    format!(
        "<!DOCTYPE html>
<html lang=\"{language}\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>{}</title>
<style>
{BASE}{sections}{style}</style>
</head>
<body>
{body}</body>
</html>
",
        escape(title)
    )
}

const BASE: &str = "\
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: #fff; color: #1b1b1b;
  font: 1rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
  overflow-wrap: anywhere; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
h1, h2, h2 + p { break-after: avoid; }
";
