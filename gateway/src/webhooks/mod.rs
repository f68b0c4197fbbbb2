//! The webhook API: endpoints, secrets, public keys and the delivery log.

mod check;
mod create;
mod deliveries;
mod delete;
mod disable_requests;
mod keys;
mod list;
mod recover;
mod rotate;
mod secret;
mod send;
mod store;
mod switch;
mod test_send;
mod update;
mod view;

pub(crate) use check::check_target;
pub(crate) use create::{__path_create_endpoint, create_endpoint};
pub(crate) use delete::{__path_delete_endpoint, delete_endpoint};
pub(crate) use deliveries::{
    __path_list_deliveries, __path_read_delivery, __path_retry_delivery, list_deliveries,
    read_delivery, retry_delivery,
};
pub(crate) use disable_requests::answer_disable_requests;
pub(crate) use keys::{__path_jwks, __path_public_keys, jwks, public_keys};
pub(crate) use list::{__path_list_endpoints, __path_read_endpoint, list_endpoints, read_endpoint};
pub(crate) use recover::{__path_recover_endpoint, recover_endpoint};
pub(crate) use rotate::{__path_rotate_secret, rotate_secret};
pub(crate) use secret::{__path_read_secret, read_secret};
pub(crate) use switch::{
    __path_disable_endpoint, __path_enable_endpoint, disable_endpoint, enable_endpoint,
};
pub(crate) use test_send::{__path_test_endpoint, test_endpoint};
pub(crate) use update::{__path_update_endpoint, update_endpoint};

#[cfg(test)]
mod tests;
