//! The figures as an HTML page.

use std::fmt::Write;

use vacancy_sections::Section;

use crate::Measured;
use crate::common::page::{self, escape};
use crate::metrics::{Metrics, percent};

/// How many mistakes are listed.
const LISTED: usize = 50;

/// A fragment whose section was decided wrongly.
pub struct Mistake {
    pub vacancy: usize,
    pub fragment: usize,
    pub text: String,
    pub label: Section,
    pub found: Section,
    /// Probability of the section that was found.
    pub confidence: f32,
}

const STYLE: &str = "\
table { border-collapse: collapse; font-size: .875rem; overflow-wrap: normal; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
td { white-space: nowrap; }
thead th { border-bottom: 2px solid #888; }
.scroll { overflow-x: auto; }
th { white-space: nowrap; }
.mistakes th, .mistakes td { text-align: left; }
.mistakes td:nth-child(-n+2) { white-space: nowrap; text-align: right; }
.mistakes .tag { border-radius: .3rem; padding: .05rem .35rem; white-space: nowrap; }
.mistakes td:last-child { min-width: 16rem; width: 100%; white-space: normal; overflow-wrap: anywhere; }
svg { display: block; overflow: visible; max-width: 100%; height: auto; font: 12px system-ui, 'DejaVu Sans', sans-serif; }
@media (max-width: 40rem) { table { font-size: .8rem; } th, td { padding: .2rem .15rem; } th { white-space: normal; }
  .mistakes thead { display: none; } .mistakes, .mistakes tbody { display: block; }
  .mistakes tr { display: grid; grid-template-columns: 3.6rem 3rem auto 1fr; border-bottom: 1px solid #ddd; padding: .3rem 0; }
  .mistakes td { border: 0; } .mistakes td:last-child { grid-column: 1 / -1; min-width: 0; } }
@media print { body { max-width: none; padding: 0; font-size: 9pt; } table { font-size: 8.5pt; } tr, svg { break-inside: avoid; } .scroll { overflow: visible; } }
";

/// The whole page.
pub fn page(measured: &Measured) -> String {
    let (fragment, vacancy) = (&measured.fragment, &measured.vacancy);
    let mut body = format!(
        "<h1>Evaluation</h1>\n<p>{} vacancies, {} fragments.</p>\n",
        measured.vacancies,
        vacancy.total()
    );
    body.push_str("<h2>Figures</h2>\n<div class=\"scroll\">");
    body.push_str(&figures(measured));
    body.push_str("</div>\n<h2>By section, after aggregation</h2>\n<div class=\"scroll\">");
    body.push_str(&by_section(vacancy));
    body.push_str("</div>\n<h2>Confusion matrix, after aggregation</h2>\n");
    body.push_str(&confusion(vacancy));
    body.push_str("<h2>Reliability</h2>\n<p>Share of right decisions against the probability given to them; the area of a dot is the number of fragments. On the diagonal, probabilities mean what they say.</p>\n");
    body.push_str(&reliability(&[
        ("fragment by fragment", fragment, "#b35c00"),
        ("after aggregation", vacancy, "#0d3c78"),
    ]));
    body.push_str("<h2>Most confident mistakes, after aggregation</h2>\n");
    body.push_str(&mistakes(&measured.mistakes));
    page::page("en", "Evaluation", STYLE, &body)
}

fn figures(measured: &Measured) -> String {
    let (fragment, vacancy) = (&measured.fragment, &measured.vacancy);
    let rows = [
        (
            "5-class accuracy",
            fragment.accuracy5(),
            vacancy.accuracy5(),
        ),
        (
            "content accuracy",
            fragment.content_accuracy(),
            vacancy.content_accuracy(),
        ),
        (
            "junk recall",
            fragment.recall(Section::Junk),
            vacancy.recall(Section::Junk),
        ),
        (
            "junk precision",
            fragment.precision(Section::Junk),
            vacancy.precision(Section::Junk),
        ),
        ("macro-F1", fragment.macro_f1(), vacancy.macro_f1()),
        ("calibration error", fragment.ece(), vacancy.ece()),
        ("heading precision", None, measured.heading.precision()),
        ("heading recall", None, measured.heading.recall()),
        ("heading F1", None, measured.heading.f1()),
    ];
    let mut html = String::from(
        "<table><thead><tr><th></th><th>fragment by fragment</th><th>after aggregation</th></tr></thead><tbody>",
    );
    for (name, own, joint) in rows {
        let _ = write!(
            html,
            "<tr><td>{name}</td><td>{}</td><td>{}</td></tr>",
            percent(own),
            percent(joint)
        );
    }
    html + "</tbody></table>"
}

fn by_section(metrics: &Metrics) -> String {
    let mut html = String::from(
        "<table><thead><tr><th></th><th>labelled</th><th>precision</th><th>recall</th><th>F1</th></tr></thead><tbody>",
    );
    for section in Section::ALL {
        let _ = write!(
            html,
            "<tr><td>{section}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            metrics.labelled(section),
            percent(metrics.precision(section)),
            percent(metrics.recall(section)),
            percent(metrics.f1(section))
        );
    }
    html + "</tbody></table>"
}

/// Rows are labels, columns decisions; the shade is the share of the row.
fn confusion(metrics: &Metrics) -> String {
    const CELL: usize = 72;
    const LEFT: usize = 118;
    const TOP: usize = 42;
    let side = CELL * Section::COUNT;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" aria-label=\"Confusion matrix\"><text x=\"0\" y=\"34\" fill=\"#555\">label \\ decision</text>",
        LEFT + side + 2,
        TOP + side + 2,
        LEFT + side + 2
    );
    for (row, label) in Section::ALL.into_iter().enumerate() {
        let y = TOP + row * CELL;
        let middle = LEFT + row * CELL + CELL / 2;
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text><text x=\"{middle}\" y=\"34\" text-anchor=\"middle\" font-size=\"9.5\">{label}</text>",
            LEFT - 8,
            y + CELL / 2 + 4
        );
        for (column, found) in Section::ALL.into_iter().enumerate() {
            let count = metrics.count(label, found);
            let share = count as f64 / metrics.labelled(label).max(1) as f64;
            // The root lets rare mistakes be seen.
            let shade = share.sqrt();
            let hue = if row == column {
                "13,60,120"
            } else {
                "179,40,0"
            };
            let ink = if shade > 0.55 { "#fff" } else { "#1b1b1b" };
            let (x, center) = (LEFT + column * CELL, LEFT + column * CELL + CELL / 2);
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"rgba({hue},{shade:.3})\" stroke=\"#ccc\"/><text x=\"{center}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\" font-size=\"15\">{count}</text><text x=\"{center}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\" font-size=\"11\">{:.1} %</text>",
                y + CELL / 2 + 1,
                y + CELL / 2 + 18,
                100.0 * share
            );
        }
    }
    svg + "</svg>\n"
}

