use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use super::*;
use crate::clock::{Clock, SystemClock};

/// A local directory and the memory behave alike.
fn stores() -> (tempfile::TempDir, [Objects; 2]) {
    let (dir, local) = local();
    (dir, [local, Objects::open("memory:///").unwrap()])
}

fn local() -> (tempfile::TempDir, Objects) {
    let dir = tempfile::tempdir().unwrap();
    let url = url::Url::from_directory_path(dir.path().join("objects")).unwrap();
    let local = Objects::open(url.as_str()).unwrap();
    (dir, local)
}

async fn keys(store: &Objects, prefix: &str) -> Vec<String> {
    let listed = store.list(prefix, None).map_ok(|meta| meta.key);
    let mut keys: Vec<_> = listed.try_collect().await.unwrap();
    keys.sort();
    keys
}

async fn read(store: &Objects, key: &str, range: Option<std::ops::Range<u64>>) -> Vec<u8> {
    let (_, stream) = store.stream(key, range).await.unwrap();
    stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[tokio::test]
async fn what_is_put_is_read_listed_and_removed() {
    let (_dir, stores) = stores();
    for store in stores {
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
}

#[tokio::test]
async fn a_second_writer_finds_the_first_ones_object() {
    let (_dir, stores) = stores();
    for store in stores {
        assert!(store.put_new("a", "first").await.unwrap());
        assert!(!store.put_new("a", "second").await.unwrap());
        assert_eq!(store.get("a").await.unwrap(), "first");
    }
}

#[tokio::test]
async fn an_object_over_the_limit_is_not_read() {
    let (_dir, stores) = stores();
    for store in stores {
        store.put("a", "12345").await.unwrap();
        assert_eq!(store.get_capped("a", 5).await.unwrap(), "12345");
        let error = store.get_capped("a", 4).await.unwrap_err();
        assert!(matches!(error, ObjectError::TooLarge { limit: 4 }));
    }
}

#[tokio::test]
async fn a_part_of_an_object_can_be_streamed() {
    let (_dir, stores) = stores();
    let body: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for store in stores {
        store.put("a", body.clone()).await.unwrap();
        assert_eq!(read(&store, "a", None).await, body);
        assert_eq!(read(&store, "a", Some(300_000..900_001)).await, body[300_000..900_001]);
        assert_eq!(read(&store, "a", Some(999_999..2_000_000)).await, body[999_999..]);
        assert!(store.stream("a", Some(1_000_000..1_000_001)).await.is_err());
        let (meta, _) = store.stream("a", Some(0..1)).await.unwrap();
        assert_eq!(meta.bytes, 1_000_000);
        assert!(matches!(store.stream("b", None).await, Err(ObjectError::NotFound(_))));
    }
}

#[tokio::test]
async fn a_streamed_upload_is_whole_hashed_and_visible_only_at_the_end() {
    let (_dir, stores) = stores();
    // Larger than one part, in pieces that do not fit its size.
    let piece = vec![7_u8; 999_983];
    for store in stores {
        let mut writer = store.writer("files/a/1/content", u64::MAX).unwrap();
        for _ in 0..20 {
            writer.write(&piece).await.unwrap();
        }
        assert_eq!(writer.bytes(), 20 * 999_983);
        assert!(keys(&store, "files").await.is_empty());
        let stored = writer.finish().await.unwrap();
        assert_eq!(stored.bytes, 20 * 999_983);
        let written = read(&store, "files/a/1/content", None).await;
        assert_eq!(written.len(), 20 * 999_983);
        assert_eq!(stored.sha256, sha256(&written));
    }
}

#[tokio::test]
async fn a_small_upload_has_the_known_hash() {
    let (_dir, stores) = stores();
    for store in stores {
        let mut writer = store.writer("a", 3).unwrap();
        writer.write("abc").await.unwrap();
        let stored = writer.finish().await.unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(stored, Stored { bytes: 3, sha256: known.to_owned() });
        let empty = store.writer("b", 3).unwrap().finish().await.unwrap();
        assert_eq!(empty.bytes, 0);
        assert_eq!(store.get("b").await.unwrap(), "");
    }
}

#[tokio::test]
async fn an_upload_over_the_limit_leaves_nothing() {
    let (dir, local) = local();
    let piece = vec![7_u8; 9 << 20];
    let mut writer = local.writer("files/a/1/content", 10 << 20).unwrap();
    writer.write(&piece).await.unwrap();
    let error = writer.write(&piece).await.unwrap_err();
    assert!(matches!(error, ObjectError::TooLarge { limit } if limit == 10 << 20));
    assert!(writer.write("more").await.is_err());
    assert!(writer.finish().await.is_err());
    assert_eq!(files_below(dir.path()), 0);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let (dir, local) = local();
    let mut writer = local.writer("a/b", u64::MAX).unwrap();
    writer.write(vec![7_u8; 9 << 20]).await.unwrap();
    assert_eq!(files_below(dir.path()), 1);
    writer.abort().await;
    assert_eq!(files_below(dir.path()), 0);
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let (dir, local) = local();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    std::fs::write(&from, vec![3; 3_000_000]).unwrap();
    let stored = local.upload("jobs/1/2/output.mp4", &from).await.unwrap();
    assert_eq!(stored.bytes, 3_000_000);
    assert_eq!(stored.sha256, sha256(&std::fs::read(&from).unwrap()));
    assert_eq!(local.download("jobs/1/2/output.mp4", &to).await.unwrap(), 3_000_000);
    assert_eq!(std::fs::read(&to).unwrap(), std::fs::read(&from).unwrap());

    let again = local.download("jobs/1/2/output.mp4", &to).await.unwrap_err();
    assert!(matches!(again, ObjectError::Local(_)), "{again}");
    let missing = local.upload("a", &dir.path().join("missing")).await.unwrap_err();
    assert!(matches!(missing, ObjectError::Local(_)), "{missing}");
    let gone = local.download("nothing", &dir.path().join("gone")).await.unwrap_err();
    assert!(matches!(gone, ObjectError::NotFound(_)), "{gone}");
    assert!(!dir.path().join("gone").exists());
}

#[tokio::test]
async fn a_prefix_is_removed_in_whole_segments() {
    let (_dir, stores) = stores();
    for store in stores {
        for key in ["jobs/1/a", "jobs/1/b/c", "jobs/12/a", "files/1"] {
            store.put(key, "x").await.unwrap();
        }
        assert_eq!(store.delete_prefix("jobs/1").await.unwrap(), 2);
        assert_eq!(store.delete_prefix("jobs/1").await.unwrap(), 0);
        assert_eq!(keys(&store, "").await, ["files/1", "jobs/12/a"]);
        assert!(store.delete_prefix("").await.is_err());
        assert!(store.delete_prefix("/").await.is_err());
    }
}

#[tokio::test]
async fn a_list_can_be_bounded_by_age() {
    let (_dir, stores) = stores();
    for store in stores {
        store.put("a", "x").await.unwrap();
        let now = SystemClock.now();
        let hour = Duration::from_hours(1);
        let older: Vec<_> = store.list("", Some(now.minus(hour))).try_collect().await.unwrap();
        assert_eq!(older, []);
        let all: Vec<_> = store.list("", Some(now.plus(hour))).try_collect().await.unwrap();
        assert_eq!(all.len(), 1);
    }
}

#[tokio::test]
async fn keys_can_not_leave_the_store() {
    let (_dir, stores) = stores();
    for store in stores {
        for key in ["../a", "a/../b", "a//b", "."] {
            assert!(matches!(store.put(key, "x").await, Err(ObjectError::BadKey(_))), "{key}");
            assert!(matches!(store.writer(key, 1), Err(ObjectError::BadKey(_))), "{key}");
        }
    }
}

#[tokio::test]
async fn escaped_names_survive_a_local_directory() {
    let (_dir, local) = local();
    let run = RunKey {
        job: crate::job::JobId::from_uuid(uuid::Uuid::nil()),
        run: crate::job::RunId::from_uuid(uuid::Uuid::nil()),
    };
    for name in ["a b.png", "ü%2F.png", "a/b", "x#1", "?q"] {
        let key = run.artifact(name);
        local.put(&key, "x").await.unwrap();
        assert_eq!(local.get(&key).await.unwrap(), "x", "{name}");
        assert_eq!(keys(&local, &run.prefix()).await, std::slice::from_ref(&key));
        local.delete(&key).await.unwrap();
    }
}

#[tokio::test]
async fn health_is_told() {
    let (dir, local) = local();
    local.check().await.unwrap();
    local.check_write(&SystemClock).await.unwrap();
    assert!(keys(&local, "").await.is_empty());
    std::fs::remove_dir_all(dir.path().join("objects")).unwrap();
    assert!(local.check().await.is_err());
    Objects::in_memory().check().await.unwrap();
}

#[tokio::test]
async fn leftovers_of_a_crash_are_swept() {
    let (dir, local) = local();
    local.put("jobs/1/result", "x").await.unwrap();
    let left = dir.path().join("objects/jobs/1/output.mp4#1");
    std::fs::write(&left, "half").unwrap();
    assert_eq!(keys(&local, "").await, ["jobs/1/result"]);
    assert_eq!(local.remove_leftovers(Duration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(local.remove_leftovers(Duration::ZERO).await.unwrap(), 1);
    assert!(!left.exists());
    assert_eq!(keys(&local, "").await, ["jobs/1/result"]);
    assert_eq!(Objects::in_memory().remove_leftovers(Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_falls_silent_is_given_up() {
    let error = bounded::<()>("a", 0, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ObjectError::Unavailable(_)), "{error}");
    let started = tokio::time::Instant::now();
    bounded::<()>("a", 10 << 20, std::future::pending()).await.unwrap_err();
    assert_eq!(started.elapsed(), CALL_TIMEOUT + 10 * TIME_PER_MIB);
}

#[test]
fn an_unusable_store_is_told_in_one_line() {
    for (url, text) in [
        ("objects", "'objects' is not a URL: relative URL without a base"),
        ("ftp://host/dir", "'ftp' is no object store: use file, memory, s3, gs or az"),
        ("file://host/dir", "'file://host/dir' names no directory: use file:///absolute/path"),
    ] {
        assert_eq!(Objects::open(url).unwrap_err().to_string(), text);
    }
    let error = Objects::open("file:///dev/null/objects").unwrap_err().to_string();
    assert!(error.starts_with("the object directory /dev/null/objects can not be used"), "{error}");
}

#[tokio::test]
async fn the_clouds_can_be_opened_without_asking_them() {
    crate::telemetry::install_crypto();
    for url in ["s3://bucket", "s3://bucket/some/prefix", "gs://bucket"] {
        assert_eq!(Objects::open(url).unwrap().place(), url);
    }
}

fn files_below(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    super::writer::hex(&sha2::Sha256::digest(bytes))
}
