//! `millrace keys`

use serde_json::{Value, json};

use super::Client;
use crate::arguments::{Api, KeysAction};
use crate::failure::Failure;
use crate::output::{say, say_json, say_table, text};

pub(crate) async fn run(api: &Api, as_json: bool, action: KeysAction) -> Result<(), Failure> {
    let client = Client::new(api)?;
    let answer = match &action {
        KeysAction::Create { tenant, admin, name } => {
            let role = if *admin { "admin" } else { "user" };
            let body = json!({"tenant": tenant, "role": role, "name": name});
            client.post("/v1/admin/keys", Some(body)).await?
        }
        KeysAction::List => client.get("/v1/admin/keys").await?,
        KeysAction::Revoke { id } => {
            client.post(&format!("/v1/admin/keys/{id}/revoke"), None).await?
        }
    };
    if as_json {
        say_json(&answer);
        return Ok(());
    }
    match action {
        KeysAction::Create { .. } => {
            say(&format!("{}  (shown once, keep it)", text(&answer, "/key")));
        }
        KeysAction::List => say_table(
            &["id", "tenant", "role", "name", "created", "revoked"],
            answer["data"].as_array().into_iter().flatten().map(row).collect(),
            "no keys",
        ),
        KeysAction::Revoke { id } => say(&format!("{id} is revoked")),
    }
    Ok(())
}

fn row(key: &Value) -> Vec<String> {
    ["/id", "/tenant", "/role", "/name", "/created_at", "/revoked_at"]
        .map(|path| text(key, path))
        .into()
}
