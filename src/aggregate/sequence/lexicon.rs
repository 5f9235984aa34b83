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

/// The first four bytes of each stem, which every stem has.
static HEADS: [u32; STEMS.len()] = {
    let mut heads = [0; STEMS.len()];
    let mut index = 0;
    while index < STEMS.len() {
        if let Some(head) = STEMS[index].as_bytes().first_chunk() {
            heads[index] = u32::from_be_bytes(*head);
        }
        index += 1;
    }
    heads
};

/// Which stems a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stems(u128);

impl Stems {
    /// Adds the stems that `word`, in lower case with `е` for `ё`, begins with.
    pub(super) fn add(&mut self, word: &str) {
        let Some(head) = word.as_bytes().first_chunk() else {
            return;
        };
        let head = u32::from_be_bytes(*head);
        let first = HEADS.partition_point(|other| *other < head);
        let alike = HEADS.iter().zip(&STEMS).enumerate().skip(first);
        for (index, (_, stem)) in alike.take_while(|(_, (other, _))| **other == head) {
            if word.starts_with(stem) {
                self.0 |= 1 << index;
            }
        }
    }

    /// Positions in [`STEMS`], ascending.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let next = (rest != 0).then(|| rest.trailing_zeros() as usize);
            // Clears the lowest bit.
            rest &= rest.wrapping_sub(1);
            next
        })
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
    fn every_stem_has_a_head() {
        assert!(STEMS.iter().all(|stem| stem.len() >= 4));
        assert!(HEADS.is_sorted());
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
