use super::super::RecordsError;
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

/// No honest event is refused, so the table is taught to refuse one.
#[tokio::test]
async fn a_refused_batch_leaves_neither_rows_nor_position() {
    on_both(async |records| {
        let lesson = match records.engine_name() {
            "SQLite" => {
                "CREATE TRIGGER refuse BEFORE INSERT ON jobs WHEN NEW.lane = 'bulk' \
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
            _ => "ALTER TABLE jobs ADD CONSTRAINT refuse CHECK (lane <> 'bulk')",
        };
        testing::run(&records, lesson).await;
        let clock = clock();
        let good = submitted(&clock);
        let bad = submitted_by("acme", &clock, |job| job.lane = Lane::Bulk);
        let refused = records.apply_events(&at(2), &[good.clone(), bad], clock.now()).await;
        assert!(matches!(refused, Err(RecordsError::Rejected(_))), "{refused:?}");
        assert_eq!(records.position("JOB_EVENTS").await.unwrap(), None);
        assert_eq!(records.has_content(good.job.id).await.unwrap(), None);
        // The connection is fit for the next batch.
        records.apply_events(&at(2), &[good], clock.now()).await.unwrap();
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

/// What is acked after a commit must survive a power failure.
#[tokio::test]
async fn sqlite_is_set_up_to_keep_what_it_commits() {
    use sqlx::Row as _;

    let (records, _folder) = testing::sqlite().await;
    let pool = records.writer().unwrap();
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
    assert_eq!(mode.get::<String, _>(0), "wal");
    let synchronous = sqlx::query("PRAGMA synchronous").fetch_one(pool).await.unwrap();
    assert_eq!(synchronous.get::<i64, _>(0), 2);
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
