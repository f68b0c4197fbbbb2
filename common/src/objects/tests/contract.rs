//! What every store keeps to: a local directory, the memory, and servers that speak the protocols of the clouds.

use futures::StreamExt;

use super::*;
use crate::objects::testing::{Cloud, StoreServer};

#[tokio::test]
async fn the_memory_keeps_the_contract() {
    every_clause(|_| Objects::open("memory:///").unwrap()).await;
}

#[tokio::test]
async fn a_local_directory_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    every_clause(|clause| {
        let url = url::Url::from_directory_path(dir.path().join(clause)).unwrap();
        Objects::open(url.as_str()).unwrap()
    })
    .await;
}

#[tokio::test]
async fn s3_keeps_the_contract() {
    let server = StoreServer::start(Cloud::S3).await;
    every_clause(|clause| server.open(clause)).await;
    assert_eq!(server.unfinished_uploads(), 0);
}

#[tokio::test]
async fn azure_keeps_the_contract() {
    let server = StoreServer::start(Cloud::Azure).await;
    every_clause(|clause| server.open(clause)).await;
}

/// A list comes in pages, and so does the removal of what it found.
#[tokio::test]
async fn more_objects_than_a_page_holds_are_listed_and_removed() {
    for cloud in [Cloud::S3, Cloud::Azure] {
        let server = StoreServer::start(cloud).await;
        let store = server.open("many");
        futures::stream::iter(0..1_100)
            .for_each_concurrent(16, async |number| {
                store.put(&format!("jobs/{number}"), "x").await.unwrap();
            })
            .await;
        assert_eq!(keys(&store, "jobs").await.len(), 1_100);
        assert_eq!(store.delete_prefix("jobs").await.unwrap(), 1_100);
        assert!(keys(&store, "").await.is_empty());
    }
}

/// Each clause has a store for itself, by its name.
async fn every_clause(store: impl Fn(&str) -> Objects) {
    what_is_put_is_read_listed_and_removed(store("put")).await;
    a_second_writer_finds_the_first_ones_object(store("new")).await;
    an_object_over_the_limit_is_not_read(store("limit")).await;
    a_part_of_an_object_can_be_streamed(store("part")).await;
    a_streamed_upload_is_whole_hashed_and_visible_only_at_the_end(store("streamed")).await;
    a_small_upload_has_the_known_hash(store("hash")).await;
    an_upload_that_is_given_up_leaves_nothing(store("given-up")).await;
    a_file_goes_up_and_comes_down(store("file")).await;
    a_prefix_is_removed_in_whole_segments(store("prefix")).await;
    a_list_can_be_bounded_by_age(store("age")).await;
    keys_can_not_leave_the_store(store("keys")).await;
    escaped_names_survive(store("names")).await;
    a_store_that_serves_is_healthy_and_stays_empty(store("health")).await;
}

async fn what_is_put_is_read_listed_and_removed(store: Objects) {
    store.put("jobs/1/input", "hello").await.unwrap();
    store.put("jobs/1/input", "hello again").await.unwrap();
    assert_eq!(store.get("jobs/1/input").await.unwrap(), "hello again");
    let meta = store.head("jobs/1/input").await.unwrap();
    assert_eq!((meta.key.as_str(), meta.bytes), ("jobs/1/input", 11));
    assert!(meta.etag.is_some());
    assert!(SystemClock.now().since(meta.modified) < Duration::from_mins(1));
    assert_eq!(keys(&store, "jobs").await, ["jobs/1/input"]);
    store.delete("jobs/1/input").await.unwrap();
    store.delete("jobs/1/input").await.unwrap();
    let gone = store.get("jobs/1/input").await.unwrap_err();
    assert!(matches!(gone, ObjectError::NotFound(key) if key == "jobs/1/input"));
}

async fn a_second_writer_finds_the_first_ones_object(store: Objects) {
    assert!(store.put_new("a", "first").await.unwrap());
    assert!(!store.put_new("a", "second").await.unwrap());
    assert_eq!(store.get("a").await.unwrap(), "first");
}

async fn an_object_over_the_limit_is_not_read(store: Objects) {
    store.put("a", "12345").await.unwrap();
    assert_eq!(store.get_capped("a", 5).await.unwrap(), "12345");
    let error = store.get_capped("a", 4).await.unwrap_err();
    assert!(matches!(error, ObjectError::TooLarge { limit: 4 }));
}

async fn a_part_of_an_object_can_be_streamed(store: Objects) {
    let body: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    store.put("a", body.clone()).await.unwrap();
    assert_eq!(read(&store, "a", None).await, body);
    assert_eq!(read(&store, "a", Some(300_000..900_001)).await, body[300_000..900_001]);
    assert_eq!(read(&store, "a", Some(999_999..2_000_000)).await, body[999_999..]);
    assert!(store.stream("a", Some(1_000_000..1_000_001)).await.is_err());
    assert!(matches!(store.stream("b", None).await.err(), Some(ObjectError::NotFound(_))));
}

