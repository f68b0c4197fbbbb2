//! Which server a lost or given up connection is made to next.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{ReconnectToServer, Server, ServerAddr, ServerInfo};

/// The choice of servers. Cheap to clone; all clones are one, so that what one connection learned is known to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Servers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How often a server was given up although its connection stood.
    left: AtomicU64,
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// The servers in the order in which they were last chosen.
    chosen: Vec<ServerAddr>,
    /// As many times a server was left as this has answered.
    left: u64,
    /// Since a server was left: it, and those that were tried in its place. None when nobody looks for another.
    leaving: Option<Vec<ServerAddr>>,
}

impl Servers {
    /// The server of the connection that stands is to be left: the others come first, whatever is known of them.
    pub(super) fn leave(&self) {
        self.0.left.fetch_add(1, Ordering::Relaxed);
    }

    /// What the client asks for the next server.
    pub(super) fn choose(
        &self,
        known: &[Server],
        _: &ServerInfo,
    ) -> Ready<Option<ReconnectToServer>> {
        let left = self.0.left.load(Ordering::Relaxed);
        let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let next = turns.next(known, left);
        ready(next.map(|addr| ReconnectToServer { addr, delay: None }))
    }
}

impl Turns {
    /// The next server. Nothing before there was any connection: the client tries all of them at once then.
    fn next(&mut self, known: &[Server], left: u64) -> Option<ServerAddr> {
        if !known.iter().any(|server| server.did_connect) {
            return None;
        }
        let current = self.current(known);
        if self.chosen.is_empty() {
            self.chosen.extend(current.clone());
        }
        if left > self.left {
            self.left = left;
            self.leaving = Some(current.iter().cloned().collect());
        } else if self.chosen.last() == current.as_ref() {
            // Another was found meanwhile.
            self.leaving = None;
        }
        let avoided = self.leaving.clone().unwrap_or_default();
        let mut best =
            known.iter().filter(|server| !avoided.contains(&server.addr)).collect::<Vec<_>>();
        if best.is_empty() {
            self.leaving = None;
            best = known.iter().collect();
        }
        let place = |server: &Server| self.chosen.iter().position(|one| *one == server.addr);
        let next = best.into_iter().min_by_key(|server| {
            let is_current = current.as_ref() == Some(&server.addr);
            (server.failed_attempts, server.is_discovered, is_current, place(server))
        })?;
        let next = next.addr.clone();
        if let Some(tried) = &mut self.leaving {
            tried.push(next.clone());
        }
        self.chosen.retain(|one| *one != next);
        self.chosen.push(next.clone());
        Some(next)
    }

    /// The server that was connected last: of those that were reached, the one that was chosen last; before any was
    /// chosen there is only one that was.
    fn current(&self, known: &[Server]) -> Option<ServerAddr> {
        let reached = |addr: &ServerAddr| {
            known.iter().any(|one| one.addr == *addr && one.did_connect && one.failed_attempts == 0)
        };
        let chosen = self.chosen.iter().rev().find(|addr| reached(addr)).cloned();
        chosen.or_else(|| Some(known.iter().find(|server| server.did_connect)?.addr.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the client knows of a server.
    struct Known(Vec<Server>);

    impl Known {
        fn of(configured: &[&str], discovered: &[&str]) -> Self {
            let one = |name: &str, is_discovered| Server {
                addr: format!("nats://{name}:4222").parse().unwrap(),
                failed_attempts: 0,
                did_connect: false,
                is_discovered,
                last_error: None,
            };
            let configured = configured.iter().map(|name| one(name, false));
            Self(configured.chain(discovered.iter().map(|name| one(name, true))).collect())
        }

        fn named(&mut self, name: &str) -> &mut Server {
            self.0.iter_mut().find(|server| server.addr.host() == name).unwrap()
        }

        fn connected(&mut self, name: &str) {
            let server = self.named(name);
            (server.did_connect, server.failed_attempts) = (true, 0);
        }

        fn failed(&mut self, name: &str) {
            self.named(name).failed_attempts += 1;
        }

        /// Tries until a server answers that is one of `alive`; gives all that were tried.
        fn reconnect(&mut self, turns: &mut Turns, left: u64, alive: &[&str]) -> Vec<String> {
            let mut tried = Vec::new();
            while tried.len() < 10 {
                let name = turns.next(&self.0, left).unwrap().host().to_owned();
                tried.push(name.clone());
                if alive.contains(&name.as_str()) {
                    self.connected(&name);
                    break;
                }
                self.failed(&name);
            }
            tried
        }
    }

    #[test]
    fn the_first_connection_is_left_to_the_client_which_tries_all_at_once() {
        let mut known = Known::of(&["a", "b"], &[]);
        assert!(Turns::default().next(&known.0, 0).is_none());
        known.connected("a");
        assert!(Turns::default().next(&known.0, 0).is_some());
    }

    #[test]
    fn a_lost_connection_is_made_to_another_and_each_has_its_turn() {
        let (mut known, mut turns) = (Known::of(&["a", "b", "c"], &[]), Turns::default());
        known.connected("a");
        let all = ["a", "b", "c"];
        assert_eq!(known.reconnect(&mut turns, 0, &all), ["b"]);
        assert_eq!(known.reconnect(&mut turns, 0, &all), ["c"]);
        assert_eq!(known.reconnect(&mut turns, 0, &all), ["a"]);
        assert_eq!(known.reconnect(&mut turns, 0, &["c"]), ["b", "c"]);
    }

    #[test]
    fn addresses_that_only_the_servers_can_reach_cost_no_time() {
        let (mut known, mut turns) = (Known::of(&["good"], &["x", "y", "z"]), Turns::default());
        known.connected("good");
        for _ in 0..3 {
            assert_eq!(known.reconnect(&mut turns, 0, &["good"]), ["good"]);
        }
    }

    #[test]
    fn a_server_that_is_left_comes_after_all_others() {
        let (mut known, mut turns) = (Known::of(&["a", "b", "c"], &[]), Turns::default());
        known.connected("a");
        // Both others have failed before, so that nothing but the leaving speaks for them.
        known.failed("b");
        known.failed("c");
        assert_eq!(known.reconnect(&mut turns, 1, &["a", "c"]), ["b", "c"]);
        // A later loss is an ordinary one again.
        assert_eq!(known.reconnect(&mut turns, 1, &["a", "c"]), ["a"]);
        assert_eq!(known.reconnect(&mut turns, 2, &["a"]), ["c", "b", "a"]);
    }

    #[test]
    fn who_has_one_server_only_stays_with_it() {
        let (mut known, mut turns) = (Known::of(&["a"], &[]), Turns::default());
        known.connected("a");
        assert_eq!(known.reconnect(&mut turns, 1, &["a"]), ["a"]);
    }
}
