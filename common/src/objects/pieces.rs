//! The bytes of a local file, piece by piece.
//!
//! Read here, because the library reads in very small pieces, and because a hop to a thread that may block costs more
//! than the read itself when the system has the bytes: one hop for each piece, and while a piece is on its way the
//! next one is read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{ObjectError, read::ObjectStream};

/// How much is read at once. Two pieces of a file are in memory at most.
const PIECE: u64 = 256 << 10;

/// A piece on its way, with the file for the next.
type Reading = JoinHandle<io::Result<(File, Bytes)>>;

/// The bytes of `range` as a stream; a file that ends before the range does is an error.
pub(super) fn pieces(file: File, range: Range<u64>, key: String) -> ObjectStream {
    let Range { start, end } = range;
    let left = end.saturating_sub(start);
    let first = (left > 0).then(|| read(file, Some(start), left));
    let pieces = stream::try_unfold((first, left), |(reading, left)| async move {
        let Some(reading) = reading else { return Ok(None) };
        let (file, piece) = reading.await.map_err(io::Error::other)??;
        let left = left - piece.len() as u64;
        let next = (left > 0).then(|| read(file, None, left));
        Ok(Some((piece, (next, left))))
    });
    pieces
        .map_err(move |error: io::Error| ObjectError::Unavailable(format!("{key}: {error}")))
        .boxed()
}

/// Begins to read the next piece, which has at most `left` bytes, where the file stands or from `start`.
fn read(mut file: File, start: Option<u64>, left: u64) -> Reading {
    spawn_blocking(move || {
        if let Some(start) = start.filter(|start| *start > 0) {
            file.seek(SeekFrom::Start(start))?;
        }
        let size = left.min(PIECE);
        let mut piece = Vec::with_capacity(size as usize);
        (&mut file).take(size).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((file, Bytes::from(piece)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_out(bytes: usize, range: Range<u64>) -> Result<Vec<Bytes>, ObjectError> {
        let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &content).unwrap();
        file.rewind().unwrap();
        let wanted = content.get(range.start as usize..range.end as usize).map(<[u8]>::to_vec);
        let read: Vec<Bytes> = pieces(file, range, "a".to_owned()).try_collect().await?;
        assert_eq!(Some(read.concat()), wanted);
        Ok(read)
    }

    #[tokio::test]
    async fn a_range_comes_whole_and_in_pieces() {
        let size = 2 * PIECE + 7;
        assert_eq!(read_out(size as usize, 0..size).await.unwrap().len(), 3);
        assert_eq!(read_out(size as usize, 5..size - 5).await.unwrap().len(), 2);
        assert_eq!(read_out(10, 3..4).await.unwrap().len(), 1);
        assert_eq!(read_out(10, 3..3).await.unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_file_that_ends_too_soon_is_an_error() {
        let error = read_out(10, 0..11).await.unwrap_err();
        assert!(matches!(error, ObjectError::Unavailable(_)), "{error}");
    }
}
