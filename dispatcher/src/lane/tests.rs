use std::sync::Arc;
use std::time::Duration;

use common::clock::{Clock, ManualClock, SharedClock, Timestamp};
use url::Url;

use super::{Admission, Busy, Destination, Grant, LaneLimits, Lanes, Permit, PutBack, Waiting};

struct Room {
    lanes: Arc<Lanes>,
    clock: Arc<ManualClock>,
}

impl Room {
    fn new(concurrency: usize, per_destination: usize, waiting_bytes: usize) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000)));
        let limits = LaneLimits { concurrency, per_destination, waiting_bytes };
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        Self { lanes: Arc::new(Lanes::new(limits, shared)), clock }
    }

    fn enter(&self, host: &str) -> Admission {
        self.lanes.enter(&destination(host), 1)
    }

    fn go(&self, host: &str) -> Permit {
        match self.enter(host) {
            Admission::Go(permit) => permit,
            _ => panic!("{host} has room"),
        }
    }

    fn wait(&self, host: &str) -> Waiting {
        match self.enter(host) {
            Admission::Wait(waiting) => waiting,
            _ => panic!("{host} has room on its wait list"),
        }
    }

    fn put_back(&self, host: &str) -> PutBack {
        match self.enter(host) {
            Admission::PutBack(put_back) => put_back,
            _ => panic!("{host} is busy"),
        }
    }

    fn fail(&self, host: &str, times: usize) {
        for _ in 0..times {
            self.go(host).note(false, Duration::from_secs(15));
        }
    }
}

fn destination(host: &str) -> Destination {
    let url = Url::parse(&format!("https://{host}.example")).unwrap();
    Destination::new(&"acme".parse().unwrap(), &url)
}

#[tokio::test]
async fn a_lane_has_its_limit_and_the_next_in_line_goes_when_one_ends() {
    let room = Room::new(100, 2, 1 << 20);
    let (first, _second) = (room.go("a"), room.go("a"));
    let waiting = room.wait("a");
    let _other = room.go("b");
    drop(first);
    assert!(matches!(waiting.granted().await, Grant::Go(_)));
}

#[tokio::test]
async fn many_slow_destinations_leave_room_for_another() {
    let room = Room::new(256, 10, 1 << 24);
    for number in 0..100 {
        room.go(&format!("slow{number}")).note(true, Duration::from_secs(14));
    }
    let held: Vec<_> = (0..2_000)
        .filter_map(|number| match room.enter(&format!("slow{}", number % 100)) {
            Admission::Go(permit) => Some(permit),
            Admission::Wait(_) | Admission::PutBack(_) => None,
        })
        .collect();
    assert_eq!((held.len(), room.lanes.free()), (192, 64));
    room.go("well").note(true, Duration::from_millis(5));
    let _more: Vec<_> = (0..10).map(|_| room.go("well")).collect();
}

#[tokio::test]
async fn a_lane_begins_with_few_tries() {
    let room = Room::new(256, 10, 1 << 24);
    let mut first = room.go("a");
    let _second = room.go("a");
    let waiting = room.wait("a");
    first.note(true, Duration::from_millis(5));
    drop(first);
    let Grant::Go(_third) = waiting.granted().await else { panic!("there is room") };
    let _others: Vec<_> = (0..8).map(|_| room.go("a")).collect();
    let _place = room.wait("a");
}

#[tokio::test]
async fn one_destination_can_not_fill_the_wait_list() {
    let room = Room::new(100, 1, 1 << 20);
    let _running = room.go("a");
    let mut waiting = Vec::new();
    let put_back = loop {
        match room.enter("a") {
            Admission::Wait(place) => waiting.push(place),
            Admission::PutBack(put_back) => break put_back,
            Admission::Go(_) => panic!("the lane is busy"),
        }
    };
    assert_eq!(put_back.busy, Busy::Full);
    assert!(waiting.len() * 16 * 1024 <= (1 << 20) / 2);
    let _other = room.go("b");
    let _place = room.wait("b");
}

