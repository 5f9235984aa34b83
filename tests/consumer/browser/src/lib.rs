//! For a WebAssembly host without an operating system: text in, JSON out, through the linear memory.
//!
//! The host asks for room with `reserve`, writes the text there as UTF-8, calls `structure` with its
//! length, and reads as many bytes as that returns from where `answer` points.

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod seed;

use std::cell::RefCell;

use vacancy_sections::SectionClassifier;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Room for a text of this many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(length, 0);
        input.as_mut_ptr()
    })
}

/// Structures the text; the length of the answer in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn structure() -> usize {
    let answer = INPUT.with_borrow(|input| match json(input) {
        Ok(json) => json,
        Err(error) => serde_json::json!({ "error": error.to_string() }).to_string(),
    });
    OUTPUT.with_borrow_mut(|output| {
        *output = answer;
        output.len()
    })
}

/// Where the answer begins.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

fn json(text: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    let text = std::str::from_utf8(text)?;
    let sections = SectionClassifier::shared()?.classify_vacancy(text)?;
    Ok(serde_json::to_string(&sections)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_becomes_json() {
        let json = super::json("Знание SQL и Python".as_bytes()).unwrap();
        assert!(
            json.contains("\"requirements\":[{\"text\":\"Знание SQL и Python\""),
            "{json}"
        );
        assert!(super::json(b"\xff").is_err());
    }
}