/// Dots of share right over mean probability, one colour per set of decisions.
fn reliability(sets: &[(&str, &Metrics, &str)]) -> String {
    const SIDE: f64 = 340.0;
    const LEFT: f64 = 46.0;
    const TOP: f64 = 12.0;
    let x = |value: f64| LEFT + SIDE * value;
    let y = |value: f64| TOP + SIDE * (1.0 - value);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" role=\"img\" aria-label=\"Reliability diagram\">",
        LEFT + SIDE + 16.0,
        TOP + SIDE + 46.0
    );
    for tick in 0..=5 {
        let value = f64::from(tick) / 5.0;
        let _ = write!(
            svg,
            "<path d=\"M{0} {TOP}V{1}M{LEFT} {2}H{3}\" stroke=\"#e2e2e2\"/><text x=\"{0}\" y=\"{4}\" text-anchor=\"middle\">{value:.1}</text><text x=\"{5}\" y=\"{6}\" text-anchor=\"end\">{value:.1}</text>",
            x(value),
            y(0.0),
            y(value),
            x(1.0),
            y(0.0) + 17.0,
            LEFT - 7.0,
            y(value) + 4.0
        );
    }
    let _ = write!(
        svg,
        "<path d=\"M{} {}L{} {}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\">probability of the decision</text><text transform=\"translate(12 {}) rotate(-90)\" text-anchor=\"middle\">share right</text>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0),
        x(0.5),
        y(0.0) + 38.0,
        y(0.5)
    );
    for (line, (name, metrics, colour)) in sets.iter().enumerate() {
        let total = metrics.total().max(1) as f64;
        for (confidence, right, fragments) in metrics.reliability() {
            let radius = 2.0 + 14.0 * (fragments as f64 / total).sqrt();
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{colour}\" fill-opacity=\".45\" stroke=\"{colour}\"><title>{name}: probability {confidence:.3}, right {right:.3}, {fragments} fragments</title></circle>",
                x(confidence),
                y(right)
            );
        }
        let at = y(0.0) - 32.0 + 20.0 * line as f64;
        let _ = write!(
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"6\" fill=\"{colour}\" fill-opacity=\".45\" stroke=\"{colour}\"/><text x=\"{}\" y=\"{}\">{name}</text>",
            x(0.56),
            at - 4.0,
            x(0.56) + 13.0,
            at
        );
    }
    svg + "</svg>\n"
}

fn mistakes(mistakes: &[Mistake]) -> String {
    let mut order: Vec<&Mistake> = mistakes.iter().collect();
    order.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut html = format!(
        "<p>{} of {} mistakes; vacancy and fragment are counted from 0.</p>\n<div class=\"scroll\"><table class=\"mistakes\"><thead><tr><th>place</th><th>probability</th><th>label</th><th>decision</th><th>text</th></tr></thead><tbody>",
        order.len().min(LISTED),
        order.len()
    );
    for mistake in order.into_iter().take(LISTED) {
        let tag =
            |section: Section| format!("<span class=\"tag s{}\">{section}</span>", section.id());
        let _ = write!(
            html,
            "<tr><td>{}:{}</td><td>{:.3}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            mistake.vacancy,
            mistake.fragment,
            mistake.confidence,
            tag(mistake.label),
            tag(mistake.found),
            escape(&mistake.text)
        );
    }
    html + "</tbody></table></div>\n"
}
