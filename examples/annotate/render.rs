//! The page of one vacancy.

use std::fmt::Write;

use vacancy_sections::{BlockKind, Document, Fragment, Section, VacancySections};

use crate::common::page::{self, escape, mark};

const STYLE: &str = "\
.legend { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: .875rem; }
.legend li { padding: .1rem .55rem; border-radius: .3rem; }
.legend .h { text-decoration: underline; text-underline-offset: .2em; font-weight: 700; border: 1px solid #bbb; }
.vacancy { white-space: pre-wrap; line-height: 1.9; }
.vacancy p { margin: 0; }
.vacancy .text, .vacancy .bold { margin-top: .75rem; }
.vacancy .item { padding-left: 1.2rem; text-indent: -1.2rem; }
.vacancy .item::before { content: '•'; display: inline-block; width: 1.2rem; text-indent: 0; }
.vacancy .tip { text-indent: 0; }
.f { border-radius: .3rem; padding: .1rem .2rem; -webkit-box-decoration-break: clone; box-decoration-break: clone; cursor: help; }
.f:hover, .f:focus { outline: 2px solid currentColor; }
.f.h > .t { font-weight: 700; text-decoration: underline; text-underline-offset: .2em; }
.f.s4 { font-style: italic; }
.f sup { font-size: .65em; font-weight: 700; line-height: 1; margin-left: .2em; user-select: none; }
.tip { display: none; position: fixed; right: 1rem; bottom: 1rem; width: 21rem; max-width: calc(100vw - 2rem);
  padding: .7rem .9rem; background: #fff; color: #1b1b1b; border: 1px solid #999; border-radius: .5rem;
  box-shadow: 0 .2rem 1rem #0004; font: normal .8125rem/1.5 system-ui, 'DejaVu Sans', sans-serif; white-space: normal; z-index: 1; pointer-events: none; }
.f:hover .tip, .f:focus .tip { display: block; }
.f:focus:hover .tip { z-index: 2; }
.tip b { display: block; margin-bottom: .25rem; }
.bar { display: grid; grid-template-columns: 9.5rem 1fr 3.2rem; align-items: center; gap: .4rem; }
.bar span:nth-child(2) { background: #eee; height: .6rem; }
.bar i { display: block; height: .6rem; }
.bar span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { .tip { left: .5rem; right: .5rem; bottom: .5rem; width: auto; max-width: none; } }
@media screen { body { padding-bottom: 12rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .tip { display: none !important; } .f { outline: none !important; } p, .legend li { break-inside: avoid; } }
";

/// The whole page; `vacancy` is the HTML of the vacancy's body.
pub fn page(sections: &VacancySections, vacancy: &str) -> String {
    let mut body = String::from("<h1>Вакансия по разделам</h1>\n<ul class=\"legend\">\n");
    for section in Section::ALL {
        let of_section = |fragment: &&Fragment| fragment.section == section && !fragment.heading;
        let count = sections.fragments.iter().filter(of_section).count();
        let _ = writeln!(
            body,
            "<li class=\"s{}\">{} <b>{}</b> · {count}</li>",
            section.id(),
            mark(section),
            section.title_ru()
        );
    }
    let headings = sections.headings.len();
    let _ = writeln!(body, "<li class=\"h\">заголовок · {headings}</li>\n</ul>");
    let _ = writeln!(body, "<div class=\"vacancy\">{vacancy}</div>");
    page::page("ru", "Вакансия по разделам", STYLE, &body)
}

/// The source text as it is, its fragments marked.
pub fn lines(source: &str, sections: &VacancySections) -> String {
    let mut html = String::new();
    let mut end = 0;
    for fragment in &sections.fragments {
        html.push_str(&escape(
            source.get(end..fragment.span.start).unwrap_or_default(),
        ));
        let text = fragment.span.slice(source).unwrap_or(&fragment.text);
        html.push_str(&marked(fragment, text));
        end = fragment.span.end;
    }
    html.push_str(&escape(source.get(end..).unwrap_or_default()));
    html
}

/// The blocks of a document one under the other, list items with a bullet; markup is not kept.
pub fn blocks(document: &Document, sections: &VacancySections) -> String {
    let mut html = String::new();
    for (index, block) in document.blocks().iter().enumerate() {
        let class = match block.kind() {
            BlockKind::ListItem => "item",
            _ if block.emphasis() => "bold",
            _ => "text",
        };
        let _ = write!(html, "<p class=\"{class}\">");
        let of_block = sections.fragments.iter().filter(|f| f.block == index);
        for (position, fragment) in of_block.enumerate() {
            if position > 0 {
                html.push(' ');
            }
            html.push_str(&marked(fragment, &fragment.text));
        }
        html.push_str("</p>");
    }
    html
}

/// A fragment with what is known about it.
fn marked(fragment: &Fragment, text: &str) -> String {
    let heading = if fragment.heading { " h" } else { "" };
    let what = if fragment.heading {
        "Заголовок: "
    } else {
        ""
    };
    let mut html = format!(
        "<span class=\"f s{}{heading}\" tabindex=\"0\"><span class=\"t\">{}</span><sup aria-hidden=\"true\">{}</sup><span class=\"tip\" role=\"tooltip\"><b>{what}{}</b>",
        fragment.section.id(),
        escape(text),
        mark(fragment.section),
        fragment.section.title_ru(),
    );
    for section in Section::ALL {
        let percent = 100.0 * fragment.probabilities[section];
        let (_, ink) = page::colours(section);
        let _ = write!(
            html,
            "<span class=\"bar\"><span>{}</span><span><i style=\"width:{percent:.1}%;background:{ink}\"></i></span><span>{percent:.1} %</span></span>",
            section.title_ru()
        );
    }
    let own = fragment.prediction.section;
    if own != fragment.section {
        let _ = write!(
            html,
            "<span>Сам по себе: {}, {:.0} %</span>",
            own.title_ru(),
            100.0 * fragment.prediction.probabilities[own]
        );
    }
    html.push_str("</span></span>");
    html
}
