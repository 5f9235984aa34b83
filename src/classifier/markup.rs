//! Whether a text is HTML, where nobody says so.

use super::Posting;

impl Posting {
    /// A posting of a text that may be plain or HTML: it is HTML if it holds a tag that vacancies use, or
    /// an entity.
    ///
    /// ```
    /// use vacancy_sections::Posting;
    ///
    /// assert!(matches!(Posting::guess("<p>Опыт от 3 лет</p>"), Posting::Html(_)));
    /// assert!(matches!(Posting::guess("Опыт < 3 лет & <желание>"), Posting::Plain(_)));
    /// ```
    #[must_use]
    pub fn guess(text: impl Into<String>) -> Self {
        let text = text.into();
        if looks_like_html(&text) {
            Self::Html(text)
        } else {
            Self::Plain(text)
        }
    }
}

fn looks_like_html(text: &str) -> bool {
    const TAGS: [&str; 17] = [
        "p", "br", "li", "ul", "ol", "b", "strong", "em", "i", "u", "div", "span", "a", "h1", "h2",
        "h3", "table",
    ];
    const ENTITIES: [&str; 7] = ["&nbsp;", "&amp;", "&quot;", "&lt;", "&gt;", "&laquo;", "&#"];
    let tag = |(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        rest.starts_with(['>', ' ', '/', '\n'])
            && TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name))
    };
    text.match_indices('<').any(tag) || ENTITIES.iter().any(|entity| text.contains(entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_entities_tell_html() {
        for html in [
            "<p>текст",
            "текст</LI>",
            "строка<br/>строка",
            "<a href='#'>сюда</a>",
            "Tom&nbsp;&amp; Co",
        ] {
            assert!(matches!(Posting::guess(html), Posting::Html(_)), "{html}");
        }
    }

    #[test]
    fn angle_brackets_alone_do_not() {
        for plain in ["", "<", "a < b", "<3", "C<T>", "R&D", "<pre>", "конец <"] {
            assert!(
                matches!(Posting::guess(plain), Posting::Plain(_)),
                "{plain}"
            );
        }
    }
}
