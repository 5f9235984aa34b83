//! How the parts of a vacancy are written down.

use std::fmt::Write;

use crate::random::Random;

/// A paragraph or a list under its heading.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    heading: Option<&'static str>,
    lines: Vec<String>,
}

impl Part {
    pub(crate) fn text(sentences: Vec<String>) -> Self {
        Self {
            heading: None,
            lines: sentences,
        }
    }

    pub(crate) fn list(heading: &'static str, items: Vec<String>) -> Self {
        Self {
            heading: Some(heading),
            lines: items,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// Lines with a bullet each.
    Bullets(&'static str),
    /// Lists run on as sentences.
    Prose,
    /// Paragraphs and lists as an editor makes them.
    Html,
    /// Line breaks and hard spaces as a copy from a letter makes them.
    LooseHtml,
}

impl Layout {
    /// Two in three are HTML, as on the boards.
    pub(crate) fn random(random: &mut Random) -> Self {
        match random.below(9) {
            0 | 1 => Self::Bullets(random.pick(&["- ", "• ", "— ", "* "])),
            2 => Self::Prose,
            3..=7 => Self::Html,
            _ => Self::LooseHtml,
        }
    }

    pub(crate) fn write(self, parts: &[Part], random: &mut Random) -> String {
        let mut text = String::new();
        for part in parts {
            let end = random.pick(&["", ";", "."]);
            // Writing to a string cannot fail.
            let _ = self.part(&mut text, part, end);
        }
        text
    }

    fn part(self, text: &mut String, part: &Part, end: &str) -> std::fmt::Result {
        let sentences = || part.lines.join(". ");
        match (self, part.heading) {
            (Self::Bullets(bullet), Some(heading)) => {
                writeln!(text, "{heading}:")?;
                for line in &part.lines {
                    writeln!(text, "{bullet}{line}{end}")?;
                }
                writeln!(text)
            }
            (Self::Bullets(_), None) => writeln!(text, "{}.\n", sentences()),
            (Self::Prose, Some(heading)) => {
                writeln!(text, "{heading}: {}.", part.lines.join("; "))
            }
            (Self::Prose, None) => writeln!(text, "{}.", sentences()),
            (Self::Html, Some(heading)) => {
                write!(text, "<p><strong>{heading}:</strong></p> <ul> ")?;
                for line in &part.lines {
                    write!(text, "<li>{}{end}</li> ", escape(line))?;
                }
                write!(text, "</ul> ")
            }
            (Self::Html, None) => write!(text, "<p>{}.</p> ", escape(&sentences())),
            (Self::LooseHtml, Some(heading)) => {
                write!(text, "<div><b>{heading}:</b><br/>")?;
                for line in &part.lines {
                    write!(text, "-&nbsp;{}{end}<br/>", escape(line))?;
                }
                write!(text, "</div>")
            }
            (Self::LooseHtml, None) => write!(text, "<div>{}.</div>", escape(&sentences())),
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
