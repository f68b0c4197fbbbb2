//! `millrace jobs`

use serde_json::Value;

use super::Client;
use crate::arguments::{Api, JobsAction};
use crate::failure::Failure;
use crate::output::{say, say_json, say_table, text};

pub(crate) async fn run(api: &Api, as_json: bool, action: JobsAction) -> Result<(), Failure> {
    let client = Client::new(api)?;
    let answer = match &action {
        JobsAction::List { state, operation, model, limit } => {
            client
                .get(&list_path(state.as_ref(), operation.as_ref(), model.as_ref(), *limit))
                .await?
        }
        JobsAction::Show { id } => client.get(&format!("/v1/jobs/{id}")).await?,
        JobsAction::Cancel { id } => client.post(&format!("/v1/jobs/{id}/cancel"), None).await?,
        JobsAction::Retry { id } => client.post(&format!("/v1/jobs/{id}/retry"), None).await?,
    };
    if as_json {
        say_json(&answer);
    } else if let JobsAction::List { .. } = action {
        say_table(
            &["id", "status", "operation", "model", "attempt", "created", "error"],
            answer["data"].as_array().into_iter().flatten().map(row).collect(),
            "no jobs",
        );
    } else {
        show(&answer);
    }
    Ok(())
}

fn list_path(
    state: Option<&String>,
    operation: Option<&String>,
    model: Option<&String>,
    limit: u32,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    for (name, value) in [("state", state), ("operation", operation), ("model", model)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("/v1/jobs?{}", query.finish())
}

fn row(job: &Value) -> Vec<String> {
    let attempts = format!("{}/{}", text(job, "/attempt"), text(job, "/max_attempts"));
    vec![
        text(job, "/id"),
        text(job, "/status"),
        text(job, "/operation"),
        text(job, "/model"),
        attempts,
        text(job, "/created_at"),
        text(job, "/error/message"),
    ]
}

fn show(job: &Value) {
    for (name, value) in job.as_object().into_iter().flatten() {
        if name == "links" || name == "object" {
            continue;
        }
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        say(&format!("{name:<20} {shown}"));
    }
}
