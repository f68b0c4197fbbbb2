//! Chats that wait for their answer.

use serde_json::{Value, json};

use super::Load;
use crate::chaos::intent::Call;
use crate::chaos::ledger::Style;
use crate::chaos::upstream::{MODEL, answer_to, text_of, text_of_stream};

impl Load {
    pub(super) async fn chat(&self, style: Style, number: usize) -> bool {
        let (caller, gateway) = self.turn(number);
        let marker = format!("{} {number}", style.as_str());
        let stream = style == Style::Streamed;
        let expected = answer_to(&marker);
        let mut call = Call { style, expected, job: None, is_answered: false };
        self.ledger.called(&marker, call.clone());
        let heard = caller.post("/v1/chat/completions", &chat(&marker, stream), None).await;
        let (text, whole) = if stream {
            text_of_stream(&heard.text())
        } else {
            (text_of(&heard.json()).to_owned(), heard.is(200))
        };
        let whole = heard.is(200) && whole;
        call.is_answered = whole && text == call.expected;
        if whole && text != call.expected {
            self.ledger.wrong(format!("'{marker}' was answered with '{}'", heard.text()));
        }
        if stream && !call.expected.starts_with(&text) {
            self.ledger.wrong(format!("'{marker}' was answered with a mixed stream: '{text}'"));
        }
        let well = call.is_answered;
        call.job = heard.job().map(str::to_owned);
        self.ledger.called(&marker, call);
        let how = if heard.is(200) && !whole { "broken off".to_owned() } else { heard.how() };
        self.ledger.answered(style, gateway, &how, well);
        well
    }
}

/// A chat about one text.
pub(super) fn chat(text: &str, stream: bool) -> Value {
    json!({"model": MODEL, "stream": stream, "messages": [{"role": "user", "content": text}]})
}
