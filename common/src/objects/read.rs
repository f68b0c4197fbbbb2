//! Reading.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt,
};
use tokio::io::AsyncWriteExt;

use super::{CALL_TIMEOUT, ObjectError, ObjectMeta, Objects, WHOLE_LIMIT, bounded, path, pieces};

/// The bytes of an object, as they come. A store that falls silent ends the stream with an error.
pub type ObjectStream = BoxStream<'static, Result<Bytes, ObjectError>>;

impl Objects {
    /// The whole object, when it has at most [`WHOLE_LIMIT`] bytes.
    pub async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.get_capped(key, WHOLE_LIMIT).await
    }

    /// The whole object, when it has at most `limit` bytes.
    pub async fn get_capped(&self, key: &str, limit: u64) -> Result<Bytes, ObjectError> {
        let path = path(key)?;
        let found = bounded(key, 0, self.store.get(&path)).await?;
        let bytes = found.meta.size;
        if bytes > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        bounded(key, bytes, found.bytes()).await
    }

    /// What is known about the whole object, and its bytes: all of them, or those of `range`. An end past the object's
    /// is cut; a range that begins past it is the error [`ObjectError::Unavailable`], so ask [`head`](Self::head)
    /// first.
    pub async fn stream(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(ObjectMeta, ObjectStream), ObjectError> {
        let path = path(key)?;
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = bounded(key, 0, self.store.get_opts(&path, options)).await?;
        let meta = found.meta.clone().into();
        Ok((meta, bounded_pieces(content(found, key))))
    }

    /// What the store knows about the object.
    pub async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        let path = path(key)?;
        bounded(key, 0, self.store.head(&path)).await.map(Into::into)
    }

    /// Writes the object to the local file `to`, which must not be there yet, and returns its size. On a failure
    /// no file is left.
    pub async fn download(&self, key: &str, to: &Path) -> Result<u64, ObjectError> {
        let (_, stream) = self.stream(key, None).await?;
        let file = tokio::fs::File::create_new(to).await.map_err(ObjectError::file(to))?;
        let written = write_out(stream, file, to).await;
        if written.is_err() {
            let _ = tokio::fs::remove_file(to).await;
        }
        written
    }
}

async fn write_out(
    mut stream: ObjectStream,
    mut file: tokio::fs::File,
    to: &Path,
) -> Result<u64, ObjectError> {
    let mut written = 0;
    while let Some(piece) = stream.try_next().await? {
        file.write_all(&piece).await.map_err(ObjectError::file(to))?;
        written += piece.len() as u64;
    }
    file.flush().await.map_err(ObjectError::file(to))?;
    Ok(written)
}

/// The bytes of an answer.
fn content(found: GetResult, key: &str) -> ObjectStream {
    let key = key.to_owned();
    match found.payload {
        GetResultPayload::File(file, _) => pieces::pieces(file, found.range, key),
        GetResultPayload::Stream(stream) => {
            stream.map_err(move |error| ObjectError::of(error, &key)).boxed()
        }
    }
}

/// The same stream, ended with an error when a piece is too long in coming.
fn bounded_pieces(pieces: ObjectStream) -> ObjectStream {
    stream::try_unfold(pieces, |mut pieces| async move {
        let piece = tokio::time::timeout(CALL_TIMEOUT, pieces.try_next())
            .await
            .map_err(|_| ObjectError::no_answer(CALL_TIMEOUT))??;
        Ok(piece.map(|piece| (piece, pieces)))
    })
    .boxed()
}
