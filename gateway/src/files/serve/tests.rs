use bytes::Bytes;

use super::*;

const BODY: &[u8] = b"0123456789";

async fn answer(content_type: &str, method: Method, pairs: &[(HeaderName, &str)]) -> Response {
    let objects = Objects::in_memory();
    objects.put("jobs/a/file", Bytes::from_static(BODY)).await.unwrap();
    let file = Served {
        key: "jobs/a/file".to_owned(),
        name: "file.bin".to_owned(),
        content_type: content_type.to_owned(),
        bytes: BODY.len() as u64,
        etag: "abc".to_owned(),
        modified: Timestamp::from_micros(784_111_777_000_000),
        cache: HeaderValue::from_static("no-store"),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(name.clone(), HeaderValue::from_str(value).unwrap());
    }
    serve(&objects, &file, Asked { method: &method, headers: &headers }).await.unwrap()
}

async fn body(response: Response) -> Bytes {
    axum::body::to_bytes(response.into_body(), 1024).await.unwrap()
}

#[tokio::test]
async fn a_whole_file_comes_with_its_headers() {
    let response = answer("image/png", Method::GET, &[]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers[CONTENT_LENGTH], "10");
    assert_eq!(headers[ETAG], "\"abc\"");
    assert_eq!(headers[LAST_MODIFIED], "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(headers[CONTENT_DISPOSITION], "inline; filename=\"file.bin\"");
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(body(response).await, BODY);
}

#[tokio::test]
async fn a_part_says_where_it_stands() {
    let response = answer("image/png", Method::GET, &[(RANGE, "bytes=2-4")]).await;
    assert_eq!(response.status(), 206);
    assert_eq!(response.headers()[CONTENT_RANGE], "bytes 2-4/10");
    assert_eq!(response.headers()[CONTENT_LENGTH], "3");
    assert_eq!(body(response).await, "234");
}

#[tokio::test]
async fn a_part_that_does_not_exist_names_the_size() {
    let response = answer("image/png", Method::GET, &[(RANGE, "bytes=10-")]).await;
    assert_eq!(response.status(), 416);
    assert_eq!(response.headers()[CONTENT_RANGE], "bytes */10");
}

#[tokio::test]
async fn a_head_has_the_headers_only() {
    let response = answer("image/png", Method::HEAD, &[(RANGE, "bytes=2-4")]).await;
    assert_eq!(response.status(), 206);
    assert_eq!(response.headers()[CONTENT_LENGTH], "3");
    assert!(body(response).await.is_empty());
}

#[tokio::test]
async fn who_has_the_file_gets_no_bytes() {
    for tags in ["\"abc\"", "\"x\", W/\"abc\"", "*"] {
        let response = answer("image/png", Method::GET, &[(IF_NONE_MATCH, tags)]).await;
        assert_eq!(response.status(), 304, "{tags}");
    }
    let response = answer("image/png", Method::GET, &[(IF_NONE_MATCH, "\"ab\"")]).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_part_of_another_version_is_not_given() {
    let range = (RANGE, "bytes=2-4");
    let response = answer("image/png", Method::GET, &[range.clone(), (IF_RANGE, "\"old\"")]).await;
    assert_eq!(response.status(), 200);
    let response = answer("image/png", Method::GET, &[range, (IF_RANGE, "\"abc\"")]).await;
    assert_eq!(response.status(), 206);
}

#[tokio::test]
async fn what_a_browser_would_run_is_a_sandboxed_download() {
    let response = answer("text/html", Method::GET, &[]).await;
    assert_eq!(response.headers()[CONTENT_DISPOSITION], "attachment; filename=\"file.bin\"");
    assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], SANDBOX);
}
