//! Follows the tokenizer through the source and gathers lines.

use html5gum::{Emitter, Error, State};

use super::tags::{Strong, Tag};
use crate::document::BlockKind;
use crate::document::line::Line;
use crate::span::Span;

/// Which kind of tag is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Start,
    End,
}

/// A tag that is being read.
#[derive(Debug, Default)]
struct CurrentTag {
    reading: Reading,
    name: Vec<u8>,
    self_closing: bool,
}

/// What the walker brings home.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The lines that are not blank.
    pub(super) lines: Vec<Line>,
    /// Whether any tag ended a line.
    pub(super) has_blocks: bool,
}

/// Gathers the lines of a source while the tokenizer reads it.
///
/// It counts open tags instead of building a tree, so that depth costs nothing.
#[derive(Debug)]
pub(super) struct Walker<'s> {
    source: &'s str,
    /// Bytes that the tokenizer has consumed.
    position: usize,
    /// Where the text or tag before ended.
    mark: usize,
    /// Source of text that was read and not put into the line yet.
    pending: Span,
    line: Line,
    page: Page,
    finished: bool,

    tag: CurrentTag,
    last_start_tag: Vec<u8>,

    /// Inside an element whose text is no markup and is dropped.
    raw: bool,
    templates: usize,
    b: usize,
    strong: usize,
    heading: bool,
    preformatted: usize,
    /// For each open list, whether an item of it is open; the first stands for items without a list.
    lists: Vec<bool>,
    items: usize,
}

