//! The dispatcher as a whole: a real nats-server, a real receiver.

mod faults;
mod harness;
mod lanes;
mod outcomes;
mod stop;
