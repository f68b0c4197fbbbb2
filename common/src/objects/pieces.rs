//! The bytes of a local file, piece by piece.
//!
//! Read here, because the library reads in very small pieces, and because a hop to a thread that may block costs more
//! than the read itself when the system has the bytes: the first hop opens the file and reads what most objects have,
//! then there is one for each piece, and while a piece is on its way the next one is read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{CALL_TIMEOUT, ObjectError, read::ObjectStream};

/// How much is read at once. Two pieces of a file are in memory at most.
const PIECE: u64 = 256 << 10;

/// A piece on its way, with the file for the next.
type Reading = JoinHandle<io::Result<(File, Bytes)>>;

/// An opened file: its size, its first piece, and how much is left after that.
struct Opened {
    file: File,
    bytes: u64,
    first: Bytes,
    left: u64,
}

/// The size of the file, and the bytes of `range`, or all, as a stream. A file that ends before the range does is an
/// error of the stream.
pub(super) async fn open(
    path: PathBuf,
    range: Option<Range<u64>>,
    key: &str,
) -> Result<(u64, ObjectStream), ObjectError> {
    let opening = spawn_blocking(move || opened(path, range));
    let opened = tokio::time::timeout(CALL_TIMEOUT, opening)
        .await
        .map_err(|_| ObjectError::no_answer(CALL_TIMEOUT))?
        .map_err(io::Error::other)
        .flatten();
    let key = key.to_owned();
    match opened {
        Ok(opened) => Ok((opened.bytes, pieces(opened, key))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ObjectError::NotFound(key)),
        Err(error) => Err(unreadable(&key, &error)),
    }
}

fn opened(path: PathBuf, range: Option<Range<u64>>) -> io::Result<Opened> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let bytes = found.len();
    let Range { start, end } = range.unwrap_or(0..bytes);
    if start >= bytes && start > 0 {
        return Err(io::Error::other(format!("byte {start} of {bytes} was asked for")));
    }
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    let wanted = end.min(bytes).saturating_sub(start);
    let first = if wanted > 0 { piece(&mut file, wanted)? } else { Bytes::new() };
    let left = wanted - first.len() as u64;
    Ok(Opened { file, bytes, first, left })
}

fn pieces(opened: Opened, key: String) -> ObjectStream {
    let Opened { file, first, left, .. } = opened;
    let next = (left > 0).then(|| read(file, left));
    let later = stream::try_unfold((next, left), |(reading, left)| async move {
        let Some(reading) = reading else { return Ok(None) };
        let (file, piece) = reading.await.map_err(io::Error::other)??;
        let left = left - piece.len() as u64;
        let next = (left > 0).then(|| read(file, left));
        Ok(Some((piece, (next, left))))
    });
    let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
    first.chain(later).map_err(move |error: io::Error| unreadable(&key, &error)).boxed()
}

/// Begins to read the next piece, which has at most `left` bytes.
fn read(mut file: File, left: u64) -> Reading {
    spawn_blocking(move || piece(&mut file, left).map(|piece| (file, piece)))
}

fn piece(file: &mut File, left: u64) -> io::Result<Bytes> {
    let size = left.min(PIECE);
    let mut piece = Vec::with_capacity(size as usize);
    file.take(size).read_to_end(&mut piece)?;
    if piece.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Bytes::from(piece))
}

fn unreadable(key: &str, error: &io::Error) -> ObjectError {
    ObjectError::Unavailable(format!("{key}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pieces a range of a file of so many bytes has; they are compared with what was written.
    async fn read_out(bytes: usize, range: Range<u64>) -> usize {
        let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        let wanted = &content[range.start as usize..range.end as usize];
        let (size, pieces) = open(file.path().to_owned(), Some(range.clone()), "a").await.unwrap();
        assert_eq!(size, bytes as u64);
        let read: Vec<Bytes> = pieces.try_collect().await.unwrap();
        assert_eq!(read.concat(), wanted);
        read.len()
    }

    #[tokio::test]
    async fn a_range_comes_whole_and_in_pieces() {
        let size = 2 * PIECE + 7;
        assert_eq!(read_out(size as usize, 0..size).await, 3);
        assert_eq!(read_out(size as usize, 5..size - 5).await, 2);
        assert_eq!(read_out(10, 3..4).await, 1);
        assert_eq!(read_out(10, 3..3).await, 0);
        assert_eq!(read_out(0, 0..0).await, 0);
    }

    #[tokio::test]
    async fn a_file_that_becomes_shorter_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(3 * PIECE).unwrap();
        let (_, mut pieces) = open(file.path().to_owned(), None, "a").await.unwrap();
        file.as_file().set_len(PIECE).unwrap();
        let error = loop {
            match pieces.try_next().await {
                Ok(piece) => assert!(piece.is_some(), "the end of the file is no end"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ObjectError::Unavailable(_)), "{error}");
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_a_file_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("missing")] {
            let error = open(path, None, "a").await.err().unwrap();
            assert!(matches!(error, ObjectError::NotFound(_)), "{error}");
        }
    }
}
