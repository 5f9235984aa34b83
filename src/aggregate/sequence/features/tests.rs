use super::*;
use crate::prediction::Probabilities;

fn fragment(block: usize, text: &str) -> ScoredFragment<'_> {
    ScoredFragment::new(
        block,
        text,
        Probabilities::from_weights([0.0, 1.0, 0.0, 0.0, 0.0]).unwrap(),
    )
}

/// The last group is the link: it is reached only when every group was emitted, in order.
#[test]
fn every_group_has_its_place() {
    let fragments = [fragment(0, "Требования:"), fragment(1, "Опыт от 3 лет.")];
    let evidence = Evidence::new(&fragments);
    for index in 0..2 {
        let mut last = None;
        evidence.visit(index, |feature, _| {
            assert!(last < Some(feature) && feature < WIDTH);
            last = Some(feature);
        });
        assert!(last >= Some(offset(GROUPS.len() - 1)));
    }
}

#[test]
fn features_are_named_by_their_group() {
    let fragments = [fragment(0, "Требования:"), fragment(1, "Опыт от 3 лет.")];
    let mut found = Vec::new();
    Evidence::new(&fragments).visit(1, |feature, value| {
        let group = (0..GROUPS.len())
            .rfind(|group| offset(*group) <= feature)
            .unwrap();
        found.push(format!(
            "{}.{} {value:.2}",
            GROUPS[group].0,
            feature - offset(group)
        ));
    });
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn links_tell_blocks_and_lists_apart() {
    let fragments = [
        fragment(0, "Условия:"),
        fragment(1, "• ДМС."),
        fragment(1, "И спорт."),
        fragment(2, "- Офис"),
        fragment(3, "Звоните по телефону"),
        fragment(4, "из контактов"),
    ];
    let evidence = Evidence::new(&fragments);
    let links: Vec<_> = (0..6).map(|index| evidence.link(index)).collect();
    assert_eq!(
        links,
        [
            Link::TextToText,
            Link::TextToItem,
            Link::SameBlock,
            Link::ItemToItem,
            Link::ItemToText,
            Link::Continued
        ]
    );
}
