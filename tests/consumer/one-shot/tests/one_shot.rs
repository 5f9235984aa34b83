use std::io::Write;
use std::process::{Command, Output, Stdio};

use vacancy_sections::VacancySections;

fn run(event: &str) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_one-shot"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(event.as_bytes()).unwrap();
    drop(stdin);
    process.wait_with_output().unwrap()
}

#[test]
fn an_event_is_answered() {
    let event = serde_json::json!({
        "description": "<p><b>Условия:</b></p><ul><li>Оклад от 90 000 рублей</li></ul>",
    });
    let output = run(&event.to_string());
    assert!(output.status.success());
    let sections: VacancySections = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sections.terms[0].text, "Оклад от 90 000 рублей");
    assert_eq!(sections.headings[0].text, "Условия:");
}

#[test]
fn a_broken_event_is_refused_with_the_place() {
    let output = run("{\"description\": ");
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("line 1"), "{error}");
}