#[tokio::test]
async fn waiters_of_different_lanes_take_turns() {
    let room = Room::new(1, 1, 1 << 20);
    let running = room.go("x");
    let (first_a, second_a, first_b) = (room.wait("a"), room.wait("a"), room.wait("b"));
    drop(running);
    let Grant::Go(permit) = first_a.granted().await else { panic!("a is first") };
    drop(permit);
    let Grant::Go(permit) = first_b.granted().await else { panic!("then b") };
    drop(permit);
    assert!(matches!(second_a.granted().await, Grant::Go(_)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_has_an_end() {
    let room = Room::new(100, 1, 1 << 20);
    let _running = room.go("a");
    let waiting = room.wait("a");
    assert!(matches!(waiting.granted().await, Grant::PutBack(PutBack { busy: Busy::Full, .. })));
    assert_eq!(room.lanes.figures().waiting, 0);
}

#[tokio::test]
async fn a_wait_that_is_given_up_frees_its_place_and_its_room() {
    let room = Room::new(100, 1, 1 << 20);
    let running = room.go("a");
    drop(room.wait("a"));
    let granted_but_dropped = room.wait("a");
    drop(running);
    drop(granted_but_dropped);
    assert_eq!((room.lanes.figures().running, room.lanes.figures().waiting), (0, 0));
    let _permit = room.go("a");
}

#[tokio::test]
async fn an_open_breaker_puts_its_lane_back_and_no_other() {
    let room = Room::new(100, 10, 1 << 20);
    room.fail("dead", 9);
    let mut running: Vec<_> = (0..10).map(|_| room.go("dead")).collect();
    let waiting = room.wait("dead");
    running[0].note(false, Duration::from_secs(15));
    assert!(matches!(waiting.granted().await, Grant::PutBack(PutBack { busy: Busy::Broken, .. })));
    let put_back = room.put_back("dead");
    assert_eq!(put_back.busy, Busy::Broken);
    assert!(put_back.delay >= Duration::from_secs(15));
    assert_eq!(room.lanes.figures().open_breakers, 1);
    let _other = room.go("well");
}

#[tokio::test]
async fn a_probe_that_goes_well_opens_the_lane_again() {
    let room = Room::new(100, 10, 1 << 20);
    room.fail("a", 10);
    room.clock.advance(Duration::from_secs(15));
    drop(room.go("a"));
    let mut probe = room.go("a");
    assert_eq!(room.put_back("a").busy, Busy::Broken, "one probe at a time");
    probe.note(true, Duration::from_millis(10));
    let _next = room.go("a");
}

#[tokio::test]
async fn put_back_deliveries_return_at_the_rate_of_the_lane() {
    let room = Room::new(100, 10, 1 << 20);
    room.fail("a", 10);
    let delays: Vec<_> = (0..2_000).map(|_| room.put_back("a").delay).collect();
    let (least, most) = (Duration::from_secs(15), Duration::from_secs(75));
    assert!(delays.iter().all(|delay| (least..=most).contains(delay)));
    assert!(delays[1] > delays[0]);
    let spread = delays.iter().filter(|delay| **delay > Duration::from_secs(45)).count();
    assert!(spread > 500, "{spread}");
}

#[tokio::test]
async fn a_large_backlog_returns_slowly() {
    let room = Room::new(100, 10, 1 << 20);
    room.fail("a", 10);
    for _ in 0..100_000 {
        room.put_back("a");
    }
    let far = (0..1_000).filter(|_| room.put_back("a").delay > Duration::from_mins(5)).count();
    assert!(far > 500, "{far}");
    room.clock.advance(Duration::from_hours(2));
    drop(room.go("a"));
    room.lanes.put_back(&destination("a"), Busy::Full);
    assert!(room.lanes.put_back(&destination("a"), Busy::Full).delay < Duration::from_secs(5));
}

#[tokio::test]
async fn lanes_that_are_not_used_are_forgotten() {
    let room = Room::new(100, 10, 1 << 20);
    for number in 0..1_024 {
        drop(room.go(&format!("a{number}")));
    }
    room.clock.advance(Duration::from_mins(2));
    let _last = room.go("b");
    assert_eq!(room.lanes.figures().lanes, 1);
    assert!(room.clock.now().as_secs() > 0);
}