impl<'s> Walker<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            position: 0,
            mark: 0,
            pending: Span::default(),
            line: Line::default(),
            page: Page::default(),
            finished: false,
            tag: CurrentTag::default(),
            last_start_tag: Vec::new(),
            raw: false,
            templates: 0,
            b: 0,
            strong: 0,
            heading: false,
            preformatted: 0,
            lists: vec![false],
            items: 0,
        }
    }

    /// Lets line breaks in the text count from the start on.
    pub(super) fn preformatted(mut self) -> Self {
        self.preformatted = 1;
        self
    }

    fn is_strong(&self) -> bool {
        self.b > 0 || self.strong > 0 || self.heading
    }

    /// Takes text that ends where the tokenizer stands.
    fn text(&mut self, text: &[u8]) {
        let span = Span::new(self.mark, self.position);
        self.mark = self.position;
        // A NUL in text is ignored by the standard. "</" is text only at the end of a source that
        // was cut off there.
        if self.raw || self.templates > 0 || text == b"\0" || text == b"</" {
            return;
        }
        #[cfg(test)]
        crate::steps::add(span.len().max(text.len()));
        let start = span.end.saturating_sub(text.len());
        let bytes = self.source.as_bytes();
        let copied = bytes.get(start..span.end) == Some(text)
            && (start == span.start || bytes.get(span.start) != Some(&b'&'));
        if copied {
            // The tokenizer may stop inside a character; text is taken from the source once it is
            // whole.
            if self.pending.end != start {
                self.flush();
                self.pending = Span::new(start, start);
            }
            self.pending.end = span.end;
        } else {
            self.flush();
            self.push(&String::from_utf8_lossy(text), span, false);
        }
    }

    /// Puts the pending text into the line.
    fn flush(&mut self) {
        let span = std::mem::take(&mut self.pending);
        if let Some(text) = span.slice(self.source) {
            self.push(text, span, true);
        }
    }

    fn push(&mut self, text: &str, source: Span, copied: bool) {
        let mut start = 0;
        if self.preformatted > 0 {
            for (at, _) in text.match_indices(['\n', '\r']) {
                self.push_part(text, Span::new(start, at), source, copied);
                self.end_line();
                start = at + 1;
            }
        }
        self.push_part(text, Span::new(start, text.len()), source, copied);
    }

    fn push_part(&mut self, text: &str, part: Span, source: Span, copied: bool) {
        let Some(text) = part.slice(text).filter(|text| !text.is_empty()) else {
            return;
        };
        if self.line.is_blank() {
            self.line.set_kind(self.kind());
        }
        let strong = self.is_strong();
        if copied {
            self.line
                .push_copied(text, source.start + part.start, strong);
        } else {
            self.line.push_replaced(text, source, strong);
        }
    }

    fn kind(&self) -> BlockKind {
        if self.heading {
            BlockKind::Heading
        } else if self.items > 0 {
            BlockKind::ListItem
        } else {
            BlockKind::Paragraph
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_blank() {
            self.page.lines.push(line);
        }
    }

    fn start_tag(&mut self, tag: Tag) -> Option<State> {
        if self.templates > 0 {
            match tag {
                Tag::Template => self.templates += 1,
                Tag::Raw(raw) => return self.start_raw(raw.state()),
                _ => {}
            }
            return None;
        }
        self.flush();
        self.page.has_blocks |= tag.ends_line();
        match tag {
            Tag::Inline => {}
            Tag::Strong(Strong::B) => self.b += 1,
            Tag::Strong(Strong::Strong) => self.strong += 1,
            Tag::Template => self.templates = 1,
            Tag::Raw(raw) => return self.start_raw(raw.state()),
            Tag::Block => self.end_line(),
            Tag::Heading => {
                self.end_line();
                self.heading = true;
            }
            Tag::Preformatted => {
                self.end_line();
                self.preformatted += 1;
            }
            Tag::List => {
                self.end_line();
                self.lists.push(false);
            }
            Tag::Item => {
                self.end_line();
                self.set_item(true);
            }
        }
        None
    }

    /// Drops everything up to the end tag. A self-closing tag such as `<style/>` holds nothing:
    /// browsers drop what follows it, but losing a vacancy over it would help nobody.
    fn start_raw(&mut self, state: State) -> Option<State> {
        if self.tag.self_closing {
            return None;
        }
        self.raw = true;
        Some(state)
    }

    fn end_tag(&mut self, tag: Tag) {
        self.raw = false;
        if self.templates > 0 {
            if tag == Tag::Template {
                self.templates -= 1;
            }
            return;
        }
        self.flush();
        self.page.has_blocks |= tag.ends_line();
        match tag {
            Tag::Inline | Tag::Template | Tag::Raw(_) => {}
            Tag::Strong(Strong::B) => self.b = self.b.saturating_sub(1),
            Tag::Strong(Strong::Strong) => self.strong = self.strong.saturating_sub(1),
            Tag::Block => self.end_line(),
            Tag::Heading => {
                self.end_line();
                self.heading = false;
            }
            Tag::Preformatted => {
                self.end_line();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            Tag::List => {
                self.end_line();
                if self.lists.len() > 1 {
                    self.set_item(false);
                    self.lists.pop();
                }
            }
            Tag::Item => {
                self.end_line();
                self.set_item(false);
            }
        }
    }

    /// Opens or closes the item of the innermost list.
    fn set_item(&mut self, open: bool) {
        let Some(item) = self.lists.last_mut() else {
            return;
        };
        if *item != open {
            *item = open;
            self.items = if open {
                self.items + 1
            } else {
                self.items.saturating_sub(1)
            };
        }
    }
}

impl Emitter for Walker<'_> {
    type Token = Page;

    fn move_position(&mut self, offset: isize) {
        self.position = self.position.saturating_add_signed(offset);
    }

    fn emit_string(&mut self, text: &[u8]) {
        self.text(text);
    }

    fn init_start_tag(&mut self) {
        self.tag.reading = Reading::Start;
        self.tag.self_closing = false;
        self.tag.name.clear();
    }

    fn init_end_tag(&mut self) {
        self.tag.reading = Reading::End;
        self.tag.self_closing = false;
        self.tag.name.clear();
    }

    fn push_tag_name(&mut self, name: &[u8]) {
        self.tag.name.extend_from_slice(name);
    }

    fn set_self_closing(&mut self) {
        self.tag.self_closing = true;
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.mark = self.position;
        let tag = Tag::of(&self.tag.name);
        match self.tag.reading {
            Reading::Start => {
                std::mem::swap(&mut self.last_start_tag, &mut self.tag.name);
                self.start_tag(tag)
            }
            Reading::End => {
                self.end_tag(tag);
                None
            }
        }
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag.reading == Reading::End && self.tag.name == self.last_start_tag
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start_tag = name.unwrap_or_default().to_vec();
    }

    fn emit_eof(&mut self) {
        self.flush();
        self.end_line();
        self.finished = true;
    }

    fn pop_token(&mut self) -> Option<Page> {
        std::mem::take(&mut self.finished).then(|| std::mem::take(&mut self.page))
    }

    // Comments and document types are no content; only where they end matters.

    fn emit_current_comment(&mut self) {
        self.mark = self.position;
    }

    fn emit_current_doctype(&mut self) {
        self.mark = self.position;
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn init_attribute(&mut self) {}
    fn push_attribute_name(&mut self, _: &[u8]) {}
    fn push_attribute_value(&mut self, _: &[u8]) {}
}
