mod contract;
mod away;
mod local;

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use super::*;
use crate::clock::{Clock, SystemClock};

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
        (
            "s3://key:secret@bucket/dir",
            "the URL s3://… of the object store has credentials in it: set them in the environment",
        ),
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

async fn keys(store: &Objects, prefix: &str) -> Vec<String> {
    let listed = store.list(prefix, None).map_ok(|meta| meta.key);
    let mut keys: Vec<_> = listed.try_collect().await.unwrap();
    keys.sort();
    keys
}

async fn read(store: &Objects, key: &str, range: Option<std::ops::Range<u64>>) -> Vec<u8> {
    let stream = store.stream(key, range).await.unwrap();
    stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    writer::hex(&sha2::Sha256::digest(bytes))
}
