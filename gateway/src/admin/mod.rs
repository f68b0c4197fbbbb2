//! For operators: keys, workers and queues. Every route needs an admin key.

mod keys;
mod queues;
mod workers;

pub(crate) use keys::{
    __path_create_key, __path_list_keys, __path_revoke_key, create_key, list_keys, revoke_key,
};
pub(crate) use queues::{__path_list_queues, list_queues};
pub(crate) use workers::{__path_list_workers, list_workers};

#[cfg(test)]
mod tests;
