//! As a serverless platform runs it: one event in, one answer out, and the process is gone.
//!
//! The event is `{"description": "…"}`, a vacancy in HTML or plain text; the answer is the structured
//! vacancy, or `{"error": "…"}` and exit code 1.

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

use vacancy_sections::{SectionClassifier, api::Vacancy};

fn main() -> ExitCode {
    match answer() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", serde_json::json!({"error": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

fn answer() -> Result<String, Box<dyn Error>> {
    let mut event = String::new();
    std::io::stdin().read_to_string(&mut event)?;
    let vacancy: Vacancy = serde_json::from_str(&event)?;
    let sections = SectionClassifier::embedded()?.classify_api_vacancy(&vacancy)?;
    Ok(serde_json::to_string(&sections)?)
}
