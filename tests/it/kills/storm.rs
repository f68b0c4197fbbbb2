//! Everything dies, at random.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Audit, Client, Fleet, Load, Member, Promises, Receiver, Role};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::stubborn_fleet;

/// How many seconds processes are killed; TEST_STORM sets another number.
const STORM: u64 = 25;
/// What the schedule of kills follows from; TEST_SEED sets another one.
const SEED: u64 = 2026;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::test]
async fn whatever_is_killed_nothing_that_was_promised_is_lost() {
    let (seed, storm) = (setting("TEST_SEED", SEED), setting("TEST_STORM", STORM));
    println!("{storm} seconds, seed {seed}");
    let upstream = Upstream::start(&["tiny"]).await;
    let builder = stubborn_fleet().with(Role::Gateway, 2).with(Role::Worker, 3);
    let builder = builder.with(Role::Dispatcher, 2).with(Role::Keeper, 2).llm(&upstream.url());
    let mut fleet = builder.set("worker.diagnostic.slots", "4").start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let secret = fleet.client().webhook_secret().await;

    let until = Instant::now() + Duration::from_secs(storm);
    let mut callers = JoinSet::new();
    for (number, gateway) in fleet.all(Role::Gateway).into_iter().enumerate() {
        let (client, promises) = (fleet.client_at(gateway), audit.promises.clone());
        let random = StdRng::seed_from_u64(seed + number as u64);
        let load = Load::new(&receiver.url());
        callers.spawn(submit(client.clone(), load, promises, random, until));
        callers.spawn(chat(client, until));
    }
    kill(&mut fleet, StdRng::seed_from_u64(seed), until).await;
    callers.join_all().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    println!("{} promises, {settled:?}", audit.promises.jobs().len());
    assert!(settled.states.values().sum::<usize>() > 50, "{settled:?}");
}

/// Kills one after the other, and starts each again after a while.
async fn kill(fleet: &mut Fleet, mut random: StdRng, until: Instant) {
    let members: Vec<Member> = [Role::Gateway, Role::Worker, Role::Dispatcher, Role::Keeper]
        .into_iter()
        .flat_map(|role| fleet.all(role))
        .collect();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..900))).await;
        let away = Duration::from_millis(random.random_range(0..700));
        // One more than there are processes: the broker.
        match members.get(random.random_range(0..=members.len())) {
            Some(victim) => {
                fleet.kill(*victim);
                tokio::time::sleep(away).await;
                fleet.start_again(*victim).await;
            }
            None => fleet.nats_away_for(away).await,
        }
    }
}

/// Submits jobs of all kinds, and cancels some.
async fn submit(
    client: Client,
    mut load: Load,
    promises: Promises,
    mut random: StdRng,
    until: Instant,
) {
    while Instant::now() < until {
        load.submit(&client, &promises).await;
        if random.random_range(0..6) == 0 {
            cancel(&client, &mut load, &promises).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(20..150))).await;
    }
}

async fn cancel(client: &Client, load: &mut Load, promises: &Promises) {
    let Some(job) = load.submit(client, promises).await else { return };
    let path = format!("/v1/jobs/{}/cancel", job.id);
    let Ok(answer) = client.post(&path).try_send().await else { return };
    if answer.status == 200 {
        promises.told(&answer.job(200));
    }
}

/// Calls that wait for their answer: they may fail, but an answer is the right one and a failure says so.
async fn chat(client: Client, until: Instant) {
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]});
    while Instant::now() < until {
        let call = client.post("/v1/chat/completions").json(&body).try_send();
        let Ok(Ok(answer)) = tokio::time::timeout_at(until, call).await else { continue };
        if answer.status == 200 {
            let content = &answer.expect(200)["choices"][0]["message"]["content"];
            assert_eq!(content, "Hello from the scripted upstream.");
        } else {
            assert!(answer.status.as_u16() >= 404, "{}", answer.text());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
