use service::{structure, structure_all, structure_async};
use vacancy_sections::{Section, SectionClassifier};

const VACANCY: &str = "\
Обязанности:
- Печь ржаной хлеб на закваске
Требования:
- Опыт в пекарне от года
Мы предлагаем:
- Обеды и форму за наш счёт";

fn classifier() -> &'static SectionClassifier {
    SectionClassifier::shared().unwrap()
}

#[test]
fn from_threads() {
    let expected = structure(VACANCY).unwrap();
    assert_eq!(
        expected[Section::Terms][0].text,
        "Обеды и форму за наш счёт"
    );
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| structure(VACANCY))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .collect()
    });
    assert!(found.iter().all(|sections| *sections == expected));
}

#[tokio::test]
async fn from_tasks() {
    let texts = [VACANCY, "Знание SQL", ""];
    let tasks = texts.map(|text| {
        tokio::spawn(async move { structure_async(classifier(), text.to_owned()).await })
    });
    for (task, text) in tasks.into_iter().zip(texts) {
        let found = task.await.unwrap().unwrap();
        assert_eq!(found, structure(text).unwrap());
    }
}

#[test]
fn from_a_pool() {
    let texts: Vec<String> = (0..50)
        .map(|n| format!("{VACANCY}\n- Смена № {n}"))
        .collect();
    let pool: Vec<_> = structure_all(classifier(), &texts)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let bulk: Vec<_> = classifier()
        .classify_vacancies(&texts)
        .map(Result::unwrap)
        .collect();
    assert_eq!(pool, bulk);
    assert_eq!(pool.len(), texts.len());
}
