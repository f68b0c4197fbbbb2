//! What an endpoint says about its models, and what is offered of them.

use serde_json::Value;

use crate::engine::Offer;

use super::options::EndpointOptions;
use super::route::Route;

/// A model that an endpoint lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its name at the endpoint.
    pub(super) id: String,
    /// Whether it is loaded. True unless the endpoint says that it is not.
    pub(super) warm: bool,
    /// What can be asked of it. Both, unless the endpoint says more.
    pub(super) routes: Vec<Route>,
}

/// Reads the answer to `GET models`: OpenAI's `data`, or the `models` of others. `None` when it is no list.
pub(super) fn parse(body: &[u8]) -> Option<Vec<Listed>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let list = [document.get("data"), document.get("models"), Some(&document)];
    // An Ollama without models answers `"data": null`.
    let is_null = document.get("data").is_some_and(Value::is_null);
    match list.into_iter().flatten().find_map(Value::as_array) {
        Some(entries) => Some(entries.iter().filter_map(entry).collect()),
        None => is_null.then(Vec::new),
    }
}

fn entry(entry: &Value) -> Option<Listed> {
    let name = ["id", "name", "model"].into_iter().find_map(|field| entry.get(field)?.as_str())?;
    let kind = entry.get("type").and_then(Value::as_str);
    Some(Listed {
        id: name.to_owned(),
        warm: is_warm(entry),
        routes: match kind {
            Some("embeddings" | "embedding") => vec![Route::Embeddings],
            Some("llm" | "vlm" | "chat") => vec![Route::Chat],
            _ => Route::ALL.to_vec(),
        },
    })
}

/// A llama.cpp router says `status: {value}`, LM Studio `state`; others have loaded what they list, or do not say.
fn is_warm(entry: &Value) -> bool {
    let state = entry.pointer("/status/value").or_else(|| entry.get("status"));
    let state = state.or_else(|| entry.get("state")).and_then(Value::as_str);
    !matches!(state, Some("unloaded" | "not-loaded" | "loading" | "sleeping"))
}

/// What is offered of `listed`: all or the configured ones, those configured by name although not listed, and the
/// aliases.
pub(super) fn offers(listed: &[Listed], options: &EndpointOptions) -> Vec<Offer> {
    let wanted = |id: &str| options.models.is_empty() || options.models.iter().any(|m| m == id);
    let find = |id: &str| listed.iter().find(|model| model.id == id);
    let mut offers: Vec<Offer> = listed
        .iter()
        .filter(|model| wanted(&model.id))
        .map(|model| offer(&model.id, Some(model)))
        .collect();
    let by_name = options.models.iter().map(|name| (name, name)).chain(&options.aliases);
    for (name, target) in by_name {
        if !offers.iter().any(|offer| offer.model == *name) {
            offers.push(offer(name, find(target)));
        }
    }
    offers
}

fn offer(name: &str, listed: Option<&Listed>) -> Offer {
    let routes = listed.map_or(Route::ALL.as_slice(), |model| &model.routes);
    Offer {
        model: name.to_owned(),
        operations: routes.iter().map(|route| route.operation().to_owned()).collect(),
        warm: listed.is_some_and(|model| model.warm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Option<Vec<String>> {
        Some(parse(body.as_bytes())?.into_iter().map(|model| model.id).collect())
    }

    #[test]
    fn lists_of_all_servers_are_read() {
        let openai = r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"},{"x":1}]}"#;
        assert_eq!(names(openai).unwrap(), ["a", "b"]);
        assert_eq!(names(r#"{"models":[{"name":"a:latest"}]}"#).unwrap(), ["a:latest"]);
        assert_eq!(names(r#"[{"id":"a"}]"#).unwrap(), ["a"]);
        assert_eq!(names(r#"{"object":"list","data":null}"#).unwrap(), [""; 0]);
        assert_eq!(names(r#"{"error":"no"}"#), None);
        assert_eq!(names("<html>"), None);
    }

    #[test]
    fn a_list_may_tell_warm_from_cold_and_what_a_model_does() {
        let body = br#"{"data":[
            {"id":"a","status":{"value":"unloaded"}},
            {"id":"b","state":"loaded","type":"embeddings"}]}"#;
        let listed = parse(body).unwrap();
        assert!(!listed[0].warm);
        assert!(listed[1].warm);
        assert_eq!(listed[0].routes, Route::ALL);
        assert_eq!(listed[1].routes, [Route::Embeddings]);
    }

    #[test]
    fn the_configured_are_offered_and_no_others() {
        let listed = parse(br#"{"data":[{"id":"a"},{"id":"b"}]}"#).unwrap();
        let mut options = EndpointOptions::new("http://localhost");
        let offered = |options: &EndpointOptions| -> Vec<(String, bool)> {
            offers(&listed, options).into_iter().map(|offer| (offer.model, offer.warm)).collect()
        };
        assert_eq!(offered(&options), [("a".into(), true), ("b".into(), true)]);
        options.models = vec!["b".into(), "hidden".into()];
        options.aliases.insert("fast".into(), "a".into());
        assert_eq!(
            offered(&options),
            [("b".into(), true), ("hidden".into(), false), ("fast".into(), true)]
        );
    }
}
