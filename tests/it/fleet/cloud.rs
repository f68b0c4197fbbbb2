//! All roles on an object store that is reached over the network, with credentials from the environment.

use common::job::JobState;
use common::objects::testing::{Cloud, StoreServer, WRONG_SECRETS};
use futures::TryStreamExt;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::media::{film, probed};
use tests::{Fleet, run_program};

/// A file goes up, is converted, and its result is opened by its signed address, in whole and in part.
async fn from_upload_to_browser(cloud: Cloud) {
    let server = StoreServer::start(cloud).await;
    let fleet = Fleet::builder().objects_in(&server).set("worker.ffmpeg.enabled", "true");
    let mut fleet = fleet.start().await;
    let client = fleet.client();
    let part = Part::bytes(film(1.0).to_vec()).file_name("film.mp4");
    let file = client.post("/v1/files").form(Form::new().part("file", part)).send().await;
    let job = json!({
        "operation": "video.convert", "input": {"format": "mkv"},
        "files": {"source": {"file_id": file.expect(201)["id"]}},
    });
    let ended = client.ended(client.submit_job(job).await.id).await;
    assert_eq!(ended.status, JobState::Succeeded, "{:?}", ended.error);

    let (artifact, browser) = (&ended.artifacts[0], client.with_key(""));
    let whole = browser.get(&artifact.url).send().await;
    assert_eq!((whole.status.as_u16(), whole.bytes.len() as u64), (200, artifact.bytes));
    assert!(probed(&whole.bytes)["format"]["format_name"].to_string().contains("matroska"));
    let part = browser.get(&artifact.url).header("range", "bytes=10-19").send().await;
    assert_eq!((part.status.as_u16(), &part.bytes), (206, &whole.bytes.slice(10..20)));
    let beyond = browser.get(&artifact.url).header("range", "bytes=99999999-").send().await;
    assert_eq!(beyond.status, 416);

    let stored: Vec<_> = fleet.objects.list("jobs", None).try_collect().await.unwrap();
    assert!(stored.iter().any(|object| object.bytes == artifact.bytes), "{stored:?}");
}

#[tokio::test]
async fn a_media_job_passes_through_s3() {
    from_upload_to_browser(Cloud::S3).await;
}

#[tokio::test]
async fn a_media_job_passes_through_azure() {
    from_upload_to_browser(Cloud::Azure).await;
}

/// What the doctor finds of the object store.
async fn found(url: &str, environment: &std::collections::BTreeMap<String, String>) -> Value {
    let mut environment = environment.clone();
    environment.insert("MILLRACE_OBJECTS__URL".to_owned(), url.to_owned());
    // No broker is looked at, so none is waited for.
    environment.insert("MILLRACE_NATS_URL".to_owned(), "nats://127.0.0.1:1".to_owned());
    environment.insert("MILLRACE_NATS__CONNECT_TIMEOUT".to_owned(), "1s".to_owned());
    let ran = run_program(&["doctor", "--json"], environment).await;
    for secret in WRONG_SECRETS {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}", ran.stderr);
    }
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == "objects").unwrap().clone()
}

#[tokio::test]
async fn the_doctor_tells_a_store_that_works_from_those_that_do_not() {
    for cloud in [Cloud::S3, Cloud::Azure] {
        let mut server = StoreServer::start(cloud).await;
        let url = server.url();
        let good = found(&url, server.environment()).await;
        assert_eq!(
            (&good["verdict"], &good["text"]),
            (&json!("good"), &json!(format!("{url} can be written")))
        );
        let wrong = found(&url, &server.wrong_credentials()).await;
        assert_eq!(wrong["verdict"], "bad");
        assert!(wrong["text"].as_str().unwrap().contains(" the credentials"), "{wrong}");
        let nowhere = found(&url.replace("objects", "nonesuch"), server.environment()).await;
        assert!(nowhere["text"].as_str().unwrap().contains("there is no such bucket"), "{nowhere}");
        server.kill();
        let away = found(&url, server.environment()).await;
        assert!(away["text"].as_str().unwrap().contains("it can not be reached"), "{away}");
    }
}
