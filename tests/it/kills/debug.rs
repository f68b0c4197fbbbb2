use async_nats::jetstream;
use futures::{StreamExt, TryStreamExt};
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use tests::{Fleet, Role};

#[tokio::test]
async fn dbg() {
    let mut fleet = Fleet::builder()
        .with(Role::Worker, 3)
        .set("worker.diagnostic.slots", "4")
        .set("keeper.repair_grace", "20s")
        .start()
        .await;
    let client = fleet.client();
    let url = fleet.nats.url();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let c = async_nats::connect(&url).await.unwrap();
        let mut sub = c.subscribe(">").await.unwrap();
        let begun = std::time::Instant::now();
        let mut f = std::io::BufWriter::new(std::fs::File::create("/tmp/i/wire.log").unwrap());
        use std::io::Write;
        while let Some(m) = sub.next().await {
            if m.subject.starts_with("_INBOX") && !m.payload.is_empty() && m.payload.len() > 3000 {
                continue;
            }
            let p = String::from_utf8_lossy(&m.payload);
            let h = m.headers.map(|h| format!("{h:?}")).unwrap_or_default();
            let _ = writeln!(
                f,
                "{:.4} {} {} {} {}",
                begun.elapsed().as_secs_f64(),
                m.subject,
                m.reply.map(|r| r.to_string()).unwrap_or_default(),
                &p[..p.len().min(300)],
                h
            );
            let _ = f.flush();
        }
    });
    let url = fleet.nats.url();
    tasks.spawn(async move {
        let js = jetstream::new(async_nats::connect(&url).await.unwrap());
        let begun = std::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let stream = js.get_stream("JOBS_diagnostic").await.unwrap();
            let consumers: Vec<_> = stream.consumers().try_collect().await.unwrap();
            for info in consumers {
                let settled = if info.num_ack_pending == 0 {
                    info.delivered.stream_sequence
                } else {
                    info.ack_floor.stream_sequence
                };
                {
                    let filter = info.config.filter_subject.clone();
                    if let Ok(m) = stream.get_first_raw_message_by_subject(filter.as_str(), 1).await
                        && m.sequence <= settled
                    {
                        println!("pend {} ackpend {}", info.num_pending, info.num_ack_pending);
                        println!(
                            "{:.3} STUCK? {} seq {} {} delivered {:?} floor {:?} redelivered {}",
                            begun.elapsed().as_secs_f64(),
                            info.name,
                            m.sequence,
                            m.subject,
                            info.delivered,
                            info.ack_floor,
                            info.num_redelivered
                        );
                    }
                }
            }
        }
    });
    let mut load = tests::Load::new("");
    let mut random = rand::rngs::StdRng::seed_from_u64(4);
    let workers = fleet.all(Role::Worker);
    for n in 0..25 {
        for _ in 0..12 {
            let mut job = load.job();
            job.as_object_mut().unwrap().remove("webhook");
            client.submit_job(job).await;
        }
        let w = workers[random.random_range(0..3)];
        fleet.kill(w);
        println!("kill {n} {}", fleet.worker_id(w));
        tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
        fleet.start_again(w).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..500))).await;
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    tasks.abort_all();
    fleet.leaves_messages();
}
