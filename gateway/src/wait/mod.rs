//! Waiting for a job: the replies of workers, demultiplexed to the requests that wait for them, and the events of
//! jobs that are durable.

mod collect;
mod guard;
mod listen;
mod lock;
mod patience;
mod replies;
mod result;
mod session;
mod withdraw;

pub(crate) use collect::{Ended, collect, lost_answer};
pub(crate) use guard::CallGuard;
pub(crate) use listen::{Heard, Listener, Lost};
pub(crate) use replies::{Replies, Waiting};
pub(crate) use result::{job_error, stored_result};
pub(crate) use session::{Session, WaitError};
