//! Reading.

use std::ops::Range;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;

use super::{
    CALL_TIMEOUT, Local, ObjectError, ObjectMeta, Objects, WHOLE_LIMIT, bounded, path, patience,
    pieces,
};

/// The bytes of an object, as they come. A store that falls silent ends the stream with an error.
pub type ObjectStream = BoxStream<'static, Result<Bytes, ObjectError>>;

impl Objects {
    /// The whole object, when it has at most [`WHOLE_LIMIT`] bytes.
    pub async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.get_capped(key, WHOLE_LIMIT).await
    }

    /// The whole object, when it has at most `limit` bytes.
    pub async fn get_capped(&self, key: &str, limit: u64) -> Result<Bytes, ObjectError> {
        let (bytes, mut pieces) = self.begin(key, None).await?;
        if bytes > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        let read = async {
            let first = pieces.try_next().await?.unwrap_or_default();
            if first.len() as u64 == bytes {
                return Ok(first);
            }
            let mut whole = BytesMut::with_capacity(bytes as usize);
            whole.extend_from_slice(&first);
            while let Some(piece) = pieces.try_next().await? {
                whole.extend_from_slice(&piece);
            }
            Ok(whole.freeze())
        };
        let patience = patience(bytes);
        tokio::time::timeout(patience, read).await.map_err(|_| ObjectError::no_answer(patience))?
    }

    /// The bytes of the object: all of them, or those of `range`. An end past the object's is cut; a range that begins
    /// past it is the error [`ObjectError::Unavailable`], so ask [`head`](Self::head) first.
    pub async fn stream(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<ObjectStream, ObjectError> {
        let (_, pieces) = self.begin(key, range).await?;
        Ok(bounded_pieces(pieces))
    }

    /// The size of the whole object, and the bytes that are asked for.
    async fn begin(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(u64, ObjectStream), ObjectError> {
        let path = path(key)?;
        if let Some(Local { files, .. }) = &self.local {
            let path = files.path_to_filesystem(&path).map_err(|e| ObjectError::of(e, key))?;
            return pieces::open(path, range, key).await;
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = bounded(key, 0, self.store.get_opts(&path, options)).await?;
        let (bytes, key) = (found.meta.size, key.to_owned());
        let pieces = found.into_stream().map_err(move |error| ObjectError::of(error, &key));
        Ok((bytes, pieces.boxed()))
    }

    /// What the store knows about the object.
    pub async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        let path = path(key)?;
        bounded(key, 0, self.store.head(&path)).await.map(Into::into)
    }

    /// Writes the object to the local file `to`, which must not be there yet, and returns its size. On a failure
    /// no file is left.
    pub async fn download(&self, key: &str, to: &Path) -> Result<u64, ObjectError> {
        let stream = self.stream(key, None).await?;
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
