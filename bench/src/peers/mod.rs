//! Peers: what a user would pick instead, measured in the same run. The scripts in `bench/peers/` install and run
//! them; a peer that cannot be installed or started is a row that says so.

mod gateway;
mod queue;
mod script;

pub(crate) use self::gateway::{GatewayPeer, start_gateway};
pub(crate) use self::queue::{QueueFigures, measure_queue};
pub(crate) use self::script::set_up;
