//! What is so in a local directory only.

use super::*;

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

fn local() -> (tempfile::TempDir, Objects) {
    let dir = tempfile::tempdir().unwrap();
    let url = url::Url::from_directory_path(dir.path().join("objects")).unwrap();
    let local = Objects::open(url.as_str()).unwrap();
    (dir, local)
}

fn files_below(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}
