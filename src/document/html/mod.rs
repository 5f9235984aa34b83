//! HTML: a line per stretch of text between two block tags.

mod tags;
mod walker;

use html5gum::Tokenizer;

use super::line::Line;
use walker::{Page, Walker};

/// The lines of an HTML text that are not blank.
///
/// Line breaks of the source count where `pre` says so. If `split_flat` is on they also count in a
/// source without a single block tag: such a text has nothing else to show its lines by.
pub(super) fn lines(source: &str, split_flat: bool) -> Vec<Line> {
    let page = walk(source, Walker::new(source));
    if split_flat && !page.has_blocks && source.contains(['\n', '\r']) {
        return walk(source, Walker::new(source).preformatted()).lines;
    }
    page.lines
}

fn walk(source: &str, walker: Walker<'_>) -> Page {
    // The walker makes one token of the whole source, at its end; reading a string cannot fail.
    match Tokenizer::new_with_emitter(source, walker).next() {
        Some(Ok(page)) => page,
        Some(Err(never)) => match never {},
        None => Page::default(),
    }
}

#[cfg(test)]
mod tests;
