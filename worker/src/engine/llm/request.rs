//! The caller's body made ready for the endpoint: only `model`, `stream` and `stream_options` are touched.

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use super::fields::Fields;

/// How the answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As one document.
    Whole,
    /// As a stream of events. `ask_usage`: have the endpoint add a last chunk that says what the answer cost.
    Stream { ask_usage: bool },
}

/// A body to send.
#[derive(Debug)]
pub(super) struct Request {
    /// The JSON text.
    pub(super) body: Bytes,
    /// Whether the caller itself asked for the chunk with the usage.
    pub(super) caller_wants_usage: bool,
}

/// Edits `input` for the endpoint that calls the model `model`. An error says that the input is no JSON object.
pub(super) fn edit(input: &[u8], model: &str, style: Style) -> Result<Request, serde_json::Error> {
    let mut fields: Fields<'_> = serde_json::from_slice(input)?;
    fields.set("model", to_raw_value(model)?);
    let caller_wants_usage = fields.get("stream_options").is_some_and(asks_for_usage);
    match style {
        Style::Whole => {
            if fields.get("stream").is_some() {
                fields.set("stream", to_raw_value(&false)?);
            }
            // Providers refuse it on a request that does not stream.
            fields.remove("stream_options");
        }
        Style::Stream { ask_usage } => {
            fields.set("stream", to_raw_value(&true)?);
            if ask_usage && !caller_wants_usage {
                let options = with_usage(fields.get("stream_options"))?;
                fields.set("stream_options", options);
            }
        }
    }
    Ok(Request { body: serde_json::to_vec(&fields)?.into(), caller_wants_usage })
}

fn asks_for_usage(options: &RawValue) -> bool {
    serde_json::from_str::<Fields<'_>>(options.get())
        .is_ok_and(|options| options.get("include_usage").is_some_and(|raw| raw.get() == "true"))
}

/// The caller's stream options, if it gave any, with `include_usage` switched on.
fn with_usage(options: Option<&RawValue>) -> Result<Box<RawValue>, serde_json::Error> {
    let mut options: Fields<'_> =
        options.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    options.set("include_usage", to_raw_value(&true)?);
    to_raw_value(&options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Style = Style::Stream { ask_usage: true };

    fn edited(input: &str, style: Style) -> String {
        let request = edit(input.as_bytes(), "upstream-name", style).unwrap();
        String::from_utf8(request.body.to_vec()).unwrap()
    }

    #[test]
    fn a_whole_answer_is_asked_for_without_stream_options() {
        let input = r#"{"temperature":0.70,"model":"x","stream":true,"stream_options":{"include_usage":true},"top_k":4}"#;
        assert_eq!(
            edited(input, Style::Whole),
            r#"{"temperature":0.70,"model":"upstream-name","stream":false,"top_k":4}"#
        );
        assert_eq!(edited("{}", Style::Whole), r#"{"model":"upstream-name"}"#);
    }

    #[test]
    fn a_stream_is_asked_for_with_its_usage() {
        assert_eq!(
            edited(r#"{"model":"x","stream":true}"#, STREAM),
            r#"{"model":"upstream-name","stream":true,"stream_options":{"include_usage":true}}"#
        );
        assert_eq!(
            edited(
                r#"{"stream":true,"stream_options":{"chunk":1.0,"include_usage":false}}"#,
                STREAM
            ),
            r#"{"stream":true,"stream_options":{"chunk":1.0,"include_usage":true},"model":"upstream-name"}"#
        );
        assert_eq!(
            edited(r#"{"stream":true,"stream_options":null}"#, Style::Stream { ask_usage: false }),
            r#"{"stream":true,"stream_options":null,"model":"upstream-name"}"#
        );
    }

    #[test]
    fn what_the_caller_asked_for_is_known() {
        let asked = br#"{"stream":true,"stream_options":{ "include_usage" : true }}"#;
        assert!(edit(asked, "m", STREAM).unwrap().caller_wants_usage);
        assert!(!edit(b"{}", "m", STREAM).unwrap().caller_wants_usage);
    }

    #[test]
    fn only_an_object_is_a_request() {
        assert!(edit(b"[]", "m", Style::Whole).is_err());
        assert!(edit(b"{", "m", Style::Whole).is_err());
    }
}