async fn a_streamed_upload_is_whole_hashed_and_visible_only_at_the_end(store: Objects) {
    // Larger than one part, in pieces that do not fit its size.
    let pieces: Vec<Vec<u8>> = (0..20).map(|number| vec![number; 999_983]).collect();
    let mut writer = store.writer("files/a/1/content", u64::MAX).unwrap();
    for piece in &pieces {
        writer.write(piece).await.unwrap();
    }
    assert_eq!(writer.bytes(), 20 * 999_983);
    assert!(keys(&store, "files").await.is_empty());
    let stored = writer.finish().await.unwrap();
    assert_eq!(stored.bytes, 20 * 999_983);
    let written = read(&store, "files/a/1/content", None).await;
    assert!(written == pieces.concat());
    assert_eq!(stored.sha256, sha256(&written));
}

async fn a_small_upload_has_the_known_hash(store: Objects) {
    let mut writer = store.writer("a", 3).unwrap();
    writer.write("abc").await.unwrap();
    let stored = writer.finish().await.unwrap();
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(stored, Stored { bytes: 3, sha256: known.to_owned() });
    let empty = store.writer("b", 3).unwrap().finish().await.unwrap();
    assert_eq!(empty.bytes, 0);
    assert_eq!(store.get("b").await.unwrap(), "");
}

async fn a_prefix_is_removed_in_whole_segments(store: Objects) {
    for key in ["jobs/1/a", "jobs/1/b/c", "jobs/12/a", "files/1"] {
        store.put(key, "x").await.unwrap();
    }
    assert_eq!(store.delete_prefix("jobs/1").await.unwrap(), 2);
    assert_eq!(store.delete_prefix("jobs/1").await.unwrap(), 0);
    assert_eq!(keys(&store, "").await, ["files/1", "jobs/12/a"]);
    assert!(store.delete_prefix("").await.is_err());
    assert!(store.delete_prefix("/").await.is_err());
}

async fn a_list_can_be_bounded_by_age(store: Objects) {
    store.put("a", "x").await.unwrap();
    let now = SystemClock.now();
    let hour = Duration::from_hours(1);
    let older: Vec<_> = store.list("", Some(now.minus(hour))).try_collect().await.unwrap();
    assert_eq!(older, []);
    let all: Vec<_> = store.list("", Some(now.plus(hour))).try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
}

async fn keys_can_not_leave_the_store(store: Objects) {
    for key in ["../a", "a/../b", "a//b", "."] {
        assert!(matches!(store.put(key, "x").await, Err(ObjectError::BadKey(_))), "{key}");
        assert!(matches!(store.writer(key, 1), Err(ObjectError::BadKey(_))), "{key}");
    }
}

/// Over its limit, or on purpose, in the middle of its parts; the object that was there before stays.
async fn an_upload_that_is_given_up_leaves_nothing(store: Objects) {
    let piece = vec![7_u8; 9 << 20];
    store.put("files/a/2/content", "before").await.unwrap();
    let mut writer = store.writer("files/a/1/content", 10 << 20).unwrap();
    writer.write(&piece).await.unwrap();
    let error = writer.write(&piece).await.unwrap_err();
    assert!(matches!(error, ObjectError::TooLarge { limit } if limit == 10 << 20), "{error}");
    assert!(writer.write("more").await.is_err());
    assert!(writer.finish().await.is_err());

    let mut writer = store.writer("files/a/2/content", u64::MAX).unwrap();
    writer.write(&piece).await.unwrap();
    writer.write(&piece).await.unwrap();
    writer.abort().await;
    assert_eq!(keys(&store, "").await, ["files/a/2/content"]);
    assert_eq!(store.get("files/a/2/content").await.unwrap(), "before");
}

async fn a_file_goes_up_and_comes_down(store: Objects) {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    std::fs::write(&from, vec![3; 9_000_000]).unwrap();
    let stored = store.upload("jobs/1/2/output.mp4", &from).await.unwrap();
    assert_eq!(stored.bytes, 9_000_000);
    assert_eq!(store.download("jobs/1/2/output.mp4", &to).await.unwrap(), 9_000_000);
    assert_eq!(stored.sha256, sha256(&std::fs::read(&to).unwrap()));
    let gone = store.download("nothing", &dir.path().join("gone")).await.unwrap_err();
    assert!(matches!(gone, ObjectError::NotFound(_)), "{gone}");
    assert!(!dir.path().join("gone").exists());
}

async fn escaped_names_survive(store: Objects) {
    let run = RunKey {
        job: crate::job::JobId::from_uuid(uuid::Uuid::nil()),
        run: crate::job::RunId::from_uuid(uuid::Uuid::nil()),
    };
    for name in ["a b.png", "ü%2F.png", "a/b", "x#1", "?q", "a+b&c=d"] {
        let key = run.artifact(name);
        store.put(&key, "x").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap(), "x", "{name}");
        assert_eq!(keys(&store, &run.prefix()).await, std::slice::from_ref(&key));
        store.delete(&key).await.unwrap();
    }
}

async fn a_store_that_serves_is_healthy_and_stays_empty(store: Objects) {
    store.check().await.unwrap();
    store.check_write(&SystemClock).await.unwrap();
    assert!(keys(&store, "").await.is_empty());
}
