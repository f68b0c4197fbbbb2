//! Reading what an endpoint answers, up to a limit.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// The connection broke.
    Lost(reqwest::Error),
}

/// The whole body, refused past `limit` bytes.
pub(super) async fn read(mut response: Response, limit: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = BytesMut::with_capacity(announced as usize);
    while let Some(part) = response.chunk().await.map_err(BodyError::Lost)? {
        if body.len() + part.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

/// As much of the body as fits into `limit` bytes; of a broken one what came. For error texts.
pub(super) async fn read_head(mut response: Response, limit: usize) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(part)) = response.chunk().await {
        let room = limit - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() >= room {
            break;
        }
    }
    body.freeze()
}
