//! Stores that refuse, are not there, or say nothing.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Instant;

use super::*;
use crate::objects::testing::{Cloud, StoreServer, WRONG_SECRETS};

const CLOUDS: [Cloud; 2] = [Cloud::S3, Cloud::Azure];

/// What a store says about itself, once for every kind of call.
async fn complaints(store: &Objects) -> Vec<String> {
    let errors = [
        store.check().await.unwrap_err(),
        store.check_write(&SystemClock).await.unwrap_err(),
        store.put("a", "x").await.unwrap_err(),
        store.get("a").await.unwrap_err(),
        store.delete("a").await.unwrap_err(),
        store.delete_prefix("a").await.unwrap_err(),
        store.list("a", None).try_collect::<Vec<_>>().await.unwrap_err(),
    ];
    for error in &errors {
        assert!(matches!(error, ObjectError::Unavailable(_)), "{error}");
    }
    errors.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn wrong_credentials_are_told_in_a_sentence_without_them() {
    for cloud in CLOUDS {
        let server = StoreServer::start(cloud).await;
        let store = Objects::open_with(&server.url(), &server.wrong_credentials()).unwrap();
        for complaint in complaints(&store).await {
            assert!(
                complaint.contains(" the credentials") && complaint.contains("(403 "),
                "{complaint}"
            );
            assert!(!complaint.contains('\n') && complaint.len() < 120, "{complaint}");
            assert!(WRONG_SECRETS.iter().all(|secret| !complaint.contains(secret)), "{complaint}");
        }
    }
}

/// A missing bucket must not look like a store in which everything is missing.
#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    for cloud in CLOUDS {
        let server = StoreServer::start(cloud).await;
        let url = server.url().replace("objects", "nonesuch");
        let store = Objects::open_with(&url, server.environment()).unwrap();
        for complaint in complaints(&store).await {
            assert!(complaint.contains("there is no such bucket or container"), "{complaint}");
        }
    }
}

#[tokio::test]
async fn a_server_that_went_away_is_told_in_time() {
    for cloud in CLOUDS {
        let mut server = StoreServer::start(cloud).await;
        let store = server.open("away");
        store.put("a", "x").await.unwrap();
        server.kill();
        let asked = Instant::now();
        store.check().await.unwrap_err();
        assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
        let asked = Instant::now();
        let error = store.get("a").await.unwrap_err().to_string();
        assert!(error.contains("it can not be reached: Connection refused"), "{error}");
        assert!(asked.elapsed() < CALL_TIMEOUT, "{:?}", asked.elapsed());
    }
}

/// A part is on its way while the next one is taken: its failure is told by whatever comes after it.
#[tokio::test]
async fn a_part_that_does_not_arrive_fails_the_upload() {
    let mut server = StoreServer::start(Cloud::S3).await;
    let mut writer = server.open("away").writer("a", u64::MAX).unwrap();
    writer.write(vec![1; 9 << 20]).await.unwrap();
    server.kill();
    let taken = async {
        writer.write(vec![2; 9 << 20]).await?;
        writer.finish().await
    };
    let error = taken.await.unwrap_err();
    assert!(matches!(error, ObjectError::Unavailable(_)), "{error}");
}

/// It takes connections, and never answers.
#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = environment(&[
        ("AWS_ENDPOINT_URL", &format!("http://{}", silent.local_addr().unwrap())),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    crate::telemetry::install_crypto();
    let store = Objects::open_with("s3://bucket", &environment).unwrap();
    let asked = Instant::now();
    let error = store.check().await.unwrap_err().to_string();
    assert_eq!(error, "the object store does not serve: no answer within 2s");
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
}

/// Without credentials the machine's own are asked for, where there are any.
#[tokio::test]
async fn missing_credentials_are_told() {
    let nobody = crate::bus::testing::free_port();
    let nobody = format!("http://127.0.0.1:{nobody}");
    let environment =
        environment(&[("AWS_ENDPOINT_URL", &nobody), ("AWS_METADATA_ENDPOINT", &nobody)]);
    crate::telemetry::install_crypto();
    let store = Objects::open_with("s3://bucket", &environment).unwrap();
    let error = store.get("a").await.unwrap_err().to_string();
    assert!(
        error.ends_with("no credentials are set, and this machine has none of its cloud"),
        "{error}"
    );
}

/// Google's store has no server here that we could ask; what needs none must hold for it too.
#[tokio::test]
async fn google_is_told_like_the_others() {
    crate::telemetry::install_crypto();
    let broken = environment(&[("GOOGLE_SERVICE_ACCOUNT_KEY", r#"{"private_key": "a secret"}"#)]);
    let error = Objects::open_with("gs://bucket", &broken).unwrap_err().to_string();
    assert!(error.starts_with("the object store gs://bucket can not be used: "), "{error}");
    assert!(!error.contains("a secret") && !error.contains('\n'), "{error}");

    let nobody = crate::bus::testing::free_port();
    let key = format!(
        r#"{{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true,
            "gcs_base_url": "http://127.0.0.1:{nobody}"}}"#
    );
    let away = environment(&[("GOOGLE_SERVICE_ACCOUNT_KEY", &key)]);
    let store = Objects::open_with("gs://bucket/prefix", &away).unwrap();
    let error = store.get("a").await.unwrap_err().to_string();
    assert!(error.contains("it can not be reached: Connection refused"), "{error}");
}

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
