//! Public items that show no example.

use rustdoc_types::{Crate, Id, Item, ItemEnum, Visibility};

/// Paths of the public items without an example, in alphabetical order.
///
/// Fields, variants and trait methods need none: they are shown with the type or trait that they are
/// part of.
pub fn missing(krate: &Crate) -> Vec<String> {
    let mut missing: Vec<String> = items(krate)
        .into_iter()
        .filter(|(_, item)| !shows_code(item))
        .map(|(path, _)| path)
        .collect();
    missing.sort();
    missing
}

/// Number of items that must have an example.
pub fn count(krate: &Crate) -> usize {
    items(krate).len()
}

fn shows_code(item: &Item) -> bool {
    let docs = item.docs.as_deref().unwrap_or_default();
    docs.lines().any(|line| {
        matches!(
            line.trim(),
            "```" | "```rust" | "```no_run" | "```rust,no_run"
        )
    })
}

/// Everything that must have an example, with its path.
fn items(krate: &Crate) -> Vec<(String, &Item)> {
    let mut found = Vec::new();
    visit(krate, krate.root, "", &mut found);
    found
}

fn visit<'a>(krate: &'a Crate, id: Id, parent: &str, found: &mut Vec<(String, &'a Item)>) {
    let Some(item) = krate.index.get(&id) else {
        // An item of another crate.
        return;
    };
    let path = match &item.name {
        Some(name) if parent.is_empty() => name.clone(),
        Some(name) => format!("{parent}::{name}"),
        None => parent.to_owned(),
    };
    match &item.inner {
        ItemEnum::Module(module) => {
            // A module is introduced by its items.
            for &item in &module.items {
                visit(krate, item, &path, found);
            }
        }
        ItemEnum::Use(reexport) => {
            if let Some(id) = reexport.id {
                visit(krate, id, parent, found);
            }
        }
        ItemEnum::Struct(body) => {
            found.push((path.clone(), item));
            visit_impls(krate, &body.impls, &path, found);
        }
        ItemEnum::Enum(body) => {
            found.push((path.clone(), item));
            visit_impls(krate, &body.impls, &path, found);
        }
        ItemEnum::Trait(_)
        | ItemEnum::TypeAlias(_)
        | ItemEnum::Constant { .. }
        | ItemEnum::AssocConst { .. }
        | ItemEnum::Function(_) => found.push((path, item)),
        _ => {}
    }
}

fn visit_impls<'a>(
    krate: &'a Crate,
    impls: &[Id],
    path: &str,
    found: &mut Vec<(String, &'a Item)>,
) {
    for id in impls {
        let Some(ItemEnum::Impl(body)) = krate.index.get(id).map(|item| &item.inner) else {
            continue;
        };
        if body.trait_.is_some() {
            continue;
        }
        for &member in &body.items {
            let public = |item: &&Item| item.visibility == Visibility::Public;
            if krate.index.get(&member).filter(public).is_some() {
                visit(krate, member, path, found);
            }
        }
    }
}
