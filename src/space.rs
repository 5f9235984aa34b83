//! What counts as white space between and around the words of a vacancy.

/// White space as Python's `str.split` sees it: Unicode's plus U+001C to U+001F.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&character)
}
