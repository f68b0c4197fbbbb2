//! A task of the process: named, its panic and its error taken for what they are, its failure.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;

use super::Lifecycle;

/// The names of the tasks that run now, each with its number.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<BTreeMap<&'static str, usize>>);

/// Counts one task for as long as it lives, however it ends.
struct Counted {
    running: Arc<Running>,
    name: &'static str,
}

impl Running {
    fn count(self: &Arc<Self>, name: &'static str) -> Counted {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        Counted { running: Arc::clone(self), name }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut names = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = names.get_mut(self.name) {
            *number -= 1;
            if *number == 0 {
                names.remove(self.name);
            }
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut separator = "";
        for (name, number) in names.iter() {
            match number {
                1 => write!(f, "{separator}{name}")?,
                _ => write!(f, "{separator}{name} ({number})")?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

/// The task with what surrounds it.
pub(super) fn supervised(
    lifecycle: Lifecycle,
    name: &'static str,
    task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let counted = lifecycle.0.running.count(name);
    async move {
        let _counted = counted;
        tokio::select! {
            biased;
            ended = AssertUnwindSafe(task).catch_unwind() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => lifecycle.fail(format!("{name} failed: {error:#}")),
                Err(panic) => lifecycle.fail(format!("{name} panicked: {}", text(panic.as_ref()))),
            },
            () = lifecycle.0.abandon.cancelled() => {}
        }
    }
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "without a message",
    }
}
