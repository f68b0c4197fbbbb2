//! Files that are not what they seem.

use bytes::Bytes;
use common::error_code::ErrorCode;
use common::job::JobState;
use serde_json::{Value, json};
use tests::Client;
use tests::media::{film, form_of};

use super::fleet;

/// The sentence with which a job on this file fails, at once.
async fn refusal(client: &Client, job: Value, source: &Bytes) -> String {
    let form = form_of(&job, "film.mp4", source);
    let job = client.post("/v1/jobs").form(form).send().await.job(202);
    let ended = client.ended(job.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 1), "{ended:#?}");
    let error = ended.error.expect("a failed job says why");
    assert_eq!(error.code, ErrorCode::InvalidInput, "{error:?}");
    assert!(!error.message.contains('/') && error.message.len() < 300, "{error:?}");
    error.message
}

#[tokio::test]
async fn corrupt_media_fails_with_a_sentence() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let convert = || json!({"operation": "video.convert", "input": {"format": "webm"}});
    let whole = film(2.0);
    let half = whole.slice(..whole.len() / 2);
    let noise: Bytes =
        (0_u32..50_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (source, words) in
        [(half, ["incomplete", "damaged"]), (noise, ["source file", "source file"])]
    {
        let sentence = refusal(&client, convert(), &source).await;
        assert!(words.iter().any(|word| sentence.contains(word)), "{sentence}");
    }
    let text = Bytes::from_static(b"just some text, renamed to film.mp4\n");
    let sentence = refusal(&client, json!({"operation": "media.probe"}), &text).await;
    assert!(sentence.contains("source file"), "{sentence}");
}

#[tokio::test]
async fn a_playlist_in_disguise_is_refused() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let secret = fleet.dir().join("records.sqlite");
    for playlist in [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
            secret.display()
        ),
        format!("ffconcat version 1.0\nfile '{}'\n", secret.display()),
    ] {
        let job = json!({"operation": "video.convert", "input": {"format": "mp4"}});
        let sentence = refusal(&client, job, &Bytes::from(playlist)).await;
        assert!(sentence.contains("playlist"), "{sentence}");
    }
}

#[tokio::test]
async fn wrong_wishes_are_named_at_submit() {
    let mut fleet = fleet().await;
    let client = fleet.client();
    let job = json!({"operation": "video.scale", "input": {"width": 333, "format": "divx"}});
    let form = form_of(&job, "film.mp4", &Bytes::from_static(b"x"));
    let answer = client.post("/v1/jobs").form(form).send().await;
    let fields: Vec<_> = answer.expect(422)["error"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["input.format", "input.width"], "{}", answer.text());
}
