//! The answers that a route shares with others, because of what it asks for: a key, a body, parameters. Routes
//! describe their own.

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Which routes only an admin may call.
const ADMIN: &str = "/v1/admin/";

const BROKEN: (&str, &str) = ("400", "The request can not be read: a header, or the body");
const NO_KEY: (&str, &str) = ("401", "There is no key, it is not known, or it was revoked");
const NOT_ADMIN: (&str, &str) = ("403", "The key is no admin key");
const TOO_LARGE: (&str, &str) = ("413", "The body is over the limit");
const WRONG: (&str, &str) = ("422", "Wrong fields, each named");
const AWAY: (&str, &str) = ("503", "A part that is needed is away; try again");

/// Adds what follows for a route from its description, where the route does not say it itself.
pub(crate) fn add_shared_answers(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.head,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            for (status, description) in shared(path, operation) {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| failure(description));
            }
        }
    }
}

fn shared(path: &str, operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut answers = Vec::new();
    // A route that nobody needs a key for says so.
    if operation.security.is_none() {
        answers.extend([NO_KEY, AWAY]);
    }
    if path.starts_with(ADMIN) {
        answers.push(NOT_ADMIN);
    }
    if operation.request_body.is_some() {
        answers.extend([BROKEN, TOO_LARGE, WRONG]);
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        match parameter.parameter_in {
            ParameterIn::Header => answers.push(BROKEN),
            ParameterIn::Query => answers.push(WRONG),
            _ => {}
        }
    }
    answers
}

fn failure(description: &str) -> RefOr<Response> {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    ResponseBuilder::new().description(description).content("application/json", body).build().into()
}
