use super::super::testing::Postgres;
use super::*;

#[tokio::test]
async fn the_position_only_moves_forward_within_a_stream() {
    on_both(async |records| {
        let clock = clock();
        assert_eq!(records.position("JOB_EVENTS").await.unwrap(), None);
        let at = |created: i64, floor, high| Position {
            stream: "JOB_EVENTS".to_owned(),
            stream_created: Timestamp::from_micros(created),
            floor,
            high,
        };
        let after = async |position: Position| {
            records.apply_events(&position, &[], clock.now()).await.unwrap();
            records.position("JOB_EVENTS").await.unwrap().unwrap()
        };
        assert_eq!(after(at(1, 10, 50)).await, at(1, 10, 50));
        assert_eq!(after(at(1, 20, 40)).await, at(1, 20, 50));
        assert_eq!(after(at(1, 5, 60)).await, at(1, 20, 60));
        // The stream was made anew: it counts from 1 again.
        assert_eq!(after(at(2, 0, 3)).await, at(2, 0, 3));
    })
    .await;
}

#[tokio::test]
async fn a_refused_batch_leaves_neither_rows_nor_position() {
    on_both(async |records| {
        let clock = clock();
        let good = submitted(&clock);
        // Both engines refuse an event without a time only through the table's own rules, so break the table's key.
        let now = clock.now();
        records.apply_events(&at(1), std::slice::from_ref(&good), now).await.unwrap();
        let pool = records.writer().unwrap();
        let mut transaction = pool.begin_with(records.engine.begin()).await.unwrap();
        let broken = sqlx::query("INSERT INTO jobs SELECT * FROM jobs");
        let error = broken.execute(&mut *transaction).await.unwrap_err();
        drop(transaction);
        let error = super::super::RecordsError::from(error);
        assert!(matches!(error, super::super::RecordsError::Rejected(_)), "{error}");
        assert_eq!(records.position("JOB_EVENTS").await.unwrap().unwrap().high, 1);
    })
    .await;
}

#[tokio::test]
async fn a_reader_waits_for_its_keeper_and_never_writes() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/made/later/records.db", folder.path().display());
    let reader = Records::open_read(&url).unwrap();
    assert!(reader.check().await.unwrap_err().is_unavailable());

    let keeper = Records::open(&url).unwrap();
    let error = reader.check().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    keeper.migrate().await.unwrap();
    keeper.migrate().await.unwrap();
    reader.check().await.unwrap();

    let clock = clock();
    let event = submitted(&clock);
    let refused = reader.apply_events(&at(1), std::slice::from_ref(&event), clock.now()).await;
    assert!(refused.is_err());
    let written = sqlx::query("DELETE FROM jobs").execute(&reader.read).await;
    assert!(written.is_err(), "a reader's connection refuses to write by itself");
    keeper.apply_events(&at(1), std::slice::from_ref(&event), clock.now()).await.unwrap();
    assert!(reader.job(&tenant("acme"), event.job.id).await.unwrap().is_some());
}

#[tokio::test]
async fn postgres_may_go_away_and_come_back() {
    let records = testing::postgres().await;
    let clock = clock();
    records.apply_events(&at(1), &[submitted(&clock)], clock.now()).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'millrace' AND datname = current_database()";
    // As after a restart of the server: every connection is gone, the next call makes new ones.
    for _ in 0..3 {
        let _ = sqlx::query(cut).fetch_all(&records.read).await;
        records.apply_events(&at(2), &[submitted(&clock)], clock.now()).await.unwrap();
        records.check().await.unwrap();
    }
    let read_only = sqlx::query("DELETE FROM jobs").execute(&records.read).await;
    assert!(read_only.is_err());

    let nobody_there = Records::open("postgres://127.0.0.1:1/none?sslmode=disable").unwrap();
    let error = nobody_there.check().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(Postgres::shared().psql("SELECT 1").is_ok());
}
