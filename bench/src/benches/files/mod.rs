//! Uploads, downloads and parts of files through the gateway, against nginx on the same bytes and the same disk.
//!
//! Both answer to the same client on the same cores. They do not promise the same: nginx answers an upload when the
//! system has the bytes, Millrace when they are hashed and synced to the disk, with a description beside them.

mod disk;
mod nginx;
mod transfer;

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;

use crate::context::Context;
use crate::cpu::{Meter, Watched};
use crate::load::{Measured, closed};
use crate::report::{Goal, Sheet};
use crate::system::{Role, Sync};
use crate::tell;

use self::nginx::Nginx;
use self::transfer::{Download, Upload, body, head, upload_once};

/// The sizes, in words and in bytes, and how many connections move such files at once.
const SMALL: Size = Size { words: "64 KiB", bytes: 64 << 10, connections: 16 };
const LARGE: Size = Size { words: "256 MiB", bytes: 256 << 20, connections: 1 };
/// Parts of a large file.
const PART: Size = Size { words: "1 MiB", bytes: 1 << 20, connections: 16 };
/// What Millrace is to reach of nginx.
const SHARE: f64 = 0.7;

/// How much is moved, and by how many at once.
#[derive(Clone, Copy, Debug)]
struct Size {
    words: &'static str,
    bytes: usize,
    connections: usize,
}

/// Who is measured.
struct Subject {
    name: &'static str,
    address: SocketAddr,
    key: String,
    watched: Vec<Watched>,
}

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let mut large = LARGE;
    large.bytes = context.scale.pick(large.bytes, 4 << 20);
    for round in 1..=context.scale.rounds() {
        let mut system = context.system(Sync::Default, &[]).await?;
        system.add(Role::Gateway).await?;
        let gateway = Subject {
            name: "Millrace",
            address: system.address()?,
            key: system.key().to_owned(),
            watched: vec![system.part("gateway")?, crate::cpu::load()],
        };
        tell(&format!("round {round}: the disk"));
        settle().await?;
        for size in [SMALL, large] {
            let lasting = context.scale.lasting(1.5);
            let rate = disk::rate(system.folder(), size.bytes, size.connections, lasting).await?;
            sheet.add(&disk_row(size), "MB/s", rate);
        }
        tell(&format!("round {round}: Millrace"));
        settle().await?;
        measure(context, sheet, &gateway, large).await?;
        if context.peers_in(sheet, "files", round) {
            tell(&format!("round {round}: nginx"));
            settle().await?;
            if let Err(why) = against_nginx(context, sheet, system.folder(), large).await {
                for row in rows() {
                    sheet.missing(&format!("nginx: {row}"), "MB/s", &why);
                }
            }
        }
        system.stop().await;
    }
    Ok(())
}

async fn against_nginx(
    context: &Context,
    sheet: &mut Sheet,
    folder: &Path,
    large: Size,
) -> Result<(), String> {
    let nginx = Nginx::start(folder).await?;
    let subject = Subject {
        name: "nginx",
        address: nginx.address,
        key: String::new(),
        watched: vec![nginx.watched(), crate::cpu::load()],
    };
    let measured = measure(context, sheet, &subject, large).await;
    nginx.stop().await;
    measured.map_err(|error| format!("{error:#}"))
}

/// What others have written goes to the disk first, and not while somebody else's syncs are measured.
async fn settle() -> anyhow::Result<()> {
    Ok(tokio::task::spawn_blocking(nix::unistd::sync).await?)
}

async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    subject: &Subject,
    large: Size,
) -> anyhow::Result<()> {
    for size in [SMALL, large] {
        let bytes = body(subject, size.bytes);
        let uploads =
            (0..size.connections).map(|caller| Upload::new(subject, caller, &bytes, size.bytes));
        load(context, sheet, subject, &row("upload", size), uploads.collect(), size.bytes).await?;

        let path = upload_once(subject, &bytes, size.bytes).await?;
        let request = head(subject, &path, None);
        let downloads = (0..size.connections)
            .map(|_| Download::new(subject.address, vec![request.clone()], 200, size.bytes));
        load(context, sheet, subject, &row("download", size), downloads.collect(), size.bytes)
            .await?;
        if size.bytes > PART.bytes {
            let parts = parts(subject, &path, size.bytes);
            let downloads = (0..PART.connections).map(|caller| {
                let mut turned = parts.clone();
                turned.rotate_left(caller * parts.len() / PART.connections);
                Download::new(subject.address, turned, 206, PART.bytes)
            });
            let row = row("Range of a large file", PART);
            load(context, sheet, subject, &row, downloads.collect(), PART.bytes).await?;
        }
    }
    Ok(())
}

/// Requests for every part of a file; they begin where no part of a cache or a read-ahead does.
fn parts(subject: &Subject, path: &str, bytes: usize) -> Vec<Bytes> {
    let firsts = (0..bytes / PART.bytes - 1).map(|index| index * PART.bytes + 12_345);
    firsts.map(|first| head(subject, path, Some((first, first + PART.bytes - 1)))).collect()
}

/// Warms up and measures one closed load; the figure is in millions of bytes.
async fn load<O: crate::load::Operation>(
    context: &Context,
    sheet: &mut Sheet,
    subject: &Subject,
    row: &str,
    operations: Vec<O>,
    bytes: usize,
) -> anyhow::Result<()> {
    let (operations, _) = closed(operations, context.scale.warm_up()).await;
    let meter = Meter::start(subject.watched.clone());
    let (_, measured) = closed(operations, context.scale.lasting(2.0)).await;
    let spent = meter.stop();
    let row = format!("{}: {row}", subject.name);
    let measured: Measured = measured.faultless(&row)?;
    sheet.add(&row, "MB/s", measured.per_second() * bytes as f64 / 1e6);
    sheet.spent(&row, &spent, measured.done);
    Ok(())
}

fn row(what: &str, size: Size) -> String {
    let Size { words, connections, .. } = size;
    let plural = if connections == 1 { "" } else { "s" };
    format!("{what}, {words}, {connections} connection{plural}")
}

/// The rows that everybody has.
fn rows() -> Vec<String> {
    let both = |what: &str| [SMALL, LARGE].map(|size| row(what, size));
    let parts = row("Range of a large file", PART);
    both("upload").into_iter().chain(both("download")).chain([parts]).collect()
}

fn disk_row(size: Size) -> String {
    let plural = if size.connections == 1 { "" } else { "s" };
    format!("disk: write, fsync and rename, {}, {} thread{plural}", size.words, size.connections)
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    for row in rows().into_iter().filter(|_| context.peers) {
        let (ours, theirs) = (format!("Millrace: {row}"), format!("nginx: {row}"));
        sheet.against(&ours, &theirs);
        sheet.goal(&ours, Goal::at_least(SHARE).of(&theirs));
    }
    for size in [SMALL, LARGE] {
        sheet.against(&disk_row(size), &format!("Millrace: {}", row("upload", size)));
    }
}
