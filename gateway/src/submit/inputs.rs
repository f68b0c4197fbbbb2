//! The files of a job, each under a key of the object store before the job is accepted.

use std::collections::BTreeMap;

use common::job::{InputFile, JobId, Tenant};
use common::objects::job_prefix;
use futures::future::try_join_all;

use super::{Error, FileSource, GivenFile};
use crate::inputs;
use crate::jobs::copy_file;
use crate::state::AppState;

/// Finds, fetches or copies every file, side by side; there are as many as the operation has roles.
pub(super) async fn resolve(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    files: &BTreeMap<String, GivenFile>,
) -> Result<Vec<InputFile>, Error> {
    try_join_all(files.iter().map(|(role, file)| resolve_one(state, tenant, id, role, file))).await
}

async fn resolve_one(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    role: &str,
    file: &GivenFile,
) -> Result<InputFile, Error> {
    let source = match file {
        GivenFile::Source(source) => source,
        // Stored under an id that did not become the job's.
        GivenFile::Stored(file) if is_of_another_job(file, id) => {
            return Ok(copy_file(&state.objects, file, id).await?);
        }
        GivenFile::Stored(file) => return Ok(file.clone()),
    };
    let found = match source {
        FileSource::FileId(file) => inputs::from_file_id(state, tenant, role, file).await,
        FileSource::Url(url) => inputs::fetch(state, id, role, url).await,
        FileSource::Data(data) if data.starts_with("data:") => {
            inputs::fetch(state, id, role, data).await
        }
        FileSource::Data(data) => {
            inputs::fetch(state, id, role, &format!("data:;base64,{data}")).await
        }
    };
    found.map_err(Error::Input)
}

fn is_of_another_job(file: &InputFile, id: JobId) -> bool {
    file.key.starts_with("jobs/") && !file.key.starts_with(&format!("{}/", job_prefix(id)))
}
