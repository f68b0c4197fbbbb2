//! From an upload to a file in a browser.

use bytes::Bytes;
use common::job::{JobObject, JobState};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::media::{film, form_of, made, probed};
use tests::{Client, Receiver};

use super::fleet;

/// Submits a form and waits for a job that succeeds.
async fn done(client: &Client, job: Value, name: &str, source: &Bytes) -> JobObject {
    let submitted = client.post("/v1/jobs").form(form_of(&job, name, source)).send().await.job(202);
    let ended = client.ended(submitted.id).await;
    assert_eq!(ended.status, JobState::Succeeded, "{:?}", ended.error);
    ended
}

/// The first artifact, fetched as a browser does: by its address alone.
async fn fetched(client: &Client, job: &JobObject) -> Bytes {
    let artifact = &job.artifacts[0];
    let answer = client.with_key("").get(&artifact.url).send().await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len() as u64), (200, artifact.bytes));
    assert_eq!(answer.header("content-type"), artifact.content_type);
    answer.bytes
}

#[tokio::test]
async fn an_image_of_a_form_comes_back_in_another_format() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let photo = made("-f lavfi -i testsrc=s=64x48 -frames:v 1 -c:v png", "image2pipe");
    let job = json!({"operation": "image.scale", "input": {"width": 32, "format": "webp"}});
    let ended = done(&client, job, "photo.png", &photo).await;
    let picture = probed(&fetched(&client, &ended).await);
    let stream = &picture["streams"][0];
    assert_eq!((&stream["codec_name"], &stream["width"]), (&json!("webp"), &json!(32)));
    let result = client.result(ended.id).await.expect(200);
    assert_eq!((&result["output"]["width"], &result["output"]["height"]), (&json!(32), &json!(24)));
}

#[tokio::test]
async fn a_video_of_an_uploaded_file_is_trimmed_and_told_by_callback() {
    let mut fleet = fleet().await;
    let (client, receiver) = (fleet.client(), Receiver::start().await);
    let part = Part::bytes(film(3.0).to_vec()).file_name("holiday.mp4");
    let file =
        client.post("/v1/files").form(Form::new().part("file", part)).send().await.expect(201);
    let job = json!({
        "operation": "video.trim", "input": {"start": 1.0, "duration": 1.0},
        "files": {"source": {"file_id": file["id"]}}, "webhook": receiver.url(),
    });
    let job = client.submit_job(job).await;
    let ended = client.ended(job.id).await;
    assert_eq!(ended.status, JobState::Succeeded, "{:?}", ended.error);
    let video = probed(&fetched(&client, &ended).await);
    let seconds: f64 = video["format"]["duration"].as_str().unwrap().parse().unwrap();
    assert!((0.8..1.3).contains(&seconds), "{seconds}");

    let told = receiver.wait_for(1).await.remove(0);
    told.verify(&client.webhook_secret().await);
    let told = told.payload().data.job.unwrap();
    assert_eq!((told.id, told.artifacts.len()), (job.id, 1));
    assert_eq!(fetched(&client, &told).await.len() as u64, told.artifacts[0].bytes);
}

#[tokio::test]
async fn a_part_of_a_result_can_be_asked_for() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let job = json!({"operation": "video.convert", "input": {"format": "mkv"}});
    let ended = done(&client, job, "film.mp4", &film(1.0)).await;
    let whole = fetched(&client, &ended).await;
    let anybody = client.with_key("");
    let url = &ended.artifacts[0].url;
    let part = anybody.get(url).header("range", "bytes=10-19").send().await;
    assert_eq!((part.status.as_u16(), &part.bytes), (206, &whole.slice(10..20)));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", whole.len()));
    let beyond = anybody.get(url).header("range", "bytes=99999999-").send().await;
    assert_eq!(beyond.status, 416);
    let forged = url.replace("expires=", "expires=9");
    assert_eq!(anybody.get(&forged).send().await.status, 403);
}

#[tokio::test]
async fn sound_is_taken_out_of_a_film_and_probed() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let input = json!({"format": "mp3", "sample_rate": 16_000, "channels": 1});
    let job = json!({"operation": "audio.extract", "input": input});
    let ended = done(&client, job, "film.mp4", &film(2.0)).await;
    let sound = fetched(&client, &ended).await;
    let stream = &probed(&sound)["streams"][0];
    assert_eq!((&stream["codec_name"], &stream["sample_rate"]), (&json!("mp3"), &json!("16000")));

    let probe = done(&client, json!({"operation": "media.probe"}), "sound.mp3", &sound).await;
    let found = client.result(probe.id).await.expect(200);
    let seconds = found["source"]["duration_s"].as_f64().unwrap();
    assert!((1.8..2.3).contains(&seconds), "{found}");
    assert!(probe.artifacts.is_empty());
}
