//! Abbreviations that end in a full stop ("sokr", сокращения) and initials: the lists of
//! razdel 0.5.0, `segmenters/sokr.py` (MIT licence, Alexander Kukushkin), sorted.
//!
//! They are razdel's to the letter. Words that stand in two lists (г, р, с, см, стр) act
//! as members of [`HEAD`], which is asked first.

/// Stand before the word that they belong to: `ул. Ленина`.
#[rustfmt::skip]
static HEAD: [&str; 103] = [
    "bd", "chap", "dr", "mr", "mrs", "ms", "no", "ps", "upd", "vs", "а", "абз", "акад", "англ",
    "араб", "арх", "ауд", "букв", "венг", "внутр", "г", "гл", "гор", "гос", "гр", "греч", "д",
    "дифф", "домовлад", "доп", "евр", "зав", "зам", "им", "исп", "итал", "к", "каб", "кат",
    "кит", "кн", "ком", "комн", "корп", "корр", "лат", "латв", "лит", "напр", "нач", "нем", "о",
    "обл", "обр", "оз", "ок", "откр", "отм", "оф", "п", "пер", "пл", "пол", "пом", "пос", "пп",
    "пр", "просп", "проф", "пс", "пт", "р", "ред", "рп", "рус", "русск", "с", "сб", "св",
    "слав", "словацк", "см", "ср", "ст", "стр", "т", "тел", "тов", "трад", "укр", "ул", "ум",
    "физ", "фр", "х", "хорв", "ч", "чл", "чч", "ш", "эт", "юр", "яп",
];

/// Stand after the word that they belong to and may end a sentence: `90 тыс. руб.`.
#[rustfmt::skip]
static TAIL: [&str; 32] = [
    "al", "co", "corp", "ed", "inc", "барр", "в", "вв", "г", "га", "гг", "дес", "дол", "долл",
    "др", "изд", "кв", "км", "коп", "куб", "мин", "млн", "млрд", "проц", "р", "руб", "с", "сек",
    "см", "стр", "тыс", "час",
];

/// Neither.
#[rustfmt::skip]
static OTHER: [&str; 7] = [
    "искл", "прим", "рис", "сокр", "устар", "шутл", "яз",
];

/// [`HEAD`] of two words: `т. е.`.
#[rustfmt::skip]
static HEAD_PAIR: [(&str, &str); 9] = [
    ("и", "о"), ("к", "н"), ("к", "п"), ("к", "т"), ("л", "д"), ("п", "н"), ("т", "е"),
    ("т", "к"), ("т", "н"),
];

/// [`TAIL`] of two words: `т. д.`.
#[rustfmt::skip]
static TAIL_PAIR: [(&str, &str); 12] = [
    ("a", "m"), ("p", "m"), ("з", "д"), ("л", "с"), ("н", "э"), ("р", "х"), ("с", "г"),
    ("с", "ш"), ("т", "д"), ("т", "п"), ("у", "е"), ("ч", "т"),
];

/// Other pairs. razdel means to list `жен р` and `муж р` too, but for want of a comma it
/// holds one entry of three words, which no pair equals; so they are absent here.
#[rustfmt::skip]
static OTHER_PAIR: [(&str, &str); 3] = [
    ("ед", "ч"), ("мн", "ч"), ("повел", "накл"),
];

/// Initials of more than one letter: `Дж. Смит`.
#[rustfmt::skip]
static INITIALS: [&str; 3] = [
    "ed", "вс", "дж",
];

/// Lower case for the letters of the lists, ASCII and А..Я. Of the other characters only
/// U+212A (K) lowers to a letter of these alphabets, `k`, and no entry has a `k`.
pub(super) fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        'А'..='Я' => char::from_u32(u32::from(c) + 0x20).unwrap_or(c),
        c => c,
    }
}

/// Bytes of the longest entry, and of the longest half of a pair. Folding keeps the length.
const LONGEST: usize = 16;
const LONGEST_HALF: usize = 10;

fn contains(list: &[&str], word: &str) -> bool {
    if word.len() > LONGEST {
        return false;
    }
    let order = |entry: &&str| entry.chars().cmp(word.chars().map(fold));
    list.binary_search_by(order).is_ok()
}

fn contains_pair(list: &[(&str, &str)], a: &str, b: &str) -> bool {
    if a.len().max(b.len()) > LONGEST_HALF {
        return false;
    }
    let order = |entry: &(&str, &str)| {
        let first = entry.0.chars().cmp(a.chars().map(fold));
        first.then_with(|| entry.1.chars().cmp(b.chars().map(fold)))
    };
    list.binary_search_by(order).is_ok()
}

pub(super) fn is_head(word: &str) -> bool {
    contains(&HEAD, word)
}

pub(super) fn is_tail(word: &str) -> bool {
    contains(&TAIL, word)
}

pub(super) fn is_other(word: &str) -> bool {
    contains(&OTHER, word)
}

pub(super) fn is_head_pair(a: &str, b: &str) -> bool {
    contains_pair(&HEAD_PAIR, a, b)
}

/// Whether `a` and `b` are an abbreviation of two words, of whatever kind.
pub(super) fn is_pair(a: &str, b: &str) -> bool {
    [&HEAD_PAIR[..], &TAIL_PAIR, &OTHER_PAIR]
        .iter()
        .any(|list| contains_pair(list, a, b))
}

pub(super) fn is_initial(word: &str) -> bool {
    contains(&INITIALS, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_made_of_letters_that_fold_knows() {
        let words = [&HEAD[..], &TAIL, &OTHER, &INITIALS];
        let pairs = [&HEAD_PAIR[..], &TAIL_PAIR, &OTHER_PAIR];
        assert!(words.iter().all(|list| list.is_sorted()));
        assert!(pairs.iter().all(|list| list.is_sorted()));
        let longest = words.iter().flat_map(|list| list.iter()).map(|w| w.len());
        assert_eq!(longest.max(), Some(LONGEST));
        let longest = pairs.iter().flat_map(|list| list.iter());
        assert_eq!(
            longest.map(|(a, b)| a.len().max(b.len())).max(),
            Some(LONGEST_HALF)
        );
        let halves = pairs.iter().flat_map(|list| list.iter());
        let halves = halves.flat_map(|&(a, b)| [a, b]);
        for word in words
            .iter()
            .flat_map(|list| list.iter().copied())
            .chain(halves)
        {
            let known = |c| matches!(c, 'а'..='я' | 'a'..='j' | 'l'..='z');
            assert!(word.chars().all(known), "{word}");
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        assert!(HEAD.iter().all(|word| is_head(&word.to_uppercase())));
        assert!(TAIL.iter().all(|word| is_tail(word)));
        assert!(OTHER.iter().all(|word| is_other(word)));
        assert!(is_initial("Дж") && is_initial("ВС") && is_initial("Ed"));
        assert!(!is_head("тыс") && !is_head("улица") && !is_head(""));
    }

    #[test]
    fn pairs_are_ordered() {
        assert!(is_head_pair("Т", "е") && is_pair("т", "Е"));
        assert!(is_pair("т", "д") && !is_head_pair("т", "д"));
        assert!(is_pair("ед", "ч") && is_pair("Повел", "Накл"));
        assert!(!is_pair("е", "т") && !is_pair("д", "т"));
    }

    #[test]
    fn the_broken_entry_of_razdel_matches_nothing() {
        assert!(!is_pair("жен", "р") && !is_pair("муж", "р"));
        assert!(!is_pair("жен", "рмуж") && !is_pair("рмуж", "р"));
    }
}
