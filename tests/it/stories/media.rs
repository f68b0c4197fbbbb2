//! Media that is not what it says.

use common::job::JobState;
use reqwest::multipart::{Form, Part};
use tests::Stack;

async fn fails(operation: &str, input: &str, name: &str, bytes: &[u8]) -> String {
    let stack = Stack::builder().set("worker.ffmpeg.enabled", "true").start().await;
    let client = stack.client();
    let job = format!(r#"{{"operation":"{operation}","input":{input}}}"#);
    let source = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    let form = Form::new().text("job", job).part("source", source);
    let job = client.post("/v1/jobs").form(form).send().await.job(202).id;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 1));
    let error = ended.error.unwrap();
    assert_eq!(error.code.as_str(), "invalid_input");
    for path in ["/tmp", "ffmpeg", ".cargo", "jobs/"] {
        assert!(!error.message.contains(path), "{}", error.message);
    }
    error.message
}

#[tokio::test]
async fn a_corrupt_picture_is_told_in_a_sentence() {
    let cut_off = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 100]].concat();
    let message = fails("image.convert", r#"{"format":"jpeg"}"#, "a.png", &cut_off).await;
    assert!(message.ends_with('.') || message.contains(' '), "{message}");
}

/// A playlist would have ffmpeg open what it names.
#[tokio::test]
async fn a_playlist_in_disguise_is_refused() {
    let playlist =
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
    fails("video.convert", r#"{"format":"mp4"}"#, "movie.mp4", playlist).await;
}
