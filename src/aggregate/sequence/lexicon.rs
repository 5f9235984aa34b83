//! Beginnings of words that headings, calls to apply and contacts are made of.

/// Stems in lower case with `е` for `ё`, sorted. A word has a stem when it begins with it; the
/// parameter table gives each stem its weight. Written by hand after a count of which beginnings of
/// words set heading lines and junk apart in the training data.
pub(super) const STEMS: [&str; 128] = [
    "benefit",
    "hard",
    "offer",
    "require",
    "respons",
    "skill",
    "soft",
    "telegram",
    "whatsapp",
    "анкет",
    "благодар",
    "бонус",
    "будем",
    "будет",
    "будешь",
    "будущ",
    "важн",
    "вакансию",
    "вакансия",
    "вам",
    "вас",
    "ваш",
    "вместе",
    "выполня",
    "гарант",
    "график",
    "даем",
    "делаем",
    "делать",
    "для",
    "добро",
    "дополнит",
    "если",
    "есть",
    "ждем",
    "ждет",
    "ждут",
    "желат",
    "забот",
    "задач",
    "занимат",
    "зарплат",
    "заявк",
    "звон",
    "знан",
    "идеальн",
    "интерес",
    "ищем",
    "какие",
    "кандидат",
    "качеств",
    "квалификац",
    "ключев",
    "кого",
    "команд",
    "компани",
    "компетенц",
    "контакт",
    "корпорат",
    "которые",
    "кто",
    "льгот",
    "мечт",
    "могу",
    "мы",
    "навык",
    "нам",
    "нас",
    "наш",
    "необход",
    "нужн",
    "обработ",
    "образован",
    "обязанн",
    "обязат",
    "ожида",
    "описан",
    "опыт",
    "основн",
    "отбор",
    "ответственн",
    "отклик",
    "отправ",
    "оформлен",
    "персональн",
    "письм",
    "пиш",
    "плюс",
    "подойд",
    "подроб",
    "подход",
    "пожел",
    "получ",
    "понадоб",
    "портфолио",
    "почему",
    "предлага",
    "предлож",
    "предостав",
    "предсто",
    "преимущ",
    "привет",
    "присоед",
    "присыл",
    "проект",
    "работа",
    "работат",
    "рады",
    "резюме",
    "решать",
    "роль",
    "собесед",
    "сопровод",
    "сотрудн",
    "ссылк",
    "стань",
    "стек",
    "тебе",
    "тебя",
    "технолог",
    "требов",
    "требу",
    "услов",
    "функци",
    "хочешь",
    "чем",
    "что",
    "этап",
];

/// Which stems a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stems(u128);

impl Stems {
    /// Adds the stems that `word`, in lower case with `е` for `ё`, begins with.
    pub(super) fn add(&mut self, word: &str) {
        // A stem of the word sorts at or before it and shares its first letter.
        let end = STEMS.partition_point(|stem| *stem <= word);
        let first = word.chars().next();
        for (index, stem) in STEMS.iter().enumerate().take(end).rev() {
            if stem.chars().next() != first {
                break;
            }
            if word.starts_with(stem) {
                self.0 |= 1 << index;
            }
        }
    }

    /// Positions in [`STEMS`], ascending.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        (0..STEMS.len()).filter(move |index| (self.0 >> index) & 1 == 1)
    }

    /// Whether no stem was found.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Vec<&'static str> {
        let mut stems = Stems::default();
        words.iter().for_each(|word| stems.add(word));
        stems.iter().map(|index| STEMS[index]).collect()
    }

    #[test]
    fn stems_are_sorted_and_distinct() {
        assert!(STEMS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_stem_finds_itself_and_longer_words() {
        for stem in STEMS {
            assert!(found(&[stem]).contains(&stem), "{stem}");
            assert!(found(&[&format!("{stem}я")]).contains(&stem), "{stem}");
        }
    }

    #[test]
    fn a_word_may_have_several_stems_and_need_not_have_any() {
        assert_eq!(found(&["требования"]), ["требов"]);
        assert_eq!(found(&["работать"]), ["работа", "работат"]);
        assert!(found(&["", "я", "требо", "ящик", "Zoo", "🙂"]).is_empty());
    }
}
