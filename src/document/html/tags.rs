//! What a tag does to the text around it.

use html5gum::State;

/// What a tag does to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing: the text before and after it belongs together.
    Inline,
    /// Inline, and what it holds is set off.
    Strong(Strong),
    /// Ends the line.
    Block,
    /// Ends the line; what it holds is a heading.
    Heading,
    /// Ends the line; holds list items.
    List,
    /// Ends the line; holds a list item.
    Item,
    /// Ends the line; line breaks in it count.
    Preformatted,
    /// What it holds is no content of the page.
    Template,
    /// What it holds is no markup and is not shown, or is not the page's text.
    Raw(Raw),
}

/// Tags that set inline text off. Each is closed by its own end tag only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strong {
    B,
    Strong,
}

/// How the text in a dropped element is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    Script,
    Text,
    /// Entities are decoded.
    Escapable,
}

impl Raw {
    pub(super) fn state(self) -> State {
        match self {
            Self::Script => State::ScriptData,
            Self::Text => State::RawText,
            Self::Escapable => State::RcData,
        }
    }
}

impl Tag {
    pub(super) fn ends_line(self) -> bool {
        matches!(
            self,
            Self::Block | Self::Heading | Self::List | Self::Item | Self::Preformatted
        )
    }

    /// The effect of a tag by its name in lower case.
    ///
    /// Block tags are those that the HTML standard's rendering section displays as blocks, list
    /// items, or parts of a table, and `br`.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"b" => Self::Strong(Strong::B),
            b"strong" => Self::Strong(Strong::Strong),
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Self::Heading,
            b"ul" | b"ol" | b"menu" | b"dir" => Self::List,
            b"li" => Self::Item,
            b"pre" | b"listing" | b"xmp" => Self::Preformatted,
            b"template" => Self::Template,
            b"script" => Self::Raw(Raw::Script),
            b"style" | b"iframe" | b"noembed" | b"noframes" | b"noscript" => Self::Raw(Raw::Text),
            b"title" | b"textarea" => Self::Raw(Raw::Escapable),
            b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"br" | b"caption"
            | b"center" | b"dd" | b"details" | b"dialog" | b"div" | b"dl" | b"dt" | b"fieldset"
            | b"figcaption" | b"figure" | b"footer" | b"form" | b"head" | b"header" | b"hgroup"
            | b"hr" | b"html" | b"legend" | b"main" | b"nav" | b"optgroup" | b"option" | b"p"
            | b"search" | b"section" | b"select" | b"summary" | b"table" | b"tbody" | b"td"
            | b"tfoot" | b"th" | b"thead" | b"tr" => Self::Block,
            _ => Self::Inline,
        }
    }
}
