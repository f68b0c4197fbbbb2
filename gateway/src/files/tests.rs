use common::clock::Timestamp;
use common::job::Artifact;
use common::signing::FileLinks;
use futures::StreamExt;
use reqwest::Method;

use crate::testing::{Answer, TestGateway, send};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Sends a form with these parts. The part `file` claims to be a web page and to lie somewhere else.
async fn upload(gateway: &TestGateway, key: &str, parts: &[(&str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let more = match *name {
            "file" => "; filename=\"../photo.png\"\r\nContent-Type: text/html",
            _ => "",
        };
        let head =
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz--\r\n");
    let post = gateway.request(Method::POST, "/v1/files").bearer_auth(key).body(body);
    send(post.header("content-type", "multipart/form-data; boundary=xyz")).await
}

async fn stored_objects(gateway: &TestGateway) -> usize {
    gateway.parts.objects.list("files", None).count().await
}

#[tokio::test]
async fn a_file_is_uploaded_read_and_deleted() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let parts: [(&str, &[u8]); 2] = [("purpose", b"vision"), ("file", PNG)];
    let stored = upload(&gateway, &key, &parts).await.expect(201);
    assert_eq!(stored["filename"], "photo.png");
    assert_eq!(stored["content_type"], "image/png");
    assert_eq!(stored["bytes"], PNG.len());
    assert_eq!(stored["purpose"], "vision");

    let path = format!("/v1/files/{}", stored["id"].as_str().unwrap());
    assert_eq!(gateway.get(&key, &path).await.expect(200), stored);
    let content = format!("{path}/content");
    let whole = gateway.get(&key, &content).await;
    assert_eq!((whole.status.as_u16(), &whole.bytes[..]), (200, PNG));
    assert_eq!(whole.headers["content-type"], "image/png");
    assert_eq!(whole.headers["etag"], format!("\"{}\"", stored["sha256"].as_str().unwrap()));

    let ranged =
        gateway.request(Method::GET, &content).bearer_auth(&key).header("range", "bytes=1-3");
    let part = send(ranged).await;
    assert_eq!((part.status.as_u16(), &part.bytes[..]), (206, &b"PNG"[..]));
    let head = send(gateway.request(Method::HEAD, &content).bearer_auth(&key)).await;
    assert_eq!(head.headers["content-length"], PNG.len().to_string());

    let other = gateway.user_key("other").await;
    assert_eq!(gateway.get(&other, &content).await.error(404), "not_found");
    assert_eq!(gateway.delete(&other, &path).await.error(404), "not_found");
    assert_eq!(gateway.delete(&key, &path).await.expect(200)["deleted"], true);
    assert_eq!(gateway.get(&key, &content).await.error(404), "not_found");
    assert_eq!(stored_objects(&gateway).await, 0);
}

#[tokio::test]
async fn what_is_no_upload_is_refused_and_leaves_nothing_behind() {
    let gateway = TestGateway::start_with(&[("gateway.file_limit", "1KB")]).await;
    let key = gateway.user_key("acme").await;
    let too_large = upload(&gateway, &key, &[("file", &[0; 1001])]).await;
    assert_eq!(too_large.error(413), "too_large");
    let fileless = upload(&gateway, &key, &[("purpose", b"x")]).await;
    assert_eq!(fileless.expect(422)["error"]["param"], "file");
    let wordy = upload(&gateway, &key, &[("file", b"a"), ("purpose", &[b'x'; 1000])]).await;
    assert_eq!(wordy.expect(422)["error"]["param"], "purpose");
    let twice = upload(&gateway, &key, &[("file", b"a"), ("file", b"b")]).await;
    assert_eq!(twice.expect(422)["error"]["param"], "file");
    let json = gateway.post(&key, "/v1/files", &serde_json::json!({})).await;
    assert_eq!(json.error(400), "malformed_request");
    assert_eq!(stored_objects(&gateway).await, 0);
}

#[tokio::test]
async fn a_signed_address_opens_one_object_for_a_time() {
    let gateway = TestGateway::start().await;
    let key = "jobs/a/b/artifacts/out put.png";
    gateway.parts.objects.put(key, bytes::Bytes::from_static(PNG)).await.unwrap();
    let keyring = &gateway.parts.keyring;
    let links = FileLinks::new(keyring.clone(), "", std::time::Duration::from_hours(1));
    let artifact = Artifact {
        name: "out put.png".to_owned(),
        key: key.to_owned(),
        content_type: "image/png".to_owned(),
        bytes: PNG.len() as u64,
        sha256: String::new(),
    };
    let url = links.url(&artifact.key, gateway.parts.clock.now());
    let opened =
        send(gateway.request(Method::GET, &url).header("origin", "https://x.example")).await;
    assert_eq!((opened.status.as_u16(), &opened.bytes[..]), (200, PNG));
    assert_eq!(opened.headers["content-type"], "image/png");
    assert_eq!(opened.headers["access-control-allow-origin"], "*");
    assert!(opened.headers["cache-control"].to_str().unwrap().starts_with("public, max-age="));
    let part = send(gateway.request(Method::GET, &url).header("range", "bytes=-4")).await;
    assert_eq!((part.status.as_u16(), &part.bytes[..]), (206, &b"IHDR"[..]));

    let other = url.replace("out%20put", "in%20put");
    assert_eq!(send(gateway.request(Method::GET, &other)).await.error(403), "permission_denied");
    let past = Timestamp::from_micros(1_700_000_000_000_000);
    let signature = keyring.sign_file(key, past);
    let old = format!(
        "/v1/artifacts/jobs/a/b/artifacts/out%20put.png?expires=1700000000&signature={signature}"
    );
    assert_eq!(send(gateway.request(Method::GET, &old)).await.error(403), "permission_denied");
    for query in ["", "?expires=soon&signature=x", "?expires=1700000000"] {
        let cut = format!("/v1/artifacts/jobs/a/b/artifacts/out%20put.png{query}");
        assert_eq!(send(gateway.request(Method::GET, &cut)).await.error(403), "permission_denied");
    }
    gateway.parts.objects.delete(key).await.unwrap();
    assert_eq!(send(gateway.request(Method::GET, &url)).await.error(410), "gone");
}
